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
  // cancellation
  uncancel, finally_,
  // combinators
  gather, gather_exceptions, wait_all_completed, wait_first_completed, wait_first_exception, shield, as_completed,
  // scopes
  wait_for, timeout, reenter, reschedule, expired, task_group, create_task_in,
  // synchronisation
  acquire, release, locked, with, create_semaphore, create_bounded_semaphore,
  set_event, clear_event, is_set, wait_event,
  create_condition, wait_condition, wait_condition_for, notify,
  create_queue, create_priority_queue, create_lifo_queue, put, get, put_nowait, get_nowait, task_done, join, qsize,
  // readiness
  create_pair, create_pipe, open_file, duplicate, write, write_later, read, fill, drain, shut, reopen,
  add_reader, add_writer, remove_reader, remove_writer, receive,
  // threads and signals
  call_soon_threadsafe, thread, run_in_executor, fail_in_executor, run_coroutine_threadsafe,
  add_signal_handler, add_signal_handler_elsewhere, remove_signal_handler, raise_signal, send_signal,
  // lifetime
  drop, collect, destroy, runner, set_debug, storm,
  // async generators
  create_generator, produce, anext, aclose, shutdown_asyncgens,
  // context
  set_var, get_var,
  count_,
};

inline constexpr std::size_t verbs_count = static_cast<std::size_t>(Verb::count_);

/// Verbs that belong together: they are played, drawn and left out together.
enum class Family : std::uint8_t {
  core, cancellation, combinators, scopes, synchronisation, readiness, threads, lifetime, generators, context,
  count_,
};

inline constexpr std::size_t families_count = static_cast<std::size_t>(Family::count_);

/// What may stand at one place after a verb.
enum class Arg : std::uint8_t {
  nothing,
  script,     // the name of a script, which the step starts or registers
  object,     // the name of a future, task or coroutine object
  more,       // one more object, or none; only last
  thing,      // the name of what the verb's family works on, such as a lock or a pair
  handle,     // the name of a handle: what the last call_soon, call_later or call_at of it made
  word,       // any name, as a mark
  duration,   // 10ms, -5ms, 2s, forever
  number,     // 3
  integer,    // 3 or -3
  value,      // 7, or a name taken as plain data; may be left out
  error,      // an error class
};

/// Who has an effect when saying it; said by anybody else, the step is ignored.
enum class Speaker : std::uint8_t { anybody, coroutine, main };

struct VerbRow {
  Verb verb;
  std::string_view spelling;
  std::array<Arg, 4> args;
  Speaker speaker;
  Family family = Family::core;
};

/// All verbs, in the order of the enumeration.
std::span<const VerbRow, verbs_count> verbs();

/// Null if no verb is spelt like that.
const VerbRow* find_verb(std::string_view spelling);

inline const VerbRow& row(Verb verb) { return verbs()[static_cast<std::size_t>(verb)]; }
inline std::string_view spelling(Verb verb) { return row(verb).spelling; }

/// True for the verbs that take a script and run it inline inside the speaker, at once.
bool runs_inline(Verb verb);
/// True for the verbs whose answer comes later, as a `got`: they may suspend the speaker.
bool answers_later(Verb verb);
/// True if one of the names that the verb takes is a script.
bool takes_script(Verb verb);
/// True for what is written as a name.
bool is_name(Arg arg);

}  // namespace cede
