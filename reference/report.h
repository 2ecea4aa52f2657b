// What a loop has to tell that nobody asked for: its exception handler is called with a report.
#pragma once

#include <cstdint>
#include <string_view>

#include "reference/callback.h"

namespace cede::reference {

class AbstractLoop;
class FutureBase;
class Handle;

/// What the exception handler is told (LIFE-5).
struct Report {
  enum class About : std::uint8_t {
    callback,         // an error left a callback (PASS-6)
    never_retrieved,  // a future has gone, and nobody has asked for the error in it (LIFE-4)
    lost_task,        // a task has gone before it was done (LIFE-3)
    left_over,        // a task failed when a runner cancelled what was left (LIFE-8)
    generator,        // an error left a generator that was being closed (AGEN-4)
    slow_callback,    // in debug mode, a job held the thread for too long (LIVE-7)
  };

  About about;
  AbstractLoop& loop;
  Error error;                         // none where nothing was raised
  const Handle* handle = nullptr;      // the job that it is about
  const FutureBase* future = nullptr;  // the future; good for this call only, since it may be going

  /// For people.
  std::string_view message() const;
  /// For handlers that want the error alone.
  operator const Error&() const { return error; }
};

/// Called with a report; what it raises itself is dropped (PASS-7).
using ExceptionHandler = BasicCallback<const Report&>;

/// Hears of each coroutine object of this thread that goes without ever having been awaited: most
/// often an `await` was forgotten (LIFE-6). Where it is not set, standard error is told.
inline thread_local Callback never_awaited_handler;
void report_never_awaited();

}  // namespace cede::reference
