// The ways into a loop from outside: run it until something is done, or hand it a coroutine from
// another thread; and the library's sleep.
#pragma once

#include <future>

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

/// The outcome of a task, for a thread that may block until it is there; a runtime error if the loop
/// goes before.
template <class T>
class ThreadPromise {
 public:
  ThreadPromise() = default;
  ThreadPromise(ThreadPromise&& other) noexcept
      : promise_(std::move(other.promise_)), open_(std::exchange(other.open_, false)) {}
  ~ThreadPromise() { keep(Error(Error::Kind::runtime)); }

  std::future<Outcome<T>> future() { return promise_.get_future(); }
  void keep(Outcome<T> outcome) {
    if (std::exchange(open_, false)) promise_.set_value(std::move(outcome));
  }

 private:
  std::promise<Outcome<T>> promise_;
  bool open_ = true;
};

/// From any thread: has the loop call `create`, which makes a task there, and gives the means to wait
/// for its outcome.
template <class T, class Create>
std::future<Outcome<T>> create_task_threadsafe(AbstractLoop& loop, Create create) {
  ThreadPromise<T> promise;
  std::future<Outcome<T>> outcome = promise.future();
  loop.try_call_soon_threadsafe([create = std::move(create), promise = std::move(promise)]() mutable {
    Task<T> task = create();
    task.add_done_callback([promise = std::move(promise)](FutureBase& task) mutable {
      promise.keep(task.error() ? Outcome<T>(task.error()) : Outcome<T>(*static_cast<TaskState<T>&>(task).value));
    });
  });
  return outcome;
}

/// From any thread: takes the coroutine to its end on the loop (THR-6). Whoever waits for the outcome
/// must not be the loop's thread.
template <class T>
std::future<Outcome<T>> run_coroutine_threadsafe(AbstractLoop& loop, Coroutine<T> coroutine) {
  return create_task_threadsafe<T>(loop, [&loop, coroutine = std::move(coroutine)]() mutable {
    return create_task(loop, std::move(coroutine));
  });
}

/// Suspends its task alone, for at least the delay (SLEEP-2); a delay of 0 or less gives up exactly
/// one pass (SLEEP-1).
Coroutine<> sleep(AbstractLoop& loop, Nanos delay);

}  // namespace cede::reference
