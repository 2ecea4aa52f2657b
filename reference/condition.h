// A condition: coroutines that hold a lock wait until others, holding it too, have changed something.
#pragma once

#include "reference/lock.h"

namespace cede::reference {

class Condition {
 public:
  explicit Condition(AbstractLoop& loop) : lock_(loop), waiters_(loop) {}

  // It is its own lock.
  Coroutine<bool> acquire() { return lock_.acquire(); }
  Error try_release() { return lock_.try_release(); }
  void release() { lock_.release(); }
  bool locked() const { return lock_.locked(); }

  /// Releases the lock, waits to be notified, and comes back holding it, even with an error (COND-1,
  /// COND-3). May come back without a notification. Throws RuntimeError when nobody holds the lock.
  Coroutine<bool> wait();
  /// Waits until the predicate is true, and gives its value (COND-2).
  template <class Predicate>
  Coroutine<std::invoke_result_t<Predicate&>> wait_for(Predicate predicate) {
    for (;;) {
      auto value = predicate();
      if (value) co_return value;
      if (auto waited = co_await wait().settled(); !waited.ok()) co_return waited.error();
    }
  }
  /// Wakes the first `count` of those who sleep (COND-2). The error is a refusal: nobody holds the lock.
  Error try_notify(std::size_t count = 1);
  /// Throws RuntimeError when nobody holds the lock.
  void notify(std::size_t count = 1) {
    if (Error error = try_notify(count)) error.raise();
  }
  void notify_all() { notify(static_cast<std::size_t>(-1)); }

 private:
  void wake(std::size_t count);

  Lock lock_;
  Waiters waiters_;
};

}  // namespace cede::reference
