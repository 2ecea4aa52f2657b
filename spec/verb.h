// The verbs of the scenario language, each one row of a table: its spelling, what it takes, who
// may say it. To add a verb, add a row here, its meaning in adapters/play.cpp and its weight in
// properties/generator.cpp; the parser, the printer and the shrinker read the row.
#pragma once

#include <array>
#include <cstdint>
#include <span>
#include <string_view>

namespace cede {

enum class Verb : std::uint8_t {
  // marks and time
  log, busy, time, limit,
  // handles: asyncio's loop methods
  call_soon, call_later, call_at, cancel, when, set_exception_handler,
  // running
  stop, run, run_until_complete, close, run_in_new_loop, is_running, is_closed, get_running_loop,
  // futures
  create_future, set_result, set_exception, cancel_future,
  add_done_callback, remove_done_callback, done, cancelled, result, exception,
  // tasks and coroutine objects
  create_task, cancel_task, cancelling, current_task, all_tasks,
  create_coroutine, send, get_awaiter,
  // what only a coroutine can do
  await, call, yield, sleep, catch_, repeat,
  // leaving a script
  raise, return_,
  count_,
};

inline constexpr std::size_t verbs_count = static_cast<std::size_t>(Verb::count_);

/// What may stand at one place after a verb.
enum class Arg : std::uint8_t {
  nothing,
  script,     // the name of a script, which the step starts or registers
  object,     // the name of a future, task or coroutine object
  handle,     // the name of a handle: what the last call_soon, call_later or call_at of it made
  word,       // any name, as a mark
  duration,   // 10ms, -5ms, 2s, forever
  number,     // 3
  value,      // 7, or a name taken as plain data; may be left out
  error,      // an error class
};

/// Who has an effect when saying it; said by anybody else, the step is ignored.
enum class Speaker : std::uint8_t { anybody, coroutine, main };

struct VerbRow {
  Verb verb;
  std::string_view spelling;
  std::array<Arg, 2> args;
  Speaker speaker;
};

/// All verbs, in the order of the enumeration.
std::span<const VerbRow, verbs_count> verbs();

inline const VerbRow& row(Verb verb) { return verbs()[static_cast<std::size_t>(verb)]; }
inline std::string_view spelling(Verb verb) { return row(verb).spelling; }

/// True for the verbs that take a script and run it inline inside the speaker.
bool runs_inline(Verb verb);

}  // namespace cede
