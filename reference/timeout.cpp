#include "reference/timeout.h"

namespace cede::reference {

Error Timeout::enter() {
  if (state_ != State::created || !loop_.current_task()) return Error(Error::Kind::runtime);
  state_ = State::active;
  task_ = loop_.current_task();
  requests_before_ = task_->cancelling();
  schedule();
  return {};
}

Error Timeout::try_reschedule(Nanos when) {
  if (state_ != State::active) return Error(Error::Kind::runtime);
  withdraw();
  when_ = when;
  schedule();
  return {};
}

void Timeout::schedule() {
  if (when_ == forever) return;
  // A deadline that is over takes its place in the queue like anything else: the body has until
  // its first suspension (TO-4).
  if (when_ <= loop_.time()) timer_ = loop_.try_call_soon([this] { expire(); });
  else timer_ = loop_.try_call_at(when_, [this] { expire(); });
}

void Timeout::withdraw() {
  if (Ref<Handle> timer = std::exchange(timer_, {})) timer->cancel();
}

void Timeout::expire() {
  state_ = State::expiring;
  task_->cancel();
}

Error Timeout::exit(const Error& error) {
  withdraw();  // TO-2
  Ref<TaskBase> task = std::exchange(task_, {});
  if (state_ != State::expiring) {
    state_ = State::exited;
    return error;
  }
  state_ = State::expired;
  // What was requested here is taken back in any case; if others want the task cancelled too, it
  // is their cancellation that goes on (TO-2, TO-3).
  bool ours_alone = task->uncancel() <= requests_before_;
  return ours_alone && error.cancelled() ? Error(Error::Kind::timeout) : error;
}

Nanos deadline_after(AbstractLoop& loop, Nanos delay) {
  Nanos when;
  return delay == forever || __builtin_add_overflow(loop.time(), delay, &when) ? forever : when;
}

}  // namespace cede::reference
