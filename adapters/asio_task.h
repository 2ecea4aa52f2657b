// What stands for tasks and futures where coroutines are Asio's: a task is what co_spawn makes of an awaitable, and
// its outcome is what comes to the completion handler. Asio has no futures; a program keeps an outcome and a channel
// on which those who wait for it are told.
#pragma once

#include <optional>

#include "adapters/asio.h"
#include "adapters/player.h"

namespace cede {
namespace {

using reference::Outcome;

/// What can be waited for.
struct Future : reference::Counted {
  Future(library::io_context& context, Id id) : id(id), there(context) {}

  void complete(Outcome<Value> how) {
    outcome = std::move(how);
    there.close();
  }

  Id id;
  std::optional<Outcome<Value>> outcome;
  library::experimental::channel<void(ErrorCode, bool)> there;  // closed when the outcome is
};

struct Task;

/// A stretch of a task between two suspensions. Asio begins a task within the step of another, so that steps nest.
class TaskStep {
 public:
  TaskStep(Player& player, Task*& running, Task& task);
  ~TaskStep() { running_ = outer_; }

 private:
  Task*& running_;
  Task* outer_;
  std::optional<Player::Job> job_;
};

struct Task : Future {
  Task(library::io_context& context, Id id, Name name) : Future(context, id), name(name) {}

  Name name;
  library::cancellation_signal cancellation;
  std::optional<TaskStep> step;  // that is running
  bool begun = false;
};

TaskStep::TaskStep(Player& player, Task*& running, Task& task)
    : running_(running), outer_(std::exchange(running, &task)) {
  task.begun = true;
  if (player.count_start()) job_.emplace(player, task.name, task.id);
}

/// The exception that is being handled, as a value. Call it in a catch block.
Error caught() {
  try {
    throw;
  } catch (const SystemError& error) {
    return error_of(error);
  } catch (...) {
    return Error::current();
  }
}

}  // namespace
}  // namespace cede
