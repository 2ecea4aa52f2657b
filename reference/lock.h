// A lock: at most one holder at a time. It belongs to nobody: whoever says `release` releases it, and
// its holder who acquires it once more waits like everybody else (LOCK-1).
//
//     co_await with(lock, transfer(from, to));  // acquire, run the coroutine, release
#pragma once

#include "reference/waiters.h"

namespace cede::reference {

/// Whoever waits for it must not be resumed once it is gone; its frame may still be destroyed.
class Lock {
 public:
  explicit Lock(AbstractLoop& loop) : waiters_(loop) {}

  /// Takes a free lock without ceding control (LOCK-1); of a held one, waits for its turn (LOCK-2).
  Coroutine<bool> acquire();
  /// Wakes the first who waits, if there is one. The error is a refusal: nobody holds the lock.
  Error try_release();
  /// Throws RuntimeError when nobody holds it.
  void release() {
    if (Error error = try_release()) error.raise();
  }
  /// False also between a release and the turn of the one that it woke.
  bool locked() const { return locked_; }

 private:
  bool locked_ = false;
  Waiters waiters_;
};

/// asyncio's `async with`, for everything that is acquired and released: releases when the body is
/// over, also when an error left it (LOCK-1).
template <class Lockable, class T>
Coroutine<T> with(Lockable& lock, Coroutine<T> body) {
  Outcome<T> outcome = (co_await lock.acquire().settled()).error();
  if (!outcome.error()) {
    outcome = co_await body.settled();
    if (Error refusal = lock.try_release()) outcome = refusal;
  }
  if constexpr (std::is_void_v<T>) outcome.get();
  else co_return outcome;
}

}  // namespace cede::reference
