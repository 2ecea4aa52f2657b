#include "reference/event.h"

namespace cede::reference {

void Event::set() {
  if (set_) return;
  set_ = true;
  waiters_.wake_all();
}

Coroutine<bool> Event::wait() {
  if (set_) co_return true;
  Waiters::Place place(waiters_);
  Outcome<void> woken = co_await place.settled();
  if (!woken.ok()) co_return woken.error();
  co_return true;  // without another look at the flag, which may be down again (EVENT-2)
}

}  // namespace cede::reference
