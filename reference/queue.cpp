#include "reference/queue.h"

namespace cede::reference {

QueueBase::QueueBase(AbstractLoop& loop, std::size_t capacity)
    : capacity_(capacity), getters_(loop), putters_(loop), finished_(loop) {
  finished_.set();
}

Coroutine<bool> QueueBase::until(bool (QueueBase::*ready)() const, Waiters& waiters) {
  // Once more after each wake-up, since a newcomer may have been faster (QUEUE-3).
  while (!(this->*ready)()) {
    Error error;
    bool woken = false;
    {
      Waiters::Place place(waiters);
      error = (co_await place.settled()).error();
      woken = place.woken();
    }
    if (!error) continue;
    // What we were woken for is still there for the next (QUEUE-4).
    if (woken && (this->*ready)()) waiters.wake_next();
    co_return error;
  }
  co_return true;
}

void QueueBase::put_one() {
  ++size_;
  ++unfinished_;
  finished_.clear();
  getters_.wake_next();
}

void QueueBase::got_one() {
  --size_;
  putters_.wake_next();
}

Error QueueBase::try_task_done() {
  if (unfinished_ == 0) return Error(Error::Kind::value);
  if (--unfinished_ == 0) finished_.set();
  return {};
}

Coroutine<bool> QueueBase::join() {
  return finished_.wait();
}

}  // namespace cede::reference
