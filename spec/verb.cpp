#include "spec/verb.h"

#include <algorithm>

namespace cede {
namespace {

using enum Arg;
using enum Speaker;
using enum Family;

constexpr std::array<VerbRow, verbs_count> table{{
    {Verb::log, "log", {word}, anybody},
    {Verb::busy, "busy", {duration}, anybody},
    {Verb::time, "time", {}, anybody},
    {Verb::limit, "limit", {number}, main},
    {Verb::call_soon, "call_soon", {script}, anybody},
    {Verb::call_later, "call_later", {duration, script}, anybody},
    {Verb::call_at, "call_at", {duration, script}, anybody},
    {Verb::cancel, "cancel", {handle}, anybody},
    {Verb::when, "when", {handle}, anybody},
    {Verb::set_exception_handler, "set_exception_handler", {script}, anybody},
    {Verb::stop, "stop", {}, anybody},
    {Verb::run, "run", {}, anybody},
    {Verb::run_until_complete, "run_until_complete", {object}, anybody},
    {Verb::close, "close", {}, anybody},
    {Verb::run_in_new_loop, "run_in_new_loop", {script}, anybody},
    {Verb::is_running, "is_running", {}, anybody},
    {Verb::is_closed, "is_closed", {}, anybody},
    {Verb::get_running_loop, "get_running_loop", {}, anybody},
    {Verb::create_future, "create_future", {object}, anybody},
    {Verb::set_result, "set_result", {object, value}, anybody},
    {Verb::set_exception, "set_exception", {object, error}, anybody},
    {Verb::cancel_future, "cancel_future", {object}, anybody},
    {Verb::add_done_callback, "add_done_callback", {object, script}, anybody},
    {Verb::remove_done_callback, "remove_done_callback", {object, script}, anybody},
    {Verb::done, "done", {object}, anybody},
    {Verb::cancelled, "cancelled", {object}, anybody},
    {Verb::result, "result", {object}, anybody},
    {Verb::exception, "exception", {object}, anybody},
    {Verb::create_task, "create_task", {script}, anybody},
    {Verb::cancel_task, "cancel_task", {object, value}, anybody},
    {Verb::cancelling, "cancelling", {object}, anybody},
    {Verb::current_task, "current_task", {}, anybody},
    {Verb::all_tasks, "all_tasks", {}, anybody},
    {Verb::create_coroutine, "create_coroutine", {script}, anybody},
    {Verb::send, "send", {object, value}, anybody},
    {Verb::get_awaiter, "get_awaiter", {object}, anybody},
    {Verb::await, "await", {object}, coroutine},
    {Verb::call, "call", {script}, coroutine},
    {Verb::yield, "yield", {value}, coroutine},
    {Verb::sleep, "sleep", {duration, value}, coroutine},
    {Verb::catch_, "catch", {error, script}, coroutine},
    {Verb::repeat, "repeat", {number, script}, coroutine},
    {Verb::raise, "raise", {error}, anybody},
    {Verb::return_, "return", {value}, anybody},

    {Verb::uncancel, "uncancel", {object}, anybody, cancellation},
    {Verb::finally_, "finally", {script, script}, coroutine, cancellation},

    {Verb::gather, "gather", {object, more, more}, anybody, combinators},
    {Verb::gather_exceptions, "gather_exceptions", {object, more, more}, anybody, combinators},
    {Verb::wait_all_completed, "wait_all_completed", {duration, more, more, more}, coroutine, combinators},
    {Verb::wait_first_completed, "wait_first_completed", {duration, more, more, more}, coroutine, combinators},
    {Verb::wait_first_exception, "wait_first_exception", {duration, more, more, more}, coroutine, combinators},
    {Verb::shield, "shield", {object, object}, anybody, combinators},
    {Verb::as_completed, "as_completed", {duration, more, more, more}, coroutine, combinators},

    {Verb::wait_for, "wait_for", {duration, object}, coroutine, scopes},
    {Verb::timeout, "timeout", {duration, script}, coroutine, scopes},
    {Verb::reenter, "reenter", {thing, script}, coroutine, scopes},
    {Verb::reschedule, "reschedule", {thing, duration}, anybody, scopes},
    {Verb::expired, "expired", {thing}, anybody, scopes},
    {Verb::task_group, "task_group", {script}, coroutine, scopes},
    {Verb::create_task_in, "create_task_in", {thing, script}, anybody, scopes},

    {Verb::acquire, "acquire", {thing}, coroutine, synchronisation},
    {Verb::release, "release", {thing}, anybody, synchronisation},
    {Verb::locked, "locked", {thing}, anybody, synchronisation},
    {Verb::with, "with", {thing, script}, coroutine, synchronisation},
    {Verb::create_semaphore, "create_semaphore", {thing, integer}, anybody, synchronisation},
    {Verb::create_bounded_semaphore, "create_bounded_semaphore", {thing, integer}, anybody, synchronisation},
    {Verb::set_event, "set_event", {thing}, anybody, synchronisation},
    {Verb::clear_event, "clear_event", {thing}, anybody, synchronisation},
    {Verb::is_set, "is_set", {thing}, anybody, synchronisation},
    {Verb::wait_event, "wait_event", {thing}, coroutine, synchronisation},
    {Verb::create_condition, "create_condition", {thing}, anybody, synchronisation},
    {Verb::wait_condition, "wait_condition", {thing}, coroutine, synchronisation},
    {Verb::wait_condition_for, "wait_condition_for", {thing, object}, coroutine, synchronisation},
    {Verb::notify, "notify", {thing, number}, anybody, synchronisation},
    {Verb::create_queue, "create_queue", {thing, number}, anybody, synchronisation},
    {Verb::create_priority_queue, "create_priority_queue", {thing, number}, anybody, synchronisation},
    {Verb::create_lifo_queue, "create_lifo_queue", {thing, number}, anybody, synchronisation},
    {Verb::put, "put", {thing, value}, coroutine, synchronisation},
    {Verb::get, "get", {thing}, coroutine, synchronisation},
    {Verb::put_nowait, "put_nowait", {thing, value}, anybody, synchronisation},
    {Verb::get_nowait, "get_nowait", {thing}, anybody, synchronisation},
    {Verb::task_done, "task_done", {thing}, anybody, synchronisation},
    {Verb::join, "join", {thing}, coroutine, synchronisation},
    {Verb::qsize, "qsize", {thing}, anybody, synchronisation},

    {Verb::create_pair, "create_pair", {thing}, anybody, readiness},
    {Verb::create_pipe, "create_pipe", {thing}, anybody, readiness},
    {Verb::open_file, "open_file", {thing}, anybody, readiness},
    {Verb::duplicate, "duplicate", {thing, thing}, anybody, readiness},
    {Verb::write, "write", {thing, number}, anybody, readiness},
    {Verb::write_later, "write_later", {duration, thing, number}, anybody, readiness},
    {Verb::read, "read", {thing, number}, anybody, readiness},
    {Verb::fill, "fill", {thing}, anybody, readiness},
    {Verb::drain, "drain", {thing}, anybody, readiness},
    {Verb::shut, "shut", {thing}, anybody, readiness},
    {Verb::reopen, "reopen", {thing}, anybody, readiness},
    {Verb::add_reader, "add_reader", {thing, script}, anybody, readiness},
    {Verb::add_writer, "add_writer", {thing, script}, anybody, readiness},
    {Verb::remove_reader, "remove_reader", {thing}, anybody, readiness},
    {Verb::remove_writer, "remove_writer", {thing}, anybody, readiness},
    {Verb::receive, "receive", {thing}, coroutine, readiness},

    {Verb::call_soon_threadsafe, "call_soon_threadsafe", {script}, anybody, threads},
    {Verb::thread, "thread", {duration, script}, anybody, threads},
    {Verb::run_in_executor, "run_in_executor", {object, duration, value}, anybody, threads},
    {Verb::fail_in_executor, "fail_in_executor", {object, duration, error}, anybody, threads},
    {Verb::run_coroutine_threadsafe, "run_coroutine_threadsafe", {duration, script}, anybody, threads},
    {Verb::add_signal_handler, "add_signal_handler", {word, script}, anybody, threads},
    {Verb::add_signal_handler_elsewhere, "add_signal_handler_elsewhere", {word, script}, anybody, threads},
    {Verb::remove_signal_handler, "remove_signal_handler", {word}, anybody, threads},
    {Verb::raise_signal, "raise_signal", {word}, anybody, threads},
    {Verb::send_signal, "send_signal", {duration, word}, anybody, threads},

    {Verb::drop, "drop", {object}, anybody, lifetime},
    {Verb::collect, "collect", {}, anybody, lifetime},
    {Verb::destroy, "destroy", {object}, anybody, lifetime},
    {Verb::runner, "runner", {script}, anybody, lifetime},
    {Verb::set_debug, "set_debug", {number}, anybody, lifetime},
    {Verb::storm, "storm", {word}, anybody, lifetime},

    {Verb::create_generator, "create_generator", {thing, script}, anybody, generators},
    {Verb::produce, "produce", {value}, coroutine, generators},
    {Verb::anext, "anext", {thing}, coroutine, generators},
    {Verb::aclose, "aclose", {thing}, coroutine, generators},
    {Verb::shutdown_asyncgens, "shutdown_asyncgens", {}, coroutine, generators},

    {Verb::set_var, "set_var", {thing, value}, anybody, context},
    {Verb::get_var, "get_var", {thing}, anybody, context},
}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < verbs_count; ++i)
    if (table[i].verb != static_cast<Verb>(i)) return false;
  return true;
}
static_assert(in_order(), "the table has one row per verb, in the order of the enumeration");

}  // namespace

std::span<const VerbRow, verbs_count> verbs() { return table; }

const VerbRow* find_verb(std::string_view spelling) {
  auto found = std::ranges::find(table, spelling, &VerbRow::spelling);
  return found == table.end() ? nullptr : &*found;
}

bool takes_script(Verb verb) { return std::ranges::find(row(verb).args, script) != row(verb).args.end(); }

bool runs_inline(Verb verb) {
  return row(verb).speaker == coroutine && takes_script(verb) && verb != Verb::with;  // which first waits
}

bool answers_later(Verb verb) {
  switch (verb) {
    case Verb::call:
    case Verb::catch_:
    case Verb::repeat:
    case Verb::finally_: return false;  // the ends of their scripts tell it
    default: return row(verb).speaker == coroutine;
  }
}

bool is_name(Arg arg) {
  return arg == script || arg == object || arg == more || arg == thing || arg == handle || arg == word;
}

}  // namespace cede
