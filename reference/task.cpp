#include "reference/task.h"

#include "reference/manners.h"

namespace cede::reference {

TaskBase::~TaskBase() {
  if (place_ == nowhere) return;  // done, or its loop is gone
  leave_loop();
  loop().call_exception_handler(Report{.about = Report::About::lost_task, .loop = loop(), .error = {}, .future = this});
}

bool TaskBase::begin() {
  if (!schedule_step()) return false;
  place_ = loop().tasks_.size();
  loop().tasks_.push_back(this);
  return true;
}

bool TaskBase::schedule_step() {
  return bool(loop().try_call_soon([self = Ref<TaskBase>(this)] { return self->step(); }));
}

bool TaskBase::cancel(std::int64_t message) {
  retrieve();
  if (done()) return false;
  // Whoever a task waits for is cancelled in its place, and the error comes back from there. A
  // walk, not a recursion, since chains may be long; more hops than tasks are a circle, in which
  // nobody is innermost.
  TaskBase* innermost = this;
  std::size_t hops = 0;
  while (TaskBase* next = innermost->awaited_task()) {
    innermost = ++hops > loop().tasks_.size() ? this : next;
    if (innermost == this) break;
  }
  for (TaskBase* task = this; task != innermost; task = task->awaited_task()) ++task->requests_;
  ++innermost->requests_;
  bool by_future = innermost->awaiting_ && !innermost->awaited_task() && innermost->awaiting_->cancel(message);
  if (!by_future) innermost->must_cancel(message);
  return true;
}

void TaskBase::must_cancel(std::int64_t message) {
  must_cancel_ = true;
  message_ = message;
}

int TaskBase::uncancel() {
  if (requests_ > 0 && --requests_ == 0 && !manners().uncancel_leaves_the_error) must_cancel_ = false;
  return requests_;
}

TaskBase* TaskBase::awaited_task() const {
  return awaiting_ && !awaiting_->done() ? dynamic_cast<TaskBase*>(awaiting_.get()) : nullptr;
}

Error TaskBase::step() {
  if (done()) return {};
  Ref<TaskBase> self(this);
  bool by_future = awaiting_ && awaiting_->cancelled();  // then the error comes from there
  if (std::exchange(must_cancel_, false) && !by_future) to_throw_ = Error::cancellation(message_);
  awaiting_ = {};

  // A task cancelled before its first step never enters its body (CANCEL-2).
  if (!started_ && to_throw_) {
    end(std::exchange(to_throw_, Error{}));
    return {};
  }
  if (!std::exchange(started_, true)) start();

  loop().current_task_ = this;  // TASK-10
  frames_.thrown = std::exchange(to_throw_, Error{});
  resume();
  loop().current_task_ = nullptr;
  // An awaitable of somebody else's may not have raised it: then the next suspension does.
  if (frames_.thrown.cancelled()) must_cancel(frames_.thrown.payload());

  if (!ended()) {
    after_suspension();
    return {};
  }
  Error error = take_outcome();
  if (!error && must_cancel_) error = Error::cancellation(message_);  // CANCEL-14
  end(error);
  return error.fatal() ? error : Error{};  // TASK-9
}

void TaskBase::resume() {
  Context::Scope scope(context_);  // CTX-2; and inline coroutines share it (CTX-3)
  frames_.resume();
}

void TaskBase::after_suspension() {
  FutureBase* future = frames_.awaiting;
  if (!future) {  // a bare suspension: one pass, no more (SLEEP-1)
    schedule_step();
  } else if (future == this || &future->loop() != &loop()) {  // AWAIT-12
    to_throw_ = Error(Error::Kind::runtime);
    schedule_step();
  } else {
    awaiting_ = future;
    future->add_waiter(this);
    if (must_cancel_ && future->cancel(message_)) must_cancel_ = false;
  }
}

void TaskBase::end(Error error) {
  leave_loop();
  destroy_coroutine();
  finish(std::move(error));  // TASK-4: in the same step
}

void TaskBase::leave_loop() {
  if (place_ == nowhere) return;  // long ago, perhaps before the loop itself went
  auto& tasks = loop().tasks_;
  tasks[place_] = tasks.back();
  tasks[place_]->place_ = place_;
  tasks.pop_back();
  place_ = nowhere;
}

/// Lets go of all that it holds, so that tasks which wait for each other hold nobody.
void TaskBase::abandon() {
  // A future that outlives the loop must not look for it when it is completed.
  if (awaiting_) std::exchange(awaiting_->waiting_, {}).clear();
  awaiting_ = {};
  waiting_.clear();
  destroy_coroutine();
}

}  // namespace cede::reference
