// Boost.Asio, unmodified, in virtual time; asio_adapter.h says how. The file is a module of its own, which the
// executable opens.
#include <boost/asio/awaitable.hpp>
#include <boost/asio/bind_cancellation_slot.hpp>
#include <boost/asio/cancellation_signal.hpp>
#include <boost/asio/co_spawn.hpp>
#include <boost/asio/executor_work_guard.hpp>
#include <boost/asio/experimental/channel.hpp>
#include <boost/asio/io_context.hpp>
#include <boost/asio/multiple_exceptions.hpp>
#include <boost/asio/posix/stream_descriptor.hpp>
#include <boost/asio/post.hpp>
#include <boost/asio/redirect_error.hpp>
#include <boost/asio/signal_set.hpp>
#include <boost/asio/steady_timer.hpp>
#include <boost/asio/use_awaitable.hpp>
#include <boost/asio/version.hpp>
#include <boost/version.hpp>

#include <fmt/format.h>

namespace cede {
namespace library = boost::asio;
using ErrorCode = boost::system::error_code;
using SystemError = boost::system::system_error;
}  // namespace cede

#include "adapters/asio_adapter.h"

extern "C" bool cede_adapter(std::string_view back_end, cede::Adapter& adapter) {
  adapter.version = fmt::format("{}.{}.{}, of Boost {}.{}.{}", BOOST_ASIO_VERSION / 100000,
                                BOOST_ASIO_VERSION / 100 % 1000, BOOST_ASIO_VERSION % 100, BOOST_VERSION / 100000,
                                BOOST_VERSION / 100 % 1000, BOOST_VERSION % 100);
  return cede::adapt(back_end, adapter);
}
