// The way into a program: a loop of its own for one coroutine, asyncio's `run`.
#pragma once

#include "reference/async_generator.h"
#include "reference/loop.h"
#include "reference/run.h"

namespace cede::reference {

/// What a runner does behind its main coroutine: cancels the tasks that are left, waits for them,
/// reports their errors, closes the generators and the loop (LIFE-8). The error ended that early.
Error wind_up(AbstractLoop& loop);

/// Runs the coroutine to its end in a loop that is used for nothing else, and leaves nothing behind.
/// Inside a running loop it is refused (LIFE-9).
template <class T>
Outcome<T> try_run(AbstractLoop& loop, Coroutine<T> main) {
  if (AbstractLoop::get_running_loop() || loop.is_closed()) return Error(Error::Kind::runtime);
  Outcome<T> outcome = try_run_until_complete(loop, create_task(loop, std::move(main)));
  Error error = wind_up(loop);
  return error ? error : outcome;
}

/// The same in a new loop: `run(program)`, where `program(loop)` is a coroutine. Throws what it ends
/// with.
template <class Program>
auto run(Program program) {
  Loop loop;
  return try_run(loop, program(loop)).get();
}

}  // namespace cede::reference
