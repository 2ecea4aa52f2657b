#include "reference/lock.h"

namespace cede::reference {

Coroutine<bool> Lock::acquire() {
  // Whoever was woken is still in line until it runs, so that nobody overtakes it (LOCK-3).
  if (!locked_ && !waiters_.anybody()) {
    locked_ = true;
    co_return true;
  }
  Error error;
  {
    Waiters::Place place(waiters_);
    error = (co_await place.settled()).error();
  }
  if (!error) locked_ = true;
  else if (error.cancelled() && !locked_) waiters_.wake_first();  // it may have been our turn (LOCK-4)
  if (error) co_return error;
  co_return true;
}

Error Lock::try_release() {
  if (!locked_) return Error(Error::Kind::runtime);
  locked_ = false;
  waiters_.wake_first();
  return {};
}

}  // namespace cede::reference
