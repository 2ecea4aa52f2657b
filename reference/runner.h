// The way into a program: a loop of its own for one coroutine, asyncio's `run`.
#pragma once

#include <memory>

#include "reference/async_generator.h"
#include "reference/loop.h"
#include "reference/run.h"

namespace cede::reference {

/// What a runner does behind its main coroutine: cancels the tasks that are left, waits for them,
/// reports their errors, closes the generators and the loop (LIFE-8). The error ended that early.
Error wind_up(AbstractLoop& loop);

/// Turns the first interrupt of the process into a cancellation of the main task, and the second into
/// the end of the run (THR-10); but only where the interrupt is nobody else's.
class Interrupts {
 public:
  Interrupts(AbstractLoop& loop, const Ref<FutureBase>& main);
  ~Interrupts();
  Interrupts(const Interrupts&) = delete;
  Interrupts& operator=(const Interrupts&) = delete;

  /// What the runner ends with: a cancellation that was an interrupt is one again.
  Error seen_through(const Error& error) const;

 private:
  AbstractLoop& loop_;
  bool listens_ = false;
  std::shared_ptr<int> count_ = std::make_shared<int>(0);  // the handler may stand in the queue at the end
};

/// Takes the task or future that `begin()` gives to its end, in a loop that is used for nothing else,
/// and leaves nothing behind. Inside a running loop it is refused, and nothing begins (LIFE-9).
template <class Begin>
auto try_run(AbstractLoop& loop, Begin begin) -> decltype(begin().outcome()) {
  if (AbstractLoop::get_running_loop() || loop.is_closed()) return Error(Error::Kind::runtime);
  auto outcome = [&] {
    auto main = begin();
    Interrupts interrupts(loop, main.base());
    auto outcome = try_run_until_complete(loop, main);
    return outcome.ok() ? outcome : interrupts.seen_through(outcome.error());
  }();
  Error error = wind_up(loop);
  if (error) return error;
  return outcome;
}

/// The same in a new loop: `run(program)`, where `program(loop)` is a coroutine. Throws what it ends
/// with.
template <class Program>
auto run(Program program) {
  Loop loop;
  return try_run(loop, [&] { return create_task(loop, program(loop)); }).get();
}

}  // namespace cede::reference
