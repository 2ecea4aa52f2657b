// Asio without Boost, unmodified, in virtual time; asio_adapter.h says how. The file is a module of its own, which
// the executable opens.

// Asio 1.22 looks for coroutines where clang had them before C++20.
#define ASIO_HAS_CO_AWAIT 1

#include <asio/awaitable.hpp>
#include <asio/bind_cancellation_slot.hpp>
#include <asio/cancellation_signal.hpp>
#include <asio/co_spawn.hpp>
#include <asio/executor_work_guard.hpp>
#include <asio/experimental/channel.hpp>
#include <asio/io_context.hpp>
#include <asio/multiple_exceptions.hpp>
#include <asio/posix/stream_descriptor.hpp>
#include <asio/post.hpp>
#include <asio/redirect_error.hpp>
#include <asio/signal_set.hpp>
#include <asio/steady_timer.hpp>
#include <asio/use_awaitable.hpp>
#include <asio/version.hpp>

#include <fmt/format.h>

namespace cede {
namespace library = asio;
using ErrorCode = asio::error_code;
using SystemError = asio::system_error;
}  // namespace cede

#include "adapters/asio_adapter.h"

extern "C" bool cede_adapter(std::string_view back_end, cede::Adapter& adapter) {
  adapter.version = fmt::format("{}.{}.{}", ASIO_VERSION / 100000, ASIO_VERSION / 100 % 1000, ASIO_VERSION % 100);
  return cede::adapt(back_end, adapter);
}
