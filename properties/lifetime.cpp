// spec/16-lifetime.md: how long things live, and what is told of those that are lost.
//
// A name is the only hold that a script has on what it made, until it says `drop`. Verbs of the other
// families may hold on to things for reasons of their own, so where they were said these judges only
// speak of what has to be alive.
#include <algorithm>

#include "properties/property.h"
#include "properties/runs.h"

namespace cede {
namespace {

constexpr Name never_retrieved{"never_retrieved"}, lost_task{"lost_task"}, left_over{"left_over"},
    never_awaited{"never_awaited"};

bool reports(const Event& event, Name about) { return event.what == What::error && event.step.name == about; }

bool warns_of(const Event& event, Name about) {
  return event.what == What::warning && event.answer.value == Value::of(about);
}

/// Whether only names, awaits and callbacks hold anything.
bool only_names_hold(const History& history) {
  return std::ranges::all_of(history.events(), [](const Event& event) {
    Family family = row(event.step.verb).family;
    return event.what != What::did || family == Family::core || family == Family::lifetime;
  });
}

/// The `drop` of this object; never if its name was kept.
std::size_t dropped(const History& history, Id id) {
  for (std::size_t index = 0; index < history.events().size(); ++index) {
    const Event& event = history[index];
    if (event.did(Verb::drop) && event.id == id) return index;
  }
  return never;
}

std::size_t count(const History& history, Name about, Id id, std::size_t* first = nullptr) {
  std::size_t found = 0;
  for (std::size_t index = 0; index < history.events().size(); ++index)
    if (reports(history[index], about) && history[index].id == id && ++found == 1 && first) *first = index;
  return found;
}

/// The task's next job after the event; null if there is none.
const Job* next_step(const History& history, const FutureLife& task, std::size_t event) {
  for (std::size_t step : task.steps)
    if (history.jobs[step].enter > event) return &history.jobs[step];
  return nullptr;
}

bool pending_at(const FutureLife& task, std::size_t event) { return task.made < event && task.completed > event; }

/// LIFE-1
Verdict a_task_with_a_queued_step_stays_alive(const History& history) {
  Ruling ruling;
  for (const FutureLife& task : history.futures) {
    std::size_t drop = task.task ? dropped(history, task.id) : never;
    if (drop == never || !pending_at(task, drop)) continue;
    ruling.reached();
    const Job* next = next_step(history, task, drop);
    bool queued = next ? next->queued < drop : history.complete && history.queued(task) < drop;
    if (queued && (next || !history.fatal))
      ruling.require(next, drop, "its next step was queued when its name was dropped, and never came");
  }
  return ruling;
}

/// LIFE-2, of a task that waits for a descriptor, from which nobody else takes the loop's interest
void judge_receiver(const History& history, const Wait& wait, std::size_t drop, Ruling& ruling) {
  if (wait.got != never) return ruling.require(true, drop, {});
  if (history.said({Verb::add_reader, Verb::remove_reader, Verb::reopen})) return;
  for (std::size_t index = drop; index < std::min(history.closed, history.events().size()); ++index)
    if (history[index].what == What::destroyed && history[index].frame == wait.frame)
      ruling.require(false, index, "it waited for a descriptor when its name was dropped, and was destroyed");
}

/// LIFE-2
Verdict a_task_that_waits_for_the_loop_stays_alive(const History& history) {
  Ruling ruling;
  constexpr Nanos soon = 1000 * second;  // what is far beyond may be rounded to for ever
  for (const Wait& wait : history.waits) {
    const Event& asked = history[wait.asked];
    bool receives = asked.step.verb == Verb::receive;
    bool sleeps = asked.step.verb == Verb::sleep && asked.step.time > 0 && asked.step.time <= soon;
    if (!wait.task || !wait.suspended || (!receives && !sleeps)) continue;
    std::size_t drop = dropped(history, wait.task);
    if (drop < wait.asked || drop > wait.got) continue;
    if (receives) {
      judge_receiver(history, wait, drop, ruling);
      continue;
    }
    if (wait.got != never || (history.complete && !history.fatal && history.closed > drop))
      ruling.require(wait.got != never, drop, "it slept when its name was dropped, and never woke");
  }
  return ruling;
}

/// LIFE-3
Verdict a_task_that_nothing_can_complete_may_be_lost_but_not_silently(const History& history) {
  Ruling ruling;
  for (const FutureLife& task : history.futures) {
    if (!task.task) continue;
    std::size_t report = never, destroyed = never;
    std::size_t told = count(history, lost_task, task.id, &report);
    for (std::size_t index = 0; index < history.events().size() && destroyed == never; ++index) {
      const Frame* frame = history.frame(history[index].frame);
      if (history[index].what == What::destroyed && frame && frame->task == task.id) destroyed = index;
    }
    std::size_t drop = dropped(history, task.id);
    if (told > 0) {
      ruling.require(told == 1, report, "its loss was told more than once");
      ruling.require(task.completed > report, report, "it was told to be lost although it was done");
      if (report < history.closed) ruling.variant("reported", report);  // a closed loop keeps nobody
    } else if (destroyed != never) {
      ruling.require(false, destroyed, "it was destroyed while it was pending, and nobody was told");
    } else if (drop != never && pending_at(task, drop) && history.complete) {
      ruling.require(true, drop, {});
    }
  }
  return ruling;
}

/// What is known of the error in a future.
struct Retrieval {
  bool asked = false;      // somebody has got it, or does not care
  bool uncertain = false;  // somebody may have
};

Retrieval retrieval(const History& history, const FutureLife& future) {
  Retrieval found;
  for (std::size_t index : history.about_futures) {
    const Event& event = history[index];
    if (event.id != future.id || index < future.completed) continue;
    bool reads = event.step.verb == Verb::result || event.step.verb == Verb::exception;
    bool calls_off = event.step.verb == Verb::cancel_future || event.step.verb == Verb::cancel_task;
    found.asked |= reads || calls_off;
  }
  for (const Wait& wait : history.waits) {
    if (wait.awaited != future.id) continue;
    if (wait.got < future.completed) continue;
    bool got_it = wait.got != never && history[wait.got].answer == future.outcome;
    (got_it ? found.asked : found.uncertain) = true;
  }
  for (const Run& run : history.runs)
    if (run.future == future.id) found.uncertain = true;
  return found;
}

/// LIFE-4
Verdict an_error_that_nobody_retrieves_is_reported_once(const History& history) {
  Ruling ruling;
  if (history.fatal || history.by_hand || !only_names_hold(history)) return ruling;
  for (const FutureLife& future : history.futures) {
    bool failed = future.completed != never && future.outcome.is_raised() &&
                  !future.outcome.is_raised(ErrorKind::cancelled);
    std::size_t report = never;
    std::size_t told = count(history, never_retrieved, future.id, &report);
    if (told > 0) ruling.require(failed && future.completed < report, report, "no error was lost with it");
    std::size_t drop = failed ? dropped(history, future.id) : never;
    if (drop == never) continue;
    auto [asked, uncertain] = retrieval(history, future);
    if (asked) {
      ruling.require(told == 0, report, "its error was reported as lost although somebody has got it");
    } else if (!uncertain && history.complete) {
      ruling.require(told > 0, std::max(drop, future.completed), "its error was lost, and nobody was told");
      ruling.require(told < 2, report, "its error was reported more than once");
    }
  }
  return ruling;
}

/// LIFE-5
Verdict the_error_handler_is_told_what_it_is_about(const History& history) {
  Ruling ruling;
  for (const Job& job : history.jobs) {
    const Call* call = history.call_of(job);
    if (!call || job.error == ErrorKind::none || job.error == ErrorKind::exit) continue;
    std::size_t index = history.past_diagnostics(job.leave + 1);
    if (index >= history.events().size() || !tells_of_callback(history[index])) continue;
    const Event& report = history[index];
    ruling.require(report.answer.value.error == job.error, index, "it was told of another error");
    if (call->verb != Verb::add_done_callback)
      ruling.require(report.id == call->id, index, "it was told of another callback, or of none");
    std::size_t next = history.past_diagnostics(index + 1);
    bool twice = next < history.events().size() && tells_of_callback(history[next]);
    ruling.require(!twice, next, "it was told twice");
  }
  for (const FutureLife& future : history.futures) {
    std::size_t report = never;
    if (count(history, never_retrieved, future.id, &report) > 0)
      ruling.require(history[report].answer.value.error == future.outcome.value.error, report,
                     "that is not the error of the future that it was told of");
  }
  return ruling;
}

/// LIFE-6
Verdict a_coroutine_that_nobody_awaited_is_told_of(const History& history) {
  Ruling ruling;
  if (!only_names_hold(history)) return ruling;
  for (const CoroutineLife& coroutine : history.coroutines) {
    std::size_t drop = dropped(history, coroutine.id);
    bool destroyed = std::ranges::any_of(history.events(), [&](const Event& event) {
      return event.step.verb == Verb::destroy && event.id == coroutine.id;
    });
    if (drop == never || destroyed || drop + 1 == history.events().size()) continue;
    bool started = coroutine.frame && history.frame(coroutine.frame)->first <= drop;
    bool warned = warns_of(history[drop + 1], never_awaited) && history[drop + 1].id == coroutine.id;
    if (started) {
      ruling.require(!warned, drop + 1, "it was told to be never awaited although it was");
    } else if (const Event* next = history.next(drop)) {
      bool runs = next->what == What::did && next->step.who == history[coroutine.made].step.name &&
                  next->frame && history.frame(next->frame)->first == drop + 1;
      ruling.require(!runs, drop + 1, "its body ran as it was destroyed");
      ruling.require(warned, drop + 1, "nobody was told that it was never awaited");
    }
  }
  return ruling;
}

/// LIFE-7
Verdict a_destroyed_coroutine_ends_where_it_is(const History& history) {
  Ruling ruling;
  const auto& events = history.events();
  for (std::size_t index = 0; index < events.size(); ++index) {
    const Event& event = events[index];
    if (event.what == What::destroyed) {
      for (std::size_t later = index + 1; later < events.size(); ++later)
        if (events[later].frame == event.frame)
          ruling.require(false, later, "it went on after it had been destroyed, or was destroyed again");
    }
    bool destroys = event.did(Verb::destroy);
    if (!destroys || event.answer.kind != Answer::Kind::nothing) continue;
    const CoroutineLife* object = history.coroutine(event.id);
    const Frame* frame = object ? history.frame(object->frame) : nullptr;
    if (!frame || frame->first > index || frame->ended < index || !history.next(index)) continue;
    bool before = std::any_of(events.begin(), events.begin() + static_cast<std::ptrdiff_t>(index), [&](const Event& e) {
      return e.what == What::destroyed && e.frame == frame->id;
    });
    if (before) continue;
    std::size_t next = index + 1;  // where the speaker goes on
    bool ended = false;
    for (; next < events.size() && events[next].frame != event.frame; ++next)
      ended |= events[next].what == What::destroyed && events[next].frame == frame->id;
    ruling.require(ended, index, "what it had begun was not cleaned up");
  }
  return ruling;
}

/// Whether it went its way: nothing has ended its passes from outside, and time has only gone by in waits.
bool undisturbed(const History& history, const Runner& runner) {
  if (history.fatal || history.stops) return false;
  for (std::size_t index = runner.asked + 1; index < runner.got; ++index) {
    const Event& event = history[index];
    if (event.what == What::rest || event.what == What::stuck || event.what == What::silent) return false;
    if (event.step.verb == Verb::runner || event.step.verb == Verb::busy) return false;
  }
  return true;
}

/// Whether a cancellation has reached the task after the event, and not by what it waited for.
bool was_cancelled(const History& history, const FutureLife& task, std::size_t event) {
  return std::ranges::any_of(history.waits, [&](const Wait& wait) {
    const FutureLife* awaited = history.future(wait.awaited);
    return wait.task == task.id && wait.suspended && wait.got != never && wait.got > event &&
           !(awaited && awaited->done_before(wait.got)) && history[wait.got].answer.is_raised(ErrorKind::cancelled);
  });
}

/// Whether the sleep is not over even when the second poll behind the event begins, if it counts from the
/// beginning of its pass.
bool surely_asleep(const History& history, const Wait& wait, std::size_t event) {
  std::size_t later = std::min(history.poll(history.pass(event) + 1), history.events().size() - 1);
  Nanos due, begun = history.beginning_of_pass(wait.asked) - history.resolution();
  return __builtin_add_overflow(begun, history[wait.asked].step.time, &due) || due > history[later].at;
}

/// LIFE-8
Verdict a_runner_leaves_nothing_behind(const History& history) {
  Ruling ruling;
  for (std::size_t asked = 0; asked < history.events().size(); ++asked) {
    const Event& event = history[asked];
    if (!event.did(Verb::runner) || event.job) continue;
    Runner runner = read_runner(history, asked);
    if (runner.got == never) continue;
    for (const Job& job : history.jobs) {
      const FutureLife* task = job.step ? history.future(job.subject) : nullptr;
      if (task && task->made > asked && task->made < runner.got && job.enter > runner.got)
        ruling.require(false, job.enter, "a task of the runner went on after its end");
    }
    if (runner.got == asked + 1) continue;  // refused
    if (!undisturbed(history, runner)) continue;
    if (history[runner.got].answer.is_raised(ErrorKind::exit)) continue;  // perhaps by interrupts (THR-10)
    ruling.require(runner.ended != never, runner.got, "it came back before its main coroutine had ended");
    if (runner.ended == never) continue;
    for (const FutureLife& task : history.futures) {
      if (!task.task || task.made < asked || task.made > runner.ended || task.completed < runner.ended) continue;
      ruling.require(task.completed < runner.got, runner.got, "it came back before a task was over");
      bool failed = task.completed < runner.got && task.outcome.is_raised() &&
                    !task.outcome.is_raised(ErrorKind::cancelled);
      bool by_runner = task.cancel_asked == never && was_cancelled(history, task, runner.ended);
      if (failed && by_runner) {
        std::size_t told = count(history, left_over, task.id) + count(history, never_retrieved, task.id);
        ruling.require(told == 1, runner.got, "a task failed at the end, and nobody was told");
      }
    }
    for (const Wait& wait : history.waits) {
      const Step& step = history[wait.asked].step;
      const FutureLife* task = history.future(wait.task);
      if (!task || task->made < asked || wait.asked > runner.ended) continue;
      if (wait.got < runner.ended || wait.got == never) continue;
      if (step.verb == Verb::sleep && step.time > 0 && surely_asleep(history, wait, runner.ended))
        ruling.require(history[wait.got].answer.is_raised(), wait.got,
                       "a task that was left was not cancelled but slept on");
    }
  }
  return ruling;
}

/// LIFE-9
Verdict a_runner_is_refused_inside_a_running_loop(const History& history) {
  Ruling ruling;
  for (std::size_t asked = 0; asked + 1 < history.events().size(); ++asked) {
    const Event& event = history[asked];
    if (!event.did(Verb::runner) || !event.job) continue;
    const Event& next = history[asked + 1];
    bool refused = next.what == What::got && next.frame == event.frame && next.answer.is_raised(ErrorKind::runtime);
    ruling.require(refused, asked + 1, "a runner ran a loop inside a running one");
    for (std::size_t index : history.loop_steps) {
      if (index < asked || history[index].job != event.job) continue;
      Verb verb = history[index].step.verb;
      if (verb == Verb::get_running_loop)
        ruling.require(!history[index].answer.value.none(), index, "afterwards no loop seemed to run");
    }
  }
  return ruling;
}

using enum Verb;

constexpr Property list[] = {
    {"LIFE-1", a_task_with_a_queued_step_stays_alive, {drop}, {runner}},
    {"LIFE-2", a_task_that_waits_for_the_loop_stays_alive, {drop}, {runner}},
    {"LIFE-3", a_task_that_nothing_can_complete_may_be_lost_but_not_silently, {drop, close}, {runner}},
    {"LIFE-4", an_error_that_nobody_retrieves_is_reported_once, {drop}, {runner}},
    {"LIFE-5", the_error_handler_is_told_what_it_is_about, {raise, drop}, {runner}},
    {"LIFE-6", a_coroutine_that_nobody_awaited_is_told_of, {drop}, {runner}},
    {"LIFE-7", a_destroyed_coroutine_ends_where_it_is, {destroy, drop}, {runner}},
    {"LIFE-8", a_runner_leaves_nothing_behind, {runner}, {}},
    {"LIFE-9", a_runner_is_refused_inside_a_running_loop, {runner}, {}},
};

}  // namespace

std::span<const Property> lifetime() { return list; }

}  // namespace cede
