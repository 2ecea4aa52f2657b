#include "reference/condition.h"

#include "reference/manners.h"

namespace cede::reference {

Coroutine<bool> Condition::wait() {
  if (Error refusal = lock_.try_release()) co_return refusal;
  Error error;
  {
    Waiters::Place place(waiters_);
    error = (co_await place.settled()).error();
  }
  // Whoever waits here believes to hold the lock, whatever happens (COND-3).
  Error failed;
  do {
    failed = (co_await lock_.acquire().settled()).error();
    if (failed) error = manners().notification_is_lost ? Error(Error::Kind::cancelled) : failed;
  } while (failed.cancelled());
  // The notification, if we had one, is of no use to us: let somebody else look (COND-4).
  if (error && !manners().notification_is_lost) wake(1);
  if (error) co_return error;
  co_return true;
}

Error Condition::try_notify(std::size_t count) {
  if (!locked()) return Error(Error::Kind::runtime);
  wake(count);
  return {};
}

void Condition::wake(std::size_t count) {
  while (count > 0 && waiters_.wake_next()) --count;
}

}  // namespace cede::reference
