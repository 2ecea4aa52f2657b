// A task: a future that holds a coroutine and takes it through the loop, one step a pass.
#pragma once

#include "reference/future.h"

namespace cede::reference {

/// What tasks of all types share: the step, the wake-up and the cancellation.
class TaskBase : public FutureBase {
 public:
  TaskBase(AbstractLoop& loop) : FutureBase(loop) {}
  ~TaskBase() override;

  /// Asks for cancellation: the error is raised where the coroutine waits, once. False when the
  /// task is done.
  bool cancel(std::int64_t message = 0) override;
  /// Requests so far that nobody took back (CANCEL-16).
  int cancelling() const { return requests_; }
  /// Takes one request back, if there is one, and tells how many are left. With the last goes an
  /// error that has not been raised yet.
  int uncancel();

  Error refusal_to_complete() const override { return Error(Error::Kind::runtime); }

  /// Queues the first step (TASK-1); false when the loop is closed.
  bool begin();

 protected:
  /// One stretch between two suspensions; gives a fatal error that left it (TASK-9).
  virtual Error step();

  Frames frames_;

 private:
  friend class AbstractLoop;
  friend class FutureBase;

  // The coroutine, whose type only the derived task knows.
  virtual void start() = 0;
  virtual bool ended() const = 0;
  virtual Error take_outcome() = 0;
  virtual void destroy_coroutine() = 0;

  bool schedule_step();
  void resume();
  /// The task that it waits for; null if it waits for none that is not done.
  TaskBase* awaited_task() const;
  void must_cancel(std::int64_t message);
  void after_suspension();
  void end(Error error);
  void leave_loop();
  void abandon();

  Ref<FutureBase> awaiting_;
  Context context_ = Context::current();  // a copy of the creator's, kept across suspensions (CTX-2)
  Error to_throw_;
  std::size_t place_ = nowhere;  // among the loop's tasks
  int requests_ = 0;
  bool must_cancel_ = false;  // the error is still to be raised
  std::int64_t message_ = 0;  // ... with this
  bool started_ = false;
};

template <class T>
class TaskState : public TaskBase, public Result<T> {
 public:
  TaskState(AbstractLoop& loop, Coroutine<T> coroutine)
      : TaskBase(loop), coroutine_(std::move(coroutine)) {}
  ~TaskState() override { TaskState::destroy_coroutine(); }

 private:
  void start() override { coroutine_->start_in(frames_); }
  bool ended() const override { return coroutine_->done(); }
  Error take_outcome() override {
    const Outcome<T>& outcome = coroutine_->outcome();
    if (outcome.ok()) this->value = outcome.value();
    return outcome.error();
  }
  void destroy_coroutine() override {
    if (coroutine_) coroutine_->close();  // if it was never started, the task tells
    coroutine_.reset();
  }

  std::optional<Coroutine<T>> coroutine_;
};

/// A task as people hold it; a future in every respect but its completion.
template <class T = void>
class Task : public Future<T> {
 public:
  explicit Task(const Ref<TaskState<T>>& state) : Future<T>(state) {}

  int cancelling() const { return task().cancelling(); }
  int uncancel() const { return task().uncancel(); }

 private:
  TaskBase& task() const { return static_cast<TaskBase&>(*this->base()); }
};

/// Queues the first step of a new task that takes the coroutine to its end (TASK-1). Throws
/// RuntimeError when the loop is closed.
template <class T>
Task<T> create_task(AbstractLoop& loop, Coroutine<T> coroutine) {
  Ref<TaskState<T>> state(new TaskState<T>(loop, std::move(coroutine)));
  if (!state->begin()) Error(Error::Kind::runtime).raise();
  return Task<T>(state);
}

/// What can be awaited, as a future: a coroutine becomes a task, a future stays what it is.
template <class T>
Future<T> ensure_future(AbstractLoop& loop, Coroutine<T> coroutine) {
  return create_task(loop, std::move(coroutine));
}
template <class T>
Future<T> ensure_future(AbstractLoop&, Future<T> future) {
  return future;
}

}  // namespace cede::reference
