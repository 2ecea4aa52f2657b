// A semaphore: so many permits, each held by one at a time.
#pragma once

#include "reference/waiters.h"

namespace cede::reference {

class Semaphore {
 public:
  /// Throws ValueError for less than no permits (SEM-2).
  explicit Semaphore(AbstractLoop& loop, std::int64_t permits = 1);

  /// Takes a free permit without ceding control, but never past those who wait (SEM-1).
  Coroutine<bool> acquire();
  /// Gives a permit back; it goes to the first who waits.
  Error try_release();
  void release() {
    if (Error error = try_release()) error.raise();
  }
  /// Whether `acquire` would wait.
  bool locked() const { return free_ == 0 || waiters_.anybody(); }

 protected:
  std::int64_t free_;
  /// As many as there may be free.
  std::int64_t bound_ = INT64_MAX;

 private:
  bool hand_out();

  Waiters waiters_;
};

/// Refuses to have more free permits than it began with: its release then throws ValueError (SEM-2).
class BoundedSemaphore : public Semaphore {
 public:
  explicit BoundedSemaphore(AbstractLoop& loop, std::int64_t permits = 1) : Semaphore(loop, permits) {
    bound_ = permits;
  }
};

}  // namespace cede::reference
