// Waiting for some of many futures, without taking part in what becomes of them.
#pragma once

#include <algorithm>
#include <vector>

#include "reference/task.h"

namespace cede::reference {

/// When `wait` is over; cancelled ones do not count as exceptions (WAIT-1).
enum class ReturnWhen : std::uint8_t { all_completed, first_completed, first_exception };

/// What `wait` found when it went on, both in the order of the arguments.
template <class T>
struct Waited {
  std::vector<Future<T>> done, pending;
};

/// Suspends until it is time to look, at least for a pass (WAIT-3).
Coroutine<> wait_for_completions(AbstractLoop& loop, std::vector<Ref<FutureBase>> futures, ReturnWhen when,
                                 Nanos timeout);

/// Neither a timeout, which is no error, nor the cancellation of who waits touches the futures
/// (WAIT-2). An empty list is refused with ValueError.
template <class T>
Coroutine<Waited<T>> wait(AbstractLoop& loop, std::vector<Future<T>> futures,
                          ReturnWhen when = ReturnWhen::all_completed, Nanos timeout = forever) {
  if (futures.empty()) co_return Error(Error::Kind::value);
  std::vector<Future<T>> once;
  std::vector<Ref<FutureBase>> bases;
  for (const Future<T>& future : futures) {
    if (std::ranges::count(bases, future.base())) continue;
    once.push_back(future);
    bases.push_back(future.base());
  }
  Coroutine<> waiting = wait_for_completions(loop, bases, when, timeout);
  if (Outcome<void> outcome = co_await waiting.settled(); !outcome.ok()) co_return outcome.error();
  Waited<T> waited;
  for (Future<T>& future : once) (future.done() ? waited.done : waited.pending).push_back(future);
  co_return waited;
}

}  // namespace cede::reference
