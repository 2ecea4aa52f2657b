// Waiting with a limit: the outcome of an operation, or a TimeoutError once it has been cancelled
// and has really ended.
#pragma once

#include "reference/manners.h"
#include "reference/timeout.h"

namespace cede::reference {

/// Cancels the future and waits until it is done, or until its own task is cancelled.
Coroutine<> cancel_and_wait(Ref<FutureBase> future);

/// What a future comes to for which there is no time left: it is cancelled, unless it is done (WF-3).
template <class T>
Coroutine<T> without_time(Future<T> future) {
  if (future.done()) co_return future.result();
  co_await cancel_and_wait(future.base());
  // Its cancellation is the timeout; another error, from its cleanup, is told as it is (WF-2).
  if (future.cancelled()) Error(Error::Kind::timeout).raise();
  co_return future.result();
}

/// As `wait_for` was before Python 3.12: until the future is done, or for so long, after which it is cancelled. Its
/// cancellation is the timeout. The error is that, or what interrupted the wait.
Coroutine<> wait_beside(AbstractLoop& loop, Ref<FutureBase> future, Nanos delay);

template <class T>
Coroutine<T> wait_for_beside(AbstractLoop& loop, Future<T> future, Nanos delay) {
  if (Outcome<void> waited = co_await wait_beside(loop, future.base(), delay).settled(); !waited.ok())
    co_return waited.error();
  co_return future.result();
}

/// Gives the future or task so much time from the begin of the wait on; `forever` is no limit.
template <class T>
Coroutine<T> wait_for(AbstractLoop& loop, Future<T> future, Nanos delay) {
  if (delay <= 0) return without_time(std::move(future));
  if (manners().wait_for_has_a_task && delay != forever) return wait_for_beside(loop, std::move(future), delay);
  auto result_of = [](Future<T> awaited) -> Coroutine<T> { co_return co_await awaited; };
  return timeout(loop, delay, result_of(std::move(future)));
}

/// The same for a coroutine, which runs inline, in the task that waits (WF-1). Without any time left
/// it never enters its body.
template <class T>
Coroutine<T> wait_for(AbstractLoop& loop, Coroutine<T> coroutine, Nanos delay) {
  if (delay <= 0) co_return co_await without_time<T>(create_task(loop, std::move(coroutine)));
  co_return co_await timeout(loop, delay, std::move(coroutine));
}

}  // namespace cede::reference
