// The control-flow walkthrough of the documents: `main` makes a task of `triple(5)`, awaits it and adds 2.
//
// Each line of the output says in which pass of the loop somebody has control, who, and for what; the
// indentation shows who called whom. Nothing here depends on time. The document's last step lets the
// loop go round aimlessly when nothing is queued; in fact it rests.
#include <cstdio>
#include <string>

#include "reference/loop.h"

using namespace cede::reference;

namespace {

int pass = 0;

void has_control(int depth, const std::string& who, const std::string& what) {
  std::string indented = std::string(2 * depth, ' ') + who;
  std::printf("%4d  %-24s %s\n", pass, indented.c_str(), what.c_str());
}

/// The loop's clock, which stands still, and its waits, which begin the passes.
struct Passes : Clock, Selector {
  Nanos now() override { return 0; }
  bool add(int, Interest) override { return true; }
  void remove(int, Interest) override {}
  void wake() override {}
  void select(Nanos timeout, std::vector<Ready>&) override {
    ++pass;
    if (timeout != forever) return has_control(0, "event loop", "calls what is queued");
    has_control(0, "event loop", "nothing is queued: it would rest here until something happens");
    AbstractLoop::get_running_loop()->stop();
  }
};

/// A task that tells of its steps.
struct ToldTask : TaskState<int> {
  ToldTask(AbstractLoop& loop, std::string name, Coroutine<int> coroutine)
      : TaskState(loop, std::move(coroutine)), name(std::move(name)) {}

  Error step() override {
    std::string step = name + ".step";
    has_control(1, step, begun ? "resumes its coroutine where it stood" : "starts its coroutine");
    begun = true;
    Error error = TaskState::step();
    if (done()) has_control(1, step, "is done with " + std::to_string(*value) + ", queues who waits for it");
    else has_control(1, step, "goes back: what it waits for will queue its next step");
    return error;
  }

  std::string name;
  bool begun = false;
};

Task<int> create_told_task(AbstractLoop& loop, std::string name, Coroutine<int> coroutine) {
  Ref<ToldTask> task(new ToldTask(loop, std::move(name), std::move(coroutine)));
  task->begin();
  return Task<int>(task);
}

/// The await of a future, which tells of itself. The document lets the suspension travel back through
/// `main`; it passes `main` by, since whoever drives the frames hears of it at once.
struct ToldAwait : Future<int>::Awaiter {
  explicit ToldAwait(const Future<int>& future) : Awaiter(future) {}

  bool await_ready() {
    bool ready = Awaiter::await_ready();
    if (!ready) has_control(3, "await triple_task", "it is not done: suspends main_task");
    return ready;
  }
  int await_resume() {
    int result = Awaiter::await_resume();
    has_control(3, "await triple_task", "it is done: gives " + std::to_string(result));
    return result;
  }
};

// The program.

Coroutine<int> triple(int value) {
  has_control(2, "triple", std::to_string(value) + " * 3, returns");
  co_return value * 3;
}

Coroutine<int> program(AbstractLoop& loop) {
  has_control(2, "main", "makes triple_task, whose first step is queued, and awaits it");
  Task<int> triple_task = create_told_task(loop, "triple_task", triple(5));
  int tripled = co_await ToldAwait(triple_task);
  has_control(2, "main", std::to_string(tripled) + " + 2, returns");
  co_return tripled + 2;
}

}  // namespace

int main() {
  std::puts("pass  who has control          for what");
  Passes passes;
  Loop loop(passes, passes);
  has_control(0, "program", "makes main_task, whose first step is queued, and runs the loop");
  Task<int> main_task = create_told_task(loop, "main_task", program(loop));
  loop.run_forever();
  has_control(0, "program", "reads " + std::to_string(main_task.result()));
  return main_task.result() == 17 ? 0 : 1;
}
