// spec/10-sleeping.md
//
// The timers inside of sleeps are not in the trace; what shows are the waits of tasks, from their
// step to its answer, and the polls between.
#include <algorithm>
#include <ranges>

#include "properties/property.h"

namespace cede {
namespace {

/// Whether every pass of the trace is a whole one, and tasks are resumed by the loop alone.
bool passes_resume_all(const History& history) { return passes_are_whole(history) && !history.by_hand; }

Nanos at(const History& history, std::size_t event) { return history[event].at; }

const Step& step_of(const History& history, const Wait& wait) { return history[wait.asked].step; }

/// A suspension without a future or a timer.
bool bare(const History& history, const Wait& wait) {
  const Step& step = step_of(history, wait);
  return wait.task && (step.verb == Verb::yield || (step.verb == Verb::sleep && step.time <= 0));
}

bool sleeps(const History& history, const Wait& wait) {
  const Step& step = step_of(history, wait);
  return wait.task && step.verb == Verb::sleep && step.time > 0;
}

/// Whether it ended in an error, such as a cancellation, and not in its own time.
bool broken_off(const History& history, const Wait& wait) {
  return wait.got != never && history[wait.got].answer.is_raised();
}

/// The first call_soon behind the event, or the last before it.
const Call* next_call_soon(const History& history, std::size_t event) {
  auto next = std::ranges::upper_bound(history.calls, event, {}, &Call::asked);
  while (next != history.calls.end() && next->verb != Verb::call_soon) ++next;
  return next == history.calls.end() ? nullptr : &*next;
}
const Call* previous_call_soon(const History& history, std::size_t event) {
  auto next = std::ranges::upper_bound(history.calls, event, {}, &Call::asked);
  while (next != history.calls.begin())
    if ((--next)->verb == Verb::call_soon) return &*next;
  return nullptr;
}

/// SLEEP-1
Verdict a_bare_yield_gives_up_one_pass(const History& history) {
  Ruling ruling;
  if (!passes_resume_all(history)) return ruling;
  for (const Wait& wait : history.waits) {
    if (!bare(history, wait) || broken_off(history, wait)) continue;
    if (!wait.suspended) {
      if (wait.got != never) ruling.require(false, wait.got, "the task went on at once");
      continue;
    }
    std::size_t end = history.poll(history.pass(wait.left) + 1);  // of the pass that it gives up
    if (wait.got == never && end == never) continue;
    bool at_once = wait.got != never && history.pass(wait.got) == history.pass(wait.left);
    ruling.require(!at_once, wait.got, "the task went on in the pass in which it yielded");
    ruling.require(wait.got < end, end, "the task gave up more than one pass");
    // Its place in the queue is that of the moment at which it yielded.
    if (wait.got == never) continue;
    const Call* behind = next_call_soon(history, wait.asked);
    if (behind && behind->entered != never)
      ruling.require(behind->entered > wait.got, wait.got, "a job that was queued later came first");
    const Call* before = previous_call_soon(history, wait.asked);
    if (before && before->entered != never)
      ruling.require(before->entered < wait.got, wait.got, "a job that was queued earlier had not run");
  }
  return ruling;
}

/// A poll that waits for the whole of the sleep when part of it has passed already: it has not begun
/// to count, or nobody will wake the task. `never` if there is none.
std::size_t poll_that_sleeps_anew(const History& history, const Wait& wait) {
  Nanos delay = step_of(history, wait).time, begun = at(history, wait.asked) + history.resolution();
  if (delay == forever) return never;
  for (std::size_t number = history.pass(wait.left) + 1; history.poll(number) < wait.got; ++number)
    if (at(history, history.after_wait(history.polls[number - 1])) >= begun &&
        history[history.polls[number]].time - history.resolution() >= delay)
      return history.polls[number];
  return never;
}

/// SLEEP-2
Verdict a_sleep_suspends_one_task_for_its_time(const History& history) {
  Ruling ruling;
  if (!passes_resume_all(history)) return ruling;
  for (const Wait& wait : history.waits) {
    if (!sleeps(history, wait) || broken_off(history, wait)) continue;
    ruling.reached();
    const Step& step = step_of(history, wait);
    std::size_t anew = wait.suspended ? poll_that_sleeps_anew(history, wait) : never;
    if (anew != never) ruling.require(false, anew, "the loop waits for all of a sleep that began long ago");
    if (wait.got == never) continue;
    Nanos slept = at(history, wait.got) - at(history, wait.asked);
    bool handed_over = history[wait.got].answer == (step.value.none() ? Answer{} : Answer::of(step.value));
    ruling.require(wait.suspended, wait.got, "the sleep did not give control to the loop");
    ruling.require(slept + history.resolution() > step.time, wait.got, "the task woke early");
    ruling.require(handed_over, wait.got, "the sleep did not yield the value that it was given");
  }
  return ruling;
}

/// SLEEP-3
Verdict a_sleeper_goes_on_one_pass_after_its_timer(const History& history) {
  Ruling ruling;
  if (!passes_resume_all(history)) return ruling;
  for (const Wait& wait : history.waits) {
    if (!sleeps(history, wait) || !wait.suspended || wait.got == never || broken_off(history, wait)) continue;
    // The poll whose pass collects its timer: the first that is over when the timer is due.
    Nanos due = history.latest_deadline(wait.asked);
    std::size_t number = history.pass(wait.left);
    while (history.poll(number) < wait.got && history.end_of_wait(history.polls[number]) < due) ++number;
    Nanos before = number > history.pass(wait.left) ? at(history, history.after_wait(history.polls[number - 1])) : 0;
    if (before - at(history, wait.asked) >= step_of(history, wait).time) continue;  // or the one before?
    ruling.require(history.pass(wait.got) == number + 2, wait.got,
                   "the task did not go on in the pass after that of its timer");
  }
  return ruling;
}

/// SLEEP-4
Verdict sleepers_wake_in_deadline_order(const History& history) {
  Ruling ruling;
  if (!passes_resume_all(history)) return ruling;
  auto woken = [&](const Wait& wait) {
    return sleeps(history, wait) && wait.got != never && !broken_off(history, wait);
  };
  auto surely_before = [&](const Wait& early, const Wait& late) {
    // A loop may count from the beginning of the pass, if it dares (TIMER-10).
    Nanos earliest = history.beginning_of_pass(late.asked) + step_of(history, late).time;
    return history.latest_deadline(early.asked) <= earliest - history.resolution() &&
           history.pass(early.asked) + 1 < history.pass(late.got);
  };
  for (const Wait& one : history.waits) {
    if (!woken(one)) continue;
    for (const Wait* other = &one + 1; other <= &history.waits.back(); ++other) {
      if (!woken(*other)) continue;
      if (surely_before(one, *other))
        ruling.require(one.got < other->got, other->got, "another task with an earlier deadline was asleep");
      else if (surely_before(*other, one))
        ruling.require(other->got < one.got, one.got, "another task with an earlier deadline was asleep");
    }
  }
  return ruling;
}

/// The task whose step the event is part of; null if none.
const FutureLife* task_at(const History& history, std::size_t event) {
  const Job* job = history.job_at(event);
  return job && job->step ? history.future(job->subject) : nullptr;
}

/// SLEEP-5
Verdict a_home_made_sleep_works(const History& history) {
  Ruling ruling;
  if (!passes_resume_all(history) || history.cancels) return ruling;
  for (const Wait& sleep : history.waits) {
    const FutureLife* future = sleep.task && sleep.suspended ? history.future(sleep.awaited) : nullptr;
    if (!future || future->task || future->completed == never || future->completed < sleep.left) continue;
    const FutureLife* watcher = task_at(history, future->completed);
    if (!watcher || watcher->id == sleep.task) continue;
    bool watched = false;
    for (const Wait& look : history.waits) {
      if (look.task != watcher->id || look.asked < sleep.left || look.asked > future->completed) continue;
      if (!bare(history, look) || !look.suspended) continue;
      watched = true;
      ruling.require(history.pass(look.got) == history.pass(look.left) + 1, look.got,
                     "the watcher did not get exactly one turn in each pass");
    }
    std::size_t end = history.poll(history.pass(future->completed) + 1);
    if (!watched || (sleep.got == never && end == never)) continue;
    bool in_time = sleep.got < end && history.pass(sleep.got) > history.pass(future->completed);
    ruling.require(in_time, std::min(sleep.got, end), "the sleeper did not go on in the next pass");
  }
  return ruling;
}

using enum Verb;

constexpr Property list[] = {
    {"SLEEP-1", a_bare_yield_gives_up_one_pass, {yield, sleep}},
    {"SLEEP-2", a_sleep_suspends_one_task_for_its_time, {sleep}},
    {"SLEEP-3", a_sleeper_goes_on_one_pass_after_its_timer, {sleep}},
    {"SLEEP-4", sleepers_wake_in_deadline_order, {sleep}},
    {"SLEEP-5", a_home_made_sleep_works, {await}},
};

}  // namespace

std::span<const Property> sleeping() { return list; }

}  // namespace cede
