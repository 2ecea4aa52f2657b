// The way into a program: a loop of its own for one coroutine, asyncio's `run`.
#pragma once

#include "reference/async_generator.h"
#include "reference/loop.h"
#include "reference/run.h"

namespace cede::reference {

/// What a runner does behind its main coroutine: cancels the tasks that are left, waits for them,
/// reports their errors, closes the generators and the loop (LIFE-8). The error ended that early.
Error wind_up(AbstractLoop& loop);

/// Takes the task or future that `begin()` gives to its end, in a loop that is used for nothing else,
/// and leaves nothing behind. Inside a running loop it is refused, and nothing begins (LIFE-9).
template <class Begin>
auto try_run(AbstractLoop& loop, Begin begin) -> decltype(begin().outcome()) {
  if (AbstractLoop::get_running_loop() || loop.is_closed()) return Error(Error::Kind::runtime);
  auto outcome = try_run_until_complete(loop, begin());
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
