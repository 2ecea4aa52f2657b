#include "ci/known_partings.h"

#include <algorithm>
#include <array>
#include <span>

#include "adapters/expectations.h"
#include "ci/circle.h"
#include "ci/manners.h"
#include "properties/property.h"

namespace cede {
namespace {

/// The events at which they part; the end of a trace is a `silent`.
struct Pair {
  explicit Pair(const Divided& divided)
      : seen(event(divided.trace, divided.at.seen)), expected(event(divided.expected, divided.at.expected)),
        before(divided.at.seen > 0 ? event(divided.trace, divided.at.seen - 1) : Event{.what = What::silent}) {}

  static Event event(const Trace& trace, std::size_t at) {
    return at < trace.events.size() ? trace.events[at] : Event{.what = What::silent};
  }
  /// The step that has just been asked for is refused, at once.
  bool is_refused_at_once() const {
    return seen.what == What::got && seen.answer.is_raised(ErrorKind::runtime) && before.what == What::did &&
           before.step == seen.step && before.frame == seen.frame;
  }

  Event seen, expected, before;
};

bool some_before(const Divided& divided, std::size_t end, auto holds) {
  const auto& events = divided.trace.events;
  return std::any_of(events.begin(), events.begin() + static_cast<std::ptrdiff_t>(std::min(end, events.size())), holds);
}

/// Whether one of the verbs came before they part.
bool was_said(const Divided& divided, const Verbs& verbs) {
  return some_before(divided, divided.at.seen, [&](const Event& event) { return verbs.meets({event.step.verb}); });
}

/// The end of something that nobody holds any more, or what is told at it.
bool is_an_end(const Event& event) {
  return event.what == What::destroyed || (event.what == What::error && event.step.name);
}

/// When what nobody holds any more goes: at once, unless a circle holds it, or the traceback of an error, or whoever
/// tells of the end of something else; and the collector may be asked for it.
bool is_of_an_end(const Divided& divided, const Pair& pair) {
  constexpr std::array holding{Verb::drop, Verb::collect, Verb::destroy, Verb::send, Verb::runner, Verb::wait_for,
                               Verb::set_exception_handler, Verb::set_debug};
  if (!is_an_end(pair.seen) && !is_an_end(pair.expected)) return false;
  auto holds = [&](const Event& event) {
    return std::ranges::count(holding, event.step.verb) > 0 || event.answer.is_raised(ErrorKind::exit);
  };
  return holds(pair.seen) || some_before(divided, divided.at.seen, holds) ||
         has_circle(divided.trace, divided.at.seen);
}

/// A future remembers that somebody has awaited it until a task has taken that up. If none does, because the await was
/// refused or driven by hand, the next await of it is refused. Only in the accelerator in C.
bool is_of_a_blocked_future(const Divided& divided, const Pair& pair) {
  if (!pair.is_refused_at_once() || pair.before.step.verb != Verb::await || pair.before.id == 0) return false;
  return some_before(divided, divided.at.seen - 1, [&](const Event& event) {
    return event.what == What::did && event.step.verb == Verb::await && event.id == pair.before.id;
  });
}

/// Functions of asyncio's look for the loop that runs, and a coroutine that is driven by hand may find none.
bool is_without_a_loop(const Divided& divided, const Pair& pair) {
  constexpr std::array verbs{Verb::sleep, Verb::wait_all_completed, Verb::wait_first_completed,
                             Verb::wait_first_exception, Verb::wait_for, Verb::as_completed, Verb::timeout,
                             Verb::task_group, Verb::wait_event, Verb::acquire, Verb::with, Verb::wait_condition,
                             Verb::wait_condition_for, Verb::put, Verb::get, Verb::join};
  const bool is_refused_item = pair.seen.what == What::item && pair.seen.answer.is_raised(ErrorKind::runtime) &&
                               pair.before.what == What::did && pair.before.step == pair.seen.step;
  if (!pair.is_refused_at_once() && !is_refused_item) return false;
  if (std::ranges::count(verbs, pair.seen.step.verb) == 0) return false;
  return divided.history.job_at(divided.at.seen) == nullptr;
}

/// The callback that ends the run takes a fatal error for one that has ended it already.
bool is_a_run_that_goes_on(const Divided&, const Pair& pair) {
  return pair.expected.what == What::got && pair.expected.step.verb == Verb::run_until_complete &&
         pair.expected.answer.is_raised(ErrorKind::exit) &&
         (pair.seen.what != What::got || pair.seen.step != pair.expected.step);
}

/// ... nor does it end the next one, if the run was stopped before it came.
bool is_a_next_run_that_goes_on(const Divided& divided, const Pair& pair) {
  auto is_stopped = [](const Event& event) {
    return event.what == What::got && event.step.verb == Verb::run_until_complete && event.answer.is_raised();
  };
  auto is_fatal = [](const Event& event) {
    const bool is_set = event.what == What::did && event.step.verb == Verb::set_exception;
    const bool is_raised = event.what == What::end && event.answer.is_raised(ErrorKind::exit);
    return (is_set && event.step.value.error == ErrorKind::exit) || is_raised;
  };
  const bool ends = pair.expected.what == What::got &&
                    (pair.expected.step.verb == Verb::run || pair.expected.step.verb == Verb::run_until_complete);
  return ends && pair.seen.what != What::got && some_before(divided, divided.at.seen, is_stopped) &&
         some_before(divided, divided.at.seen, is_fatal);
}

/// ... and if that came behind the end of the future, the callback is in the queue, and ends a run that comes later.
bool is_a_run_that_ends_at_once(const Divided& divided, const Pair& pair) {
  auto is_end = [](const Event& event) {
    const Verb verb = event.step.verb;
    return event.what == What::got && event.job == 0 && (verb == Verb::run || verb == Verb::run_until_complete);
  };
  return is_end(pair.seen) && !is_end(pair.expected) && some_before(divided, divided.at.seen, [&](const Event& event) {
    return is_end(event) && event.step.verb == Verb::run_until_complete && event.answer.is_raised(ErrorKind::exit);
  });
}

/// How many threads an executor has is the player's affair: one that is on its way back counts, or does not any more.
bool is_one_thread_too_many(const Divided&, const Pair& pair) {
  const Verb verb = pair.seen.step.verb;
  return (verb == Verb::run_in_executor || verb == Verb::fail_in_executor) && pair.seen.what == What::did &&
         pair.expected.what == What::did && pair.expected.step == pair.seen.step &&
         (pair.seen.answer.kind == Answer::Kind::ignored) != (pair.expected.answer.kind == Answer::Kind::ignored);
}

/// Tasks that shut down a generator are cancelled before they begin: that is thrown into its body, outside its job.
bool is_thrown_into_a_generator(const Divided& divided, const Pair& pair) {
  return pair.seen.what == What::got && pair.seen.job == 0 && pair.seen.answer.is_raised(ErrorKind::cancelled) &&
         was_said(divided, {Verb::shutdown_asyncgens});
}

/// What a handler of errors raises is an error like others, but if it is fatal.
bool is_fatal_in_a_handler(const Divided&, const Pair& pair) {
  const bool is_raised = pair.before.what == What::did && pair.before.step.verb == Verb::raise &&
                         pair.before.step.value.error == ErrorKind::exit && pair.before.job == 0;
  return is_raised && pair.seen.what == What::got && pair.seen.answer.is_raised(ErrorKind::exit);
}

/// Who waits for ever wakes once a day, and finds out after some that nothing is left: what comes then is late.
bool is_behind_days(const Divided& divided, const Pair&) {
  constexpr Nanos day = 86'400'000'000'000;
  return some_before(divided, divided.at.seen, [](const Event& event) {
    return event.what == What::rest && event.at >= day;
  });
}

/// What comes from an executor for a future that somebody has completed meanwhile fails an assertion in a job.
bool is_an_outcome_too_late(const Divided& divided, const Pair& pair) {
  auto is_of_executor = [](Verb verb) { return verb == Verb::run_in_executor || verb == Verb::fail_in_executor; };
  const bool is_bare = pair.seen.what == What::error && pair.seen.id == 0 &&
                       pair.seen.answer == Answer::of(Value::of(ErrorKind::runtime));
  return is_bare && some_before(divided, divided.at.seen, [&](const Event& event) {
    return event.what == What::got && event.thread != 0 && is_of_executor(event.step.verb);
  });
}

/// A runner handles interrupts itself, where they come and not by a job. The one behind the end of its main task it
/// takes for the second.
bool is_an_interrupt_of_a_runner(const Divided& divided, const Pair& pair) {
  auto interrupts = [](const Event& event) {
    const bool is_raised = event.what == What::did && event.step.verb == Verb::raise_signal &&
                           event.answer.kind == Answer::Kind::nothing;
    const bool is_sent = event.what == What::got && event.step.verb == Verb::send_signal;
    return (is_raised || is_sent) && event.step.name == Name("int");
  };
  const auto& events = divided.trace.events;
  bool runs = false, is_interrupted = interrupts(pair.expected), was_interrupted = false;
  for (std::size_t at = 0; at < std::min(divided.at.seen, events.size()); ++at) {
    if (events[at].step.verb == Verb::runner && events[at].what == What::did) runs = true;
    if (events[at].step.verb == Verb::runner && events[at].what == What::got) runs = is_interrupted = false;
    is_interrupted |= runs && interrupts(events[at]);
    was_interrupted |= is_interrupted;
  }
  return (runs && is_interrupted) || (was_interrupted && pair.seen.step.verb == Verb::cancelling);
}

/// Tasks that wait for each other in a circle: a request goes round until the stack is full, and that is the answer to
/// whoever made it: a step, a scope or a runner at its end, or the loop, if it was a step of a task's.
bool is_a_request_to_a_circle(const Divided& divided, const Pair& pair) {
  constexpr std::array requesting{Verb::runner, Verb::wait_for, Verb::timeout, Verb::task_group};
  const bool is_step = pair.seen.what == What::did && pair.expected.step == pair.seen.step;
  const bool is_end = pair.seen.what == What::got && std::ranges::count(requesting, pair.seen.step.verb) > 0;
  const bool is_answer = is_step || is_end;
  const bool is_bare = pair.seen.what == What::error && pair.seen.id == 0 && pair.expected.what != What::error;
  const bool is_error = is_bare ? pair.seen.answer == Answer::of(Value::of(ErrorKind::runtime))
                                : pair.seen.answer.is_raised(ErrorKind::runtime);
  return (is_answer || is_bare) && is_error && has_circle(divided.trace, divided.at.seen);
}

/// Whoever is resumed by hand sets its timers in the loop that runs, which may be another than the scenario's.
bool is_a_timer_elsewhere(const Divided& divided, const Pair& pair) {
  return pair.seen.what == What::rest && pair.expected.what == What::rest && pair.seen.at < pair.expected.at &&
         was_said(divided, {Verb::run_in_new_loop}) && was_said(divided, {Verb::send});
}

/// Who waits behind a shield that somebody has completed by hand meanwhile fails, and that is an error of the loop's.
bool is_a_shield_too_late(const Divided& divided, const Pair& pair) {
  const bool is_bare = pair.seen.what == What::error && !pair.seen.step.name && pair.expected.what != What::error;
  return is_bare && pair.seen.answer == Answer::of(Value::of(ErrorKind::invalid_state)) &&
         was_said(divided, {Verb::shield});
}

/// A semaphore's place was not handed over once: whoever came first took it, woken or not.
bool is_of_an_old_semaphore(const Divided& divided, const Pair&) {
  return was_said(divided, {Verb::create_semaphore, Verb::create_bounded_semaphore});
}

/// A gather of which a child was cancelled fails with that error, but has not been cancelled; nor has its shield.
bool is_a_shield_of_a_gather(const Divided& divided, const Pair& pair) {
  return pair.seen.step.verb == Verb::cancelled && pair.expected.step == pair.seen.step &&
         was_said(divided, {Verb::gather}) && was_said(divided, {Verb::shield});
}

/// Who is resumed by hand, though what it waits for is not there, has an error.
bool is_resumed_too_soon(const Divided&, const Pair& pair) {
  return pair.before.what == What::did && pair.before.step.verb == Verb::send &&
         (pair.seen.what == What::got || pair.seen.what == What::item) && pair.seen.step.verb != Verb::send &&
         pair.seen.answer.is_raised(ErrorKind::runtime);
}

/// A wait takes its timer back when what it waits for is there, and not when whoever waits goes on, which may be never.
bool is_a_timer_fewer(const Divided& divided, const Pair& pair) {
  constexpr Verbs waits{Verb::wait_all_completed, Verb::wait_first_completed, Verb::wait_first_exception};
  return pair.seen.what == What::rest && pair.expected.what == What::rest && pair.seen.at < pair.expected.at &&
         was_said(divided, waits) && was_said(divided, {Verb::send});
}

/// A generator that yields behind its close is not over, one that was dropped is closed by a task of its own, and what
/// says that another is at its end is an error within one.
bool is_of_a_closed_generator(const Divided& divided, const Pair& pair) {
  auto is_of_one = [](const Event& event) {
    const Verb verb = event.step.verb;
    return (event.what == What::got || event.what == What::did) &&
           (verb == Verb::produce || verb == Verb::anext || verb == Verb::aclose || verb == Verb::shutdown_asyncgens);
  };
  auto ends = [](const Event& event) {
    constexpr std::array ending{Verb::aclose, Verb::shutdown_asyncgens, Verb::drop};
    return std::ranges::count(ending, event.step.verb) > 0 || event.answer.is_raised(ErrorKind::generator_exit) ||
           event.answer.is_raised(ErrorKind::stop_iteration);
  };
  return (is_of_one(pair.seen) || is_of_one(pair.expected)) &&
         (ends(pair.seen) || some_before(divided, divided.at.seen, ends));
}

/// At one moment several threads may hear of something: in which order is the player's affair.
bool is_of_two_threads(const Divided& divided, const Pair& pair) {
  auto comes_later = [](const Event& event, const Trace& trace, std::size_t from) {
    return std::ranges::any_of(std::span(trace.events).subspan(from), [&](const Event& one) {
      return one.what == event.what && one.step == event.step && one.thread == event.thread && one.at == event.at;
    });
  };
  return pair.seen.thread != 0 && pair.expected.thread != 0 && pair.seen.thread != pair.expected.thread &&
         pair.seen.at == pair.expected.at && comes_later(pair.seen, divided.expected, divided.at.expected) &&
         comes_later(pair.expected, divided.trace, divided.at.seen);
}

/// Python does not ask who drives a coroutine object: `send` resumes what stands in a task's await, `destroy` ends it.
bool is_driven_by_two(const Divided&, const Pair& pair) {
  const bool is_resumed = pair.before.what == What::did && pair.before.step.verb == Verb::send &&
                          pair.expected.what == What::got && pair.expected.step == pair.before.step;
  if (is_resumed && pair.seen.step != pair.before.step) return true;
  const Verb verb = pair.seen.step.verb;
  return (verb == Verb::send || verb == Verb::destroy) && pair.expected.step == pair.seen.step &&
         pair.expected.answer.is_raised(ErrorKind::runtime) && !pair.seen.answer.is_raised();
}

/// A stop meets the run in which a runner waits for the tasks that are left, and that is an error.
bool is_a_stop_of_winding_up(const Divided& divided, const Pair& pair) {
  if (pair.seen.what != What::got || pair.seen.step.verb != Verb::runner) return false;
  auto stops = [](const Event& event) { return event.what == What::did && event.step.verb == Verb::stop; };
  return pair.seen.answer.is_raised(ErrorKind::runtime) && some_before(divided, divided.at.seen, stops);
}

/// A run that was refused within another took away what says which loop runs.
bool is_behind_a_refused_run(const Divided& divided, const Pair&) {
  constexpr std::array runs{Verb::run, Verb::run_until_complete, Verb::run_in_new_loop, Verb::runner};
  return some_before(divided, divided.at.seen, [&](const Event& event) {
    return event.what == What::got && event.job != 0 && std::ranges::count(runs, event.step.verb) > 0 &&
           event.answer.is_raised(ErrorKind::runtime);
  });
}

/// Who completes a future of a closed loop, or asks to be called back by a done one, is told that it is closed.
bool is_of_a_closed_loop(const Divided& divided, const Pair& pair) {
  if (pair.seen.what != What::did || !pair.seen.answer.is_raised(ErrorKind::runtime)) return false;
  if (pair.expected.what != What::did || pair.expected.step != pair.seen.step) return false;
  return some_before(divided, divided.at.seen, [](const Event& event) {
    const bool is_closed = event.what == What::did && event.step.verb == Verb::close && !event.answer.is_raised();
    return is_closed || (event.what == What::got && event.step.verb == Verb::runner);
  });
}

struct Known {
  std::string_view what;
  bool (*holds)(const Divided&, const Pair&);
  std::string_view loop = {};      // the only one
  std::string_view versions = {};  // of Python; all if empty
};

constexpr std::array all{
    Known{"AWAIT-3: a future whose await was refused or driven by hand refuses the next", is_of_a_blocked_future,
          "asyncio"},
    Known{"PASS-18: functions of asyncio's need a loop that runs", is_without_a_loop},
    Known{"PASS-12: a fatal error of a future does not end the run", is_a_run_that_goes_on},
    Known{"PASS-12: nor does it end the next", is_a_next_run_that_goes_on},
    Known{"PASS-8: a fatal error leaves in the queue what ends the next run", is_a_run_that_ends_at_once},
    Known{"PASS-7: a fatal error of a handler ends the run", is_fatal_in_a_handler},
    Known{"TIMER-15: who waits for ever wakes once a day", is_behind_days},
    Known{"THR-5: an outcome that comes too late is an error of the loop's", is_an_outcome_too_late},
    Known{"THR-5: the player counts threads that are on their way back", is_one_thread_too_many},
    Known{"THR-10: a runner handles interrupts itself, not by a job", is_an_interrupt_of_a_runner},
    Known{"CANCEL-22: a request to a circle fails", is_a_request_to_a_circle},
    Known{"CORO-3: who is resumed by hand too soon has an error", is_resumed_too_soon},
    Known{"WAIT-3: a wait that is over has no timer, though nobody goes on", is_a_timer_fewer},
    Known{"PASS-17: a closed loop refuses what the end of a future would queue", is_of_a_closed_loop},
    Known{"THR-6: threads that hear of something at one moment do so in either order", is_of_two_threads},
    Known{"CORO-3: a coroutine of a task can be driven by hand", is_driven_by_two},
    Known{"LIFE-8: a stop meets the end of a runner", is_a_stop_of_winding_up},
    Known{"PASS-16: forgets that it runs when it refuses to run again (#130145)", is_behind_a_refused_run, {},
          ">=3.13, <3.13.3"},
    Known{"LIFE-3: what holds what is CPython's own", is_of_an_end},
    Known{"AGEN-4: a shutdown that is cancelled is thrown into generators", is_thrown_into_a_generator},
    Known{"AGEN-3: the end of a generator comes in other steps", is_of_a_closed_generator},
    Known{"PASS-18: who is resumed by hand has its timers in the loop that runs", is_a_timer_elsewhere},
    Known{"SHIELD-1: a shield that is done already is completed all the same", is_a_shield_too_late},
    Known{"SEM-2: a semaphore hands its place to nobody (#90155)", is_of_an_old_semaphore, {}, "<3.10.8"},
    Known{"GATHER-4: the shield of a gather whose child was cancelled is not cancelled", is_a_shield_of_a_gather},
};

}  // namespace

std::string_view known_parting(const LoopInfo& loop, const Divided& divided) {
  const Pair pair(divided);
  auto concerns = [&](const Known& known) {
    const bool is_it = known.loop.empty() || known.loop == loop.name;
    return is_it && is_of_cpython(loop, known.versions);
  };
  for (const Known& known : all)
    if (concerns(known) && known.holds(divided, pair)) return known.what;
  return {};
}

}  // namespace cede
