// A task group: tasks that belong to a block of their parent. The block is left when all of them are
// done, and when one fails the others are cancelled: none outlives it, and no error is lost.
#pragma once

#include <optional>
#include <vector>

#include "reference/task.h"

namespace cede::reference {

class TaskGroup : public Counted {
 public:
  explicit TaskGroup(AbstractLoop& loop) : loop_(loop) {}

  /// A new task in the group. Throws RuntimeError before the group has begun, when it is over, and
  /// while it cancels its tasks (TG-4).
  template <class T>
  Task<T> create_task(Coroutine<T> coroutine) {
    if (Error refusal = refusal_to_add()) {
      coroutine.close();  // the error tells of it
      refusal.raise();
    }
    Task<T> task = reference::create_task(loop_, std::move(coroutine));
    add(task.base());
    return task;
  }
  Error refusal_to_add() const;
  /// Adds a task that has just been created.
  void add(const Ref<FutureBase>& task);

  /// Begins the block of the current task. An error outside of tasks, and when it has begun before.
  Error enter();
  /// The body is over, with an error or none.
  void leave(const Error& error);
  /// Whether tasks are left to wait for.
  bool busy() const { return !tasks_.empty(); }
  /// What the parent waits for: done when the last task is. It may be interrupted and asked for again.
  Future<> all_done();
  /// The parent was interrupted while it waited.
  void interrupted(const Error& error);
  /// What leaves the block in the end, or none (TG-2, TG-3).
  Error exit();

 private:
  enum class State : std::uint8_t { created, active, leaving };

  void abort();
  void on_done(FutureBase& task);
  Error error_of_all();

  AbstractLoop& loop_;
  State state_ = State::created;
  bool aborting_ = false;
  bool parent_asked_ = false;  // to cancel, by this group
  Ref<TaskBase> parent_;
  std::vector<Ref<FutureBase>> tasks_;  // that are not done, in the order in which they came
  std::vector<Error> errors_;           // in the order in which the tasks ended; the body's last
  Error body_;
  Error fatal_;
  Error cancellation_;  // of the parent, by others as far as is known
  std::optional<Future<>> all_done_;
};

/// Awaits the body inline and then all tasks of the group.
template <class T>
Coroutine<T> within(Ref<TaskGroup> group, Coroutine<T> body) {
  if (Error refusal = group->enter()) {
    body.close();  // the error tells of it
    refusal.raise();
  }
  Outcome<T> outcome = co_await body.settled();
  group->leave(outcome.error());
  while (group->busy()) group->interrupted((co_await group->all_done().settled()).error());
  Error error = group->exit();
  if constexpr (std::is_void_v<T>) {
    if (error) error.raise();
  } else {
    co_return error ? Outcome<T>(error) : outcome;
  }
}

}  // namespace cede::reference
