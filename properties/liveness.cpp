// spec/17-liveness.md
//
// Cost is counted, never measured: polls, passes and calls, in virtual time.
#include <algorithm>

#include "properties/descriptors.h"
#include "properties/property.h"

namespace cede {
namespace {

Nanos at(const History& history, std::size_t event) { return history[event].at; }

/// A loop that cannot say `for ever`, or does not trust its clock, says this again and again: to wake up once
/// in so long a time is to rest.
constexpr Nanos long_wait = 50 * second;

/// LIVE-1
Verdict an_idle_loop_rests(const History& history) {
  // What a trace does not show may take a pass: a cancelled job, a timer inside of a sleep, a deadline
  // that the loop has rounded. None of them takes so many.
  constexpr std::size_t some = 32;
  Ruling ruling;
  std::size_t steps = 0, in_vain = 0, in_a_row = 0;
  bool something = true;  // happened since the last poll
  for (std::size_t index = 0; index < history.events().size(); ++index) {
    const Event& event = history[index];
    if (event.what == What::did) ++steps;
    if (event.what != What::poll) {
      something = true;
      continue;
    }
    if (something) in_a_row = 0;
    else if (event.time < long_wait) ++in_vain, ++in_a_row;
    something = false;
    if (event.time != 0) ruling.require(true, index, {});
    ruling.require(in_a_row <= some, index, "the loop polled and polled, and nothing happened");
    ruling.require(in_vain <= some + 2 * steps, index, "the loop woke up far more often than there was cause");
  }
  return ruling;
}

/// LIVE-2
Verdict a_run_does_not_return_by_itself(const History& history) {
  Ruling ruling;
  if (!passes_are_whole(history)) return ruling;
  for (const Run& run : history.runs) {
    // Ended too early, it may leave its own stop to the next run.
    if (run.verb == Verb::run_until_complete && run.stop != never) return ruling;
    if (run.verb != Verb::run || run.nested || run.got == never || history[run.got].answer.is_raised()) continue;
    ruling.require(run.stop != never || run.rested != never, run.got, "the run returned, and nobody had stopped it");
  }
  return ruling;
}

/// Whether the pass of the poll runs a job that was queued before and queues another.
bool goes_on_at(const History& history, std::size_t poll) {
  for (const Job& job : history.jobs) {
    if (job.enter < poll || history.pass(job.enter) != history.pass(poll) + 1) continue;
    if (job.queued == never || job.queued > poll || job.leave == never) continue;
    for (const Call& call : history.calls)
      if (call.verb == Verb::call_soon && call.asked > job.enter && call.asked < job.leave) return true;
  }
  return false;
}

/// LIVE-3
Verdict jobs_do_not_starve_timers(const History& history) {
  Ruling ruling;
  if (!passes_are_whole(history)) return ruling;
  for (const Call& timer : history.calls) {
    if (!timer.timer() || timer.cancelled != never) continue;
    std::size_t number = history.first_poll_when_due(timer);
    std::size_t due = history.poll(number), next = history.poll(number + 1);
    if (next == never || timer.entered < due || !goes_on_at(history, due)) continue;
    ruling.require(timer.entered < next, next, "jobs went on queueing jobs, and a due timer had to wait");
  }
  return ruling;
}

/// The first call_soon that is asked behind the event, in the job if there is one, and entered.
const Call* next_hop(const History& history, std::size_t event, const Job* job) {
  for (const Call& call : history.calls) {
    if (call.verb != Verb::call_soon || call.asked < event || call.entered == never) continue;
    if (job && call.asked > job->leave) return nullptr;
    return &call;
  }
  return nullptr;
}

/// The first call of the registration behind the event.
std::size_t called_after(const History& history, const Watch& watch, std::size_t event) {
  for (const Job& job : history.jobs)
    if (job.subject == watch.id && job.enter > event) return job.enter;
  return never;
}

/// Whether anything else than jobs and polls could have spoken against the call.
bool disturbed(const History& history, const Watch& watch, std::size_t from, std::size_t to) {
  for (std::size_t event = from + 1; event < to; ++event) {
    const Event& between = history[event];
    if (between.what != What::did && between.what != What::got) continue;
    if (between.step.verb == Verb::read || between.step.verb == Verb::receive) return true;
  }
  return watch.ended < to;
}

/// A descriptor that becomes ready while jobs go on: two jobs in a row, the second queued by the first,
/// are two passes, and the poll is between them.
void judge_descriptors_beside_jobs(const History& history, const Descriptors& descriptors, Ruling& ruling) {
  for (std::size_t event = 0; event < history.events().size(); ++event) {
    const Event& write = history[event];
    if (!write.did(Verb::write)) continue;
    if (write.answer.kind != Answer::Kind::nothing) continue;
    const Watch* watch = descriptors.watch(write.id, Direction::read, event);
    const Call* first = watch ? next_hop(history, event, nullptr) : nullptr;
    const Call* second = first ? next_hop(history, first->entered, history.job_at(first->entered)) : nullptr;
    if (!second || disturbed(history, *watch, event, second->entered)) continue;
    ruling.require(called_after(history, *watch, event) < second->entered, second->entered,
                   "jobs went on queueing jobs, and nobody looked at the descriptors");
  }
}

/// LIVE-4
Verdict jobs_and_chatter_do_not_starve_descriptors(const History& history) {
  Ruling ruling;
  if (!passes_are_whole(history)) return ruling;
  const Descriptors descriptors(history);
  judge_descriptors_beside_jobs(history, descriptors, ruling);
  std::vector<const Turn*> passed(descriptors.watches.size());  // by registration: a turn without a call
  for (const Turn& turn : descriptors.turns) {
    const Turn*& before = passed[turn.watch];
    if (turn.owed() && !turn.alone) {
      bool again = before && turn.called == never;
      ruling.require(!again, turn.end, "other descriptors were served for two passes, and this one was not");
    }
    before = turn.owed() && turn.called == never ? &turn : nullptr;
  }
  return ruling;
}

/// How often one and the same registration was called between two events.
int most_calls(const History& history, const Descriptors& descriptors, std::size_t from, std::size_t to) {
  std::ptrdiff_t most = 0;
  for (const Watch& watch : descriptors.watches)
    most = std::max(most, std::ranges::count_if(history.jobs, [&](const Job& job) {
                      return job.subject == watch.id && job.enter > from && job.enter < to;
                    }));
  return static_cast<int>(most);
}

/// LIVE-5
Verdict a_ready_descriptor_does_not_starve_the_others(const History& history) {
  Ruling ruling;
  if (!passes_are_whole(history)) return ruling;
  const Descriptors descriptors(history);
  if (descriptors.watches.empty()) return ruling;
  for (const Call& call : history.calls) {
    if ((!call.timer() && call.verb != Verb::call_soon) || call.cancelled != never) continue;
    std::size_t due = call.timer() ? history.poll(history.first_poll_when_due(call)) : call.asked;
    if (due == never || call.entered < due) continue;
    int calls = most_calls(history, descriptors, due, call.entered);
    if (calls > 0)
      ruling.require(calls <= 2, std::min(call.entered, history.events().size() - 1),
                     call.timer() ? "a descriptor was served again and again, and a due timer had to wait"
                                  : "a descriptor was served again and again, and a queued job had to wait");
  }
  return ruling;
}

/// What a job that holds the thread does to the timers that become due meanwhile.
void judge_timers_behind(const History& history, const Job& hog, Ruling& ruling) {
  std::size_t next = history.poll(history.pass(hog.leave) + 1);
  for (const Call& timer : history.calls) {
    bool overdue = timer.timer() && timer.asked < hog.enter && timer.entered > hog.enter &&
                   timer.latest <= at(history, hog.leave) && timer.latest > at(history, hog.enter);
    if (!overdue || timer.cancelled != never) continue;
    ruling.require(timer.entered > hog.leave, timer.entered, "it ran in the midst of a job");
    if (timer.entered != never || next != never)
      ruling.require(timer.entered < next, next, "what was overdue behind a long job did not run");
  }
}

/// ... and to the tasks that sleep.
void judge_sleepers_behind(const History& history, const Job& hog, Ruling& ruling) {
  std::size_t end = history.poll(history.pass(hog.leave) + 2);  // of the pass in which they go on
  for (const Wait& wait : history.waits) {
    bool sleeps = wait.task && wait.suspended && history[wait.asked].step.verb == Verb::sleep;
    if (!sleeps || wait.left > hog.enter || wait.got < hog.enter) continue;
    Nanos deadline = history.latest_deadline(wait.asked);
    if (deadline > at(history, hog.leave) || deadline <= at(history, hog.enter)) continue;
    if (hog.step && hog.subject == wait.task) continue;  // it woke early, before it held the thread
    ruling.require(wait.got > hog.leave, wait.got, "a sleeper woke in the midst of a job");
    if (wait.got != never || end != never)
      ruling.require(wait.got < end, end, "a sleeper that was overdue behind a long job did not go on");
  }
}

/// LIVE-6
Verdict a_job_that_hogs_delays_everybody_and_loses_nobody(const History& history) {
  Ruling ruling;
  if (!passes_are_whole(history) || history.by_hand || history.cancels) return ruling;
  for (const Job& job : history.jobs) {
    if (job.leave == never || at(history, job.leave) == at(history, job.enter)) continue;
    judge_timers_behind(history, job, ruling);
    judge_sleepers_behind(history, job, ruling);
  }
  return ruling;
}

/// LIVE-12
Verdict waits_overlap(const History& history) {
  Ruling ruling;
  if (!passes_are_whole(history) || history.by_hand || history.cancels) return ruling;
  const Descriptors descriptors(history);
  for (std::size_t poll : history.polls) {
    auto open = [&](std::size_t asked, std::size_t got) { return asked < poll && got > poll; };
    if (history[poll].time == 0) continue;
    std::size_t waiting = 0, next = history.poll(history.pass(poll) + 1);
    for (const Receive& receive : descriptors.receives) waiting += open(receive.asked, receive.got);
    for (const Wait& wait : history.waits)
      waiting += history[wait.asked].step.verb == Verb::sleep && open(wait.asked, wait.got);
    if (waiting < 2) continue;
    for (const Wait& wait : history.waits) {
      if (history[wait.asked].step.verb != Verb::sleep || !wait.task || !open(wait.asked, wait.got)) continue;
      Nanos deadline = history.latest_deadline(wait.asked);
      Nanos left = std::max<Nanos>(0, deadline - history.before_wait(poll));
      if (deadline != forever)
        ruling.require(history[poll].time - history.resolution() <= left, poll,
                       "the loop waits for others beyond the time of a sleeper");
    }
    for (const Receive& receive : descriptors.receives) {
      if (!receive.known || receive.ready || !open(receive.asked, receive.got)) continue;
      ruling.require(receive.poll >= poll, poll, "the loop waits for others while there is something to receive");
      if (receive.poll != poll || receive.since < poll || next == never) continue;
      // Data came inside this wait: it has to end with it, and not when others are ready too.
      std::size_t after = receive.since + 1;
      while (after < next && history[after].what == What::got && history[after].frame == 0) ++after;
      ruling.require(after == receive.since + 1 || at(history, after - 1) == at(history, receive.since), receive.since,
                     "data came, and the loop waited on for others");
      ruling.require(history[after].what != What::rest, after, "data came, and nobody was woken");
    }
  }
  return ruling;
}

using enum Verb;

constexpr Property list[] = {
    {"LIVE-1", an_idle_loop_rests},
    {"LIVE-2", a_run_does_not_return_by_itself},
    {"LIVE-3", jobs_do_not_starve_timers, {call_later, call_at}},
    {"LIVE-4", jobs_and_chatter_do_not_starve_descriptors, {add_reader, add_writer}},
    {"LIVE-5", a_ready_descriptor_does_not_starve_the_others, {add_reader, add_writer}},
    {"LIVE-6", a_job_that_hogs_delays_everybody_and_loses_nobody, {busy}},
    {"LIVE-12", waits_overlap, {sleep, receive}},
};

}  // namespace

std::span<const Property> liveness() { return list; }

}  // namespace cede
