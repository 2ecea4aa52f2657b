#include "spec/verb.h"

namespace cede {
namespace {

using enum Arg;
using enum Speaker;

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
    {Verb::cancel_task, "cancel_task", {object}, anybody},
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
}};

constexpr bool in_order() {
  for (std::size_t i = 0; i < verbs_count; ++i)
    if (table[i].verb != static_cast<Verb>(i)) return false;
  return true;
}
static_assert(in_order(), "the table has one row per verb, in the order of the enumeration");

}  // namespace

std::span<const VerbRow, verbs_count> verbs() { return table; }

bool runs_inline(Verb verb) {
  return row(verb).speaker == coroutine && (row(verb).args[0] == script || row(verb).args[1] == script);
}

}  // namespace cede
