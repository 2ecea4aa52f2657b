#include "reference/semaphore.h"

namespace cede::reference {

Semaphore::Semaphore(AbstractLoop& loop, std::int64_t permits) : free_(permits), waiters_(loop) {
  if (permits < 0) Error(Error::Kind::value).raise();
}

Coroutine<bool> Semaphore::acquire() {
  if (!locked()) {
    --free_;
    co_return true;
  }
  Error error;
  {
    Waiters::Place place(waiters_);
    error = (co_await place.settled()).error();
    if (error && place.woken()) ++free_;  // it was ours, and we have no use for it any more (SEM-2)
  }
  // Some may have queued up behind us while permits were free.
  while (free_ > 0 && hand_out()) {}
  if (error) co_return error;
  co_return true;
}

Error Semaphore::try_release() {
  if (free_ >= bound_) return Error(Error::Kind::value);
  ++free_;
  hand_out();
  return {};
}

/// The permit is gone as soon as the waiter is woken, so that nobody can take it in between (SEM-1).
bool Semaphore::hand_out() {
  if (!waiters_.wake_next()) return false;
  --free_;
  return true;
}

}  // namespace cede::reference
