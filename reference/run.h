// The two ways into a loop from outside: run it until something is done; and the library's sleep.
#pragma once

#include "reference/task.h"

namespace cede::reference {

/// Turns the loop until the future is done, and one pass more (PASS-13). The error is a refusal, a
/// fatal one that left a job, or `runtime` when the loop was stopped before (PASS-14).
Error run_until_done(AbstractLoop& loop, FutureBase& future);

/// The outcome of the future (PASS-12).
template <class T>
Outcome<T> try_run_until_complete(AbstractLoop& loop, const Future<T>& future) {
  if (Error error = run_until_done(loop, *future.base())) return error;
  return future.outcome();
}

/// Throws what the future or the run failed with.
template <class T>
T run_until_complete(AbstractLoop& loop, const Future<T>& future) {
  return try_run_until_complete(loop, future).get();
}
template <class T>
T run_until_complete(AbstractLoop& loop, Coroutine<T> coroutine) {
  return run_until_complete<T>(loop, create_task(loop, std::move(coroutine)));
}

/// Suspends its task alone, for at least the delay (SLEEP-2); a delay of 0 or less gives up exactly
/// one pass (SLEEP-1).
Coroutine<> sleep(AbstractLoop& loop, Nanos delay);

}  // namespace cede::reference
