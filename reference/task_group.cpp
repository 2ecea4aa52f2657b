#include "reference/task_group.h"

#include <algorithm>

#include "reference/manners.h"

namespace cede::reference {

Error TaskGroup::enter() {
  if (state_ != State::created || !loop_.current_task()) return Error(Error::Kind::runtime);
  state_ = State::active;
  parent_ = loop_.current_task();
  return {};
}

Error TaskGroup::refusal_to_add() const {
  bool over = state_ == State::leaving && !busy();
  return state_ == State::created || over || aborting_ ? Error(Error::Kind::runtime) : Error{};
}

void TaskGroup::add(const Ref<FutureBase>& task) {
  tasks_.push_back(task);
  task->add_done_callback([self = Ref<TaskGroup>(this)](FutureBase& done) { self->on_done(done); });
}

void TaskGroup::on_done(FutureBase& task) {
  std::erase_if(tasks_, [&](const Ref<FutureBase>& one) { return one.get() == &task; });
  if (all_done_ && !busy() && !all_done_->done()) all_done_->set_result();

  if (!task.error() || task.cancelled()) return;  // a task that is cancelled concerns nobody else (TG-3)
  errors_.push_back(task.error());
  if (task.error().fatal() && !fatal_) fatal_ = task.error();
  if (aborting_ || !parent_) return;
  // The first failure: whatever the parent does in its block is over (TG-2).
  abort();
  parent_asked_ = parent_->cancel();
}

void TaskGroup::abort() {
  aborting_ = true;
  if (Choices* choices = manners().sets) shuffle(tasks_, *choices);
  for (const Ref<FutureBase>& task : tasks_) task->cancel();
}

void TaskGroup::leave(const Error& error) {
  state_ = State::leaving;
  body_ = error;
  if (error.fatal() && !fatal_) fatal_ = error;
  if (error.cancelled()) cancellation_ = error;
  if (manners().group_takes_back_early && parent_asked_ && parent_->uncancel() == 0) cancellation_ = {};
  if (error && !aborting_) abort();
}

Future<> TaskGroup::all_done() {
  if (!all_done_ || all_done_->done()) all_done_.emplace(loop_);
  return *all_done_;
}

void TaskGroup::interrupted(const Error& error) {
  if (!error || aborting_) return;
  cancellation_ = error;
  abort();
}

Error TaskGroup::exit() {
  Ref<TaskBase> parent = std::exchange(parent_, {});
  if (fatal_) return fatal_;
  if (manners().group_takes_back_early) return error_of_all();
  // The group's own request is taken back. Was it the only one, then nobody else wants the parent
  // cancelled.
  if (parent_asked_ && parent->uncancel() == 0) cancellation_ = {};
  Error error = error_of_all();
  // Somebody else's request is not forgotten over the errors: it comes at the next suspension (TG-3).
  if (error.kind() == Error::Kind::group && parent->cancelling() > 0) {
    parent->uncancel();
    parent->cancel();
  }
  return error;
}

/// Of the tasks and the body; a cancellation of the parent only where these have none.
Error TaskGroup::error_of_all() {
  if (cancellation_ && errors_.empty()) return cancellation_;
  if (body_ && !body_.cancelled()) errors_.push_back(body_);
  return errors_.empty() ? Error{} : Error::group(std::move(errors_));
}

}  // namespace cede::reference
