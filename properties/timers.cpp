// spec/07-timers.md
//
// A deadline counts from the moment of the call (`Call::deadline`), the order of timers is the order
// of the loop's own deadlines (`Call::due`), and whether a timer could already be collected is asked
// of the latest moment that either may mean (`latest_deadline`).
#include <algorithm>
#include <ranges>
#include <tuple>

#include "properties/property.h"

namespace cede {
namespace {

auto timers_in(const History& history) {
  return history.calls | std::views::filter([](const Call& call) { return call.timer(); });
}

Nanos at(const History& history, std::size_t event) { return history[event].at; }

bool made_overdue(const History& history, const Call& timer) {
  return timer.deadline < at(history, timer.asked);
}

bool cancelled_before(const Call& timer, std::size_t event) {
  return timer.cancelled != never && timer.cancelled < event;
}

/// The event that shows that the loop passed over a timer which was due: the second poll since, or
/// the end at rest. `never` if it did not.
std::size_t passed_over(const History& history, const Call& timer) {
  std::size_t number = history.first_poll_when_due(timer);
  std::size_t next = history.poll(number + 1);
  if (next != never) return timer.entered > next ? next : never;
  bool lost = history.complete && timer.entered == never && number < history.polls.size();
  return lost ? history.events().size() - 1 : never;
}

/// The next job of the same pass, if that is no timer: one that was queued when the pass began.
const Job* queued_job_behind(const History& history, const Job& job) {
  const Job* next = &job + 1;
  if (next > &history.jobs.back() || history.pass(next->enter) != history.pass(job.enter)) return nullptr;
  const Call* call = history.call_of(*next);
  return call && call->timer() ? nullptr : next;
}

/// Whether time had passed since the beginning of the pass when the timer was made.
bool made_late(const History& history, const Call& timer) {
  return at(history, timer.asked) >= history.beginning_of_pass(timer.asked) + history.resolution();
}

/// The deadline by which a timer is early or not: the loop's own, unless that is before what was asked for.
Nanos owed_deadline(const History& history, const Call& timer) {
  if (history[timer.asked].step.time >= History::far) return timer.due;                      // TIMER-15's affair
  if (timer.verb == Verb::call_later && made_late(history, timer)) return timer.due;         // TIMER-10's
  return std::max(timer.due, timer.deadline);
}

/// TIMER-1
Verdict no_timer_is_early(const History& history) {
  Ruling ruling;
  for (const Call& timer : timers_in(history)) {
    if (timer.entered == never || timer.due == forever || made_overdue(history, timer)) continue;
    ruling.require(at(history, timer.entered) + history.resolution() > owed_deadline(history, timer),
                   timer.entered, "the timer ran before its deadline");
  }
  return ruling;
}

/// TIMER-2
Verdict late_timers_run_once_and_in_the_next_pass(const History& history) {
  Ruling ruling;
  if (!passes_are_whole(history)) return ruling;
  for (const Call& timer : timers_in(history)) {
    std::size_t late = history.poll(history.first_poll_when_due(timer));
    if (late == never || timer.entered < late || timer.cancelled != never) continue;
    if (at(history, late) == timer.latest) continue;  // on time: TIMER-9
    ruling.reached();
    std::size_t passed = passed_over(history, timer);
    if (timer.entered == never && passed == never) continue;
    ruling.require(passed == never, passed, "the timer was late already, and the loop passed over it");
    ruling.require(timer.calls == 1, timer.entered, "a late timer ran more than once");
  }
  return ruling;
}

/// The timers that were registered after this one and before the pass in which it ran: what is made
/// in that pass may come too late to be compared.
auto timers_made_beside(const History& history, const Call& timer) {
  const Call *first = &timer + 1, *last = first, *end = &history.calls.back() + 1;
  std::size_t ran = timer.entered == never ? history.polls.size() + 1 : history.pass(timer.entered);
  while (last != end && history.pass(last->asked) < ran) ++last;
  return std::span(first, last) | std::views::filter([](const Call& call) { return call.timer(); });
}

/// TIMER-3
Verdict earlier_deadlines_run_first(const History& history) {
  Ruling ruling;
  if (!passes_are_whole(history)) return ruling;
  for (const Call& one : timers_in(history)) {
    if (one.entered == never || made_overdue(history, one)) continue;
    for (const Call& other : timers_made_beside(history, one)) {
      if (other.entered == never || made_overdue(history, other)) continue;
      const auto& [early, late] = one.due < other.due ? std::tie(one, other) : std::tie(other, one);
      if (late.due - early.due < history.resolution()) continue;
      if (history.pass(other.asked) >= history.pass(other.entered)) continue;
      ruling.require(early.entered < late.entered, late.entered,
                     "another timer with an earlier deadline was waiting");
    }
  }
  return ruling;
}

/// TIMER-4
Verdict equal_deadlines_run_in_one_pass(const History& history) {
  Ruling ruling;
  if (!passes_are_whole(history)) return ruling;
  for (const Call& one : timers_in(history)) {
    if (one.due > history.events().back().at || one.cancelled != never) continue;
    for (const Call& other : timers_made_beside(history, one)) {
      if (other.due != one.due || other.cancelled != never) continue;
      std::size_t first = std::min(one.entered, other.entered), second = std::max(one.entered, other.entered);
      if (first == never || history.pass(other.asked) >= history.pass(first)) continue;
      std::size_t end = history.poll(history.pass(first));
      if (second == never && end == never) continue;
      ruling.require(second < end, end, "a timer with the same deadline was left over in its pass");
      if (other.entered < one.entered) ruling.variant("any", other.entered);
    }
  }
  return ruling;
}

/// TIMER-5
Verdict timers_without_delay_run_behind_the_queue_of_the_next_pass(const History& history) {
  Ruling ruling;
  if (!passes_are_whole(history)) return ruling;
  for (const Call& timer : timers_in(history)) {
    if (timer.entered == never || timer.verb != Verb::call_later) continue;
    if (history[timer.asked].step.time != 0) continue;
    std::uint32_t made = history.pass(timer.asked), ran = history.pass(timer.entered);
    ruling.require(ran != made, timer.entered, "the timer ran in the pass that made it");
    ruling.require(ran == made + 1, timer.entered, "the timer let a pass go by");
    const Job* behind = queued_job_behind(history, *history.job_at(timer.entered));
    ruling.require(!behind, timer.entered, "the timer ran before a job that was queued already");
  }
  return ruling;
}

/// TIMER-6
Verdict overdue_timers_run_by_deadline_in_the_next_pass(const History& history) {
  Ruling ruling;
  if (!passes_are_whole(history)) return ruling;
  for (std::size_t refused : history.refused) {
    const Event& event = history[refused];
    bool overdue = event.step.verb == Verb::call_later ? event.step.time < 0
                   : event.step.verb == Verb::call_at && event.step.time < event.at;
    if (overdue && history.closed > refused)
      ruling.require(false, refused, "a deadline in the past was refused");
  }
  for (const Call& timer : timers_in(history)) {
    if (!made_overdue(history, timer) || timer.entered == never) continue;
    const Job& job = *history.job_at(timer.entered);
    ruling.require(history.pass(timer.entered) == history.pass(timer.asked) + 1, timer.entered,
                   "an overdue timer did not run in the pass after it was made");
    ruling.require(!queued_job_behind(history, job), timer.entered,
                   "an overdue timer ran before a job that was queued already");
    const Call* before = &job == &history.jobs.front() ? nullptr : history.call_of(*(&job - 1));
    if (!before || !before->timer() || !made_overdue(history, *before)) continue;
    if (history.pass(before->entered) != history.pass(timer.entered)) continue;
    ruling.require(timer.latest >= before->deadline, timer.entered,
                   "an overdue timer ran behind one that was less overdue");
  }
  return ruling;
}

/// TIMER-7
Verdict timers_come_last_in_a_pass(const History& history) {
  Ruling ruling;
  if (!passes_are_whole(history)) return ruling;
  for (const Call& timer : timers_in(history)) {
    if (timer.entered != never) {
      const Job* behind = queued_job_behind(history, *history.job_at(timer.entered));
      ruling.require(!behind, timer.entered, "a timer ran before a job that was queued before the poll");
    }
    // Due by the wait of a poll, it belongs to the pass of that poll.
    std::size_t number = history.first_poll_when_due(timer);
    std::size_t waited = number > history.pass(timer.asked) ? history.polls[number - 1] : never;
    if (waited == never || timer.entered < waited || timer.cancelled != never) continue;
    if (history.end_of_wait(waited) < timer.latest) continue;
    std::size_t next = history.poll(number);
    if (timer.entered != never || next != never)
      ruling.require(timer.entered < next, next, "the wait made a timer due, and the pass ended without it");
  }
  return ruling;
}

/// Whether a run began between two events, and a pass with it.
bool run_began(const History& history, std::size_t from, std::size_t to) {
  for (; from < to; ++from)
    if (history[from].what == What::did && history[from].job == 0) return true;
  return false;
}

/// TIMER-8
Verdict what_becomes_due_in_a_pass_waits_for_the_next(const History& history) {
  Ruling ruling;
  for (const Call& timer : timers_in(history)) {
    if (timer.entered == never) continue;
    std::uint32_t pass = history.pass(timer.entered);
    if (history.pass(timer.asked) == pass) {
      if (history.job_at(timer.asked) && !run_began(history, timer.asked, timer.entered))
        ruling.require(false, timer.entered, "the timer ran in the pass that made it");
      continue;
    }
    std::size_t poll = history.polls[pass - 1];
    bool due_in_pass = timer.due >= at(history, history.after_wait(poll)) + history.resolution() &&
                       timer.due <= at(history, timer.entered);
    if (due_in_pass && !run_began(history, poll, timer.entered))
      ruling.require(false, timer.entered, "the timer became due while the jobs of this pass ran");
    else if (timer.latest <= at(history, poll) && history[poll - 1].what == What::leave)
      ruling.require(true, timer.entered, {});  // it was due before the poll, and waited for it
  }
  return ruling;
}

/// TIMER-9
Verdict a_deadline_that_is_reached_is_due(const History& history) {
  Ruling ruling;
  if (!passes_are_whole(history)) return ruling;
  for (const Call& timer : timers_in(history)) {
    if (timer.cancelled != never) continue;
    std::size_t number = history.first_poll_when_due(timer);
    std::size_t reached = history.poll(number), next = history.poll(number + 1);
    std::size_t before = number > history.pass(timer.asked) ? history.polls[number - 1] : never;
    bool by_wait = before != never && timer.entered > before && history.end_of_wait(before) == timer.latest;
    bool by_job = reached != never && timer.entered > reached && at(history, reached) == timer.latest;
    if (!by_wait && !by_job) continue;
    ruling.reached();
    if (timer.entered != never || next != never)
      ruling.require(timer.entered < next, next,
                     "the clock stood at the deadline, and the timer did not run");
  }
  return ruling;
}

/// TIMER-10
Verdict delays_count_from_the_call(const History& history) {
  Ruling ruling;
  const Nanos tick = history.resolution();
  Nanos clock = 0;  // as the latest call read it
  for (const Call& timer : timers_in(history)) {
    Nanos delay = history[timer.asked].step.time;
    if (timer.verb != Verb::call_later || delay < 0 || delay >= History::far) continue;
    if (timer.due - delay + tick <= clock)
      ruling.require(false, timer.asked, "the deadline is counted from before an earlier call: the clock went back");
    clock = std::max(clock, timer.due - delay);
    if (!made_late(history, timer)) continue;  // the moment of the call is that of its pass, too
    ruling.reached();
    if (timer.entered == never) continue;
    ruling.require(at(history, timer.entered) + tick > timer.deadline, timer.entered,
                   "the delay was counted from before the call");
  }
  return ruling;
}

bool takes_a_duration(Verb verb) {
  return std::ranges::find(row(verb).args, Arg::duration) != row(verb).args.end();
}

/// The earliest deadline among the timers that may still run at the event. The timers inside of sleeps
/// and timeouts are not in the trace; once there was one, it can be as early as one likes.
Nanos earliest_deadline(const History& history, std::size_t event) {
  Nanos earliest = forever;
  for (const Call& timer : timers_in(history))
    if (timer.asked < event && timer.entered > event && !cancelled_before(timer, event))
      earliest = std::min(earliest, timer.due);
  for (const Wait& wait : history.waits)
    if (wait.asked < event && takes_a_duration(history[wait.asked].step.verb)) earliest = 0;
  return earliest;
}

/// TIMER-11
Verdict cancelled_timers_neither_run_nor_wake(const History& history) {
  Ruling ruling;
  const Nanos tick = history.resolution();
  for (const Call& timer : timers_in(history)) {
    if (timer.cancelled == never || timer.entered < timer.cancelled) continue;
    ruling.reached();
    const Job* by = history.job_at(timer.cancelled);
    const Call* canceller = by ? history.call_of(*by) : nullptr;
    if (timer.entered != never) {
      // Cancelled by a queued job of its own pass, it is TIMER-12's.
      if ((canceller && canceller->timer()) || history.pass(timer.cancelled) < history.pass(timer.entered))
        ruling.require(false, timer.entered, "the timer had been cancelled");
      continue;
    }
    if (timer.due < history.events().back().at) ruling.require(true, timer.cancelled, {});
    // The earliest of all when it was cancelled, it must not wake the loop either.
    if (history.other_loop || earliest_deadline(history, timer.cancelled + 1) <= timer.due) continue;
    for (std::size_t number = history.pass(timer.cancelled);; ++number) {
      std::size_t idle = history.poll(number);
      if (idle == never || at(history, idle) >= timer.due) break;
      Nanos limit = history[idle].time, wake;
      if (limit <= 0 || __builtin_add_overflow(at(history, idle), limit, &wake)) continue;
      bool for_it = wake > timer.due - tick && wake < timer.due + tick;
      ruling.require(!for_it || earliest_deadline(history, idle) < wake + tick, idle,
                     "the loop waits for the deadline of a cancelled timer");
    }
  }
  return ruling;
}

/// TIMER-12
Verdict collected_timers_can_still_be_cancelled(const History& history) {
  Ruling ruling;
  if (history.other_loop) return ruling;
  for (const Call& timer : timers_in(history)) {
    if (timer.cancelled == never || timer.entered < timer.cancelled) continue;
    const Job* by = history.job_at(timer.cancelled);
    const Call* canceller = by ? history.call_of(*by) : nullptr;
    if (!by || (canceller && canceller->timer()) || history.pass(timer.cancelled) == 0) continue;
    std::size_t collected = history.polls[history.pass(timer.cancelled) - 1];
    if (timer.asked > collected) continue;
    if (history.end_of_wait(collected) < timer.latest) continue;
    ruling.require(timer.entered == never, timer.entered, "the timer had been cancelled by an earlier job");
  }
  return ruling;
}

/// The poll before the timer ran, or the last of all, if it would wait beyond the deadline; `never`
/// if it would not.
std::size_t oversleeping_poll(const History& history, const Call& timer) {
  std::size_t number = timer.entered == never ? history.polls.size() : history.pass(timer.entered);
  if (number <= history.pass(timer.asked)) return never;
  std::size_t poll = history.polls[number - 1];
  Nanos limit = history[poll].time, left = std::max<Nanos>(timer.latest, 0) - history.before_wait(poll);
  return limit > 0 && limit - history.resolution() >= left ? poll : never;
}

/// TIMER-13
Verdict polls_wait_until_the_earliest_deadline(const History& history) {
  Ruling ruling;
  if (history.other_loop) return ruling;
  for (const Call& call : history.calls) {
    if (call.verb == Verb::call_soon) {
      std::size_t next = history.poll(history.pass(call.asked));
      if (next == never || call.entered < next || cancelled_before(call, next)) continue;
      ruling.require(history[next].time <= 0, next, "the poll waits while a job is queued");
    } else if (call.timer() && call.cancelled == never) {
      if (call.latest >= History::far) continue;
      std::size_t poll = oversleeping_poll(history, call);
      ruling.require(poll == never, poll, "the poll waits beyond the deadline of a timer");
    }
  }
  return ruling;
}

/// TIMER-14
Verdict an_error_in_a_timer_harms_no_other(const History& history) {
  Ruling ruling;
  if (!passes_are_whole(history)) return ruling;
  for (const Job& job : history.jobs) {
    const Call* failed = history.call_of(job);
    if (!failed || !failed->timer() || job.leave == never) continue;
    const Event& last = history[job.leave - 1];
    if (!last.did(Verb::raise) || last.job != job.number) continue;
    if (last.frame != history[job.enter + 1].frame) continue;  // the error handler's, inside of the callback
    ruling.reached();
    if (std::size_t next = history.past_diagnostics(job.leave + 1); next < history.events().size())
      ruling.require(history[next].what == What::error, next, "the error handler was not called");
    for (const Call& timer : timers_in(history)) {
      if (timer.asked > job.enter || timer.entered < job.leave || timer.cancelled != never) continue;
      std::size_t passed = passed_over(history, timer);
      if (timer.entered == never && passed == never) continue;
      ruling.require(passed == never, passed, "a timer was passed over after another one had failed");
    }
  }
  return ruling;
}

/// TIMER-15
Verdict very_far_deadlines_do_not_fire(const History& history) {
  Ruling ruling;
  for (std::size_t refused : history.refused) {
    const Step& step = history[refused].step;
    if (step.time < History::far || history.closed < refused) continue;
    if (step.time == forever) ruling.variant("refused", refused);
    else ruling.require(false, refused, "a deadline that is far but finite was refused");
  }
  for (const Call& timer : timers_in(history)) {
    if (history[timer.asked].step.time < History::far) continue;
    ruling.reached();
    if (timer.cancelled != never || history.pass(timer.asked) == history.polls.size()) continue;
    bool fired = timer.entered != never &&
                 (timer.deadline == forever ||
                  at(history, timer.entered) + history.resolution() <= timer.due);  // by its own clock
    ruling.require(!fired, timer.entered, "a timer ran whose deadline is very far away");
  }
  return ruling;
}

using enum Verb;

constexpr Property list[] = {
    {"TIMER-1", no_timer_is_early, {call_later, call_at}},
    {"TIMER-2", late_timers_run_once_and_in_the_next_pass, {call_later, call_at}},
    {"TIMER-3", earlier_deadlines_run_first, {call_later, call_at}},
    {"TIMER-4", equal_deadlines_run_in_one_pass, {call_later, call_at}},
    {"TIMER-5", timers_without_delay_run_behind_the_queue_of_the_next_pass, {call_later, call_at}},
    {"TIMER-6", overdue_timers_run_by_deadline_in_the_next_pass, {call_later, call_at}},
    {"TIMER-7", timers_come_last_in_a_pass, {call_later, call_at}},
    {"TIMER-8", what_becomes_due_in_a_pass_waits_for_the_next, {call_later, call_at}},
    {"TIMER-9", a_deadline_that_is_reached_is_due, {call_later, call_at}},
    {"TIMER-10", delays_count_from_the_call, {call_later, call_at}},
    {"TIMER-11", cancelled_timers_neither_run_nor_wake, {call_later, call_at}},
    {"TIMER-12", collected_timers_can_still_be_cancelled, {call_later, call_at}},
    {"TIMER-13", polls_wait_until_the_earliest_deadline},
    {"TIMER-14", an_error_in_a_timer_harms_no_other, {call_later, call_at}},
    {"TIMER-15", very_far_deadlines_do_not_fire, {call_later, call_at}},
};

}  // namespace

std::span<const Property> timers() { return list; }

}  // namespace cede
