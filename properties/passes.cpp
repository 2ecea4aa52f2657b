// spec/06-passes.md: in which order jobs run, which of them make up a pass, and how a run ends.
//
// Two things are known without trusting the loop: where each job took its place in the queue
// (Job::queued), and between which two polls it ran (History::pass). What is added by jobs
// that some loops run in front of the queue is let alone (History::from_the_queue).
#include <algorithm>

#include "properties/property.h"
#include "properties/runs.h"

namespace cede {
namespace {

/// The job from the queue that added this one while it ran.
const Job* added_by(const History& history, const Job& job) {
  const Job* by = job.queued == never ? nullptr : history.job_at(job.queued);
  return by && history.from_the_queue(*by) ? by : nullptr;
}

/// Whether the loop may have served this before the queue of the same turn, or behind that of the last.
bool is_in_front_of_the_queue(const History& history, std::size_t event) {
  const Job* by = history.job_at(event);
  return by && !history.from_the_queue(*by);
}

/// Whether the job was queued already when the pass of an event in its run began.
bool is_in_batch_of(const History& history, const Job& job, std::size_t event, const Run& run) {
  return job.queued < run.asked || history.pass(job.queued) < history.pass(event);
}

/// The job that comes next, of those whose place in the queue is known.
const Job* next_queued(const History& history, const Job& job) {
  for (const Job* next = &job + 1; next < history.jobs.data() + history.jobs.size(); ++next)
    if (next->queued != never) return next;
  return nullptr;
}

/// That a run ends with the pass of `event`: all of its batch has run, and nothing that was added.
void require_last_pass(Ruling& ruling, const History& history, const Run& run, std::size_t event) {
  for (const Job& job : history.jobs) {
    if (job.enter < event || job.queued == never || job.queued > run.got) continue;
    bool in_batch = is_in_batch_of(history, job, event, run);
    if (!in_batch && !added_by(history, job)) continue;
    ruling.require(in_batch == (job.enter < run.got), job.enter,
                   in_batch ? "it was queued when the last pass of the run began, and had no turn in it"
                            : "it was added in the last pass of the run, and ran before the run's end");
  }
}

/// That the loop went on behind the job: neither its pass nor its run ended there.
void require_going_on(Ruling& ruling, const History& history, const Job& job, std::string_view why) {
  const Job* next = next_queued(history, job);
  if (!next || history.fatal || job.run == never || history.in_other_loop(job)) return;
  if (!history.from_the_queue(job)) return;
  const Run& run = history.runs[job.run];
  if (is_in_batch_of(history, *next, job.enter, run)) {
    bool same_pass = history.pass(next->enter) == history.pass(job.enter);
    ruling.require(history.trace().exact_order ? same_pass : next->run == job.run, next->enter, why);
  } else if (next->queued < run.got && !history.stops) {
    ruling.require(next->run == job.run || !came_back_unasked(history, run), next->enter, why);
  }
}

/// That the stop which ended the run before does not end this one too.
void require_no_stop_is_left(Ruling& ruling, const History& history, const Run& run) {
  if (run.stop == never && !completes_an_earlier_future(history, run))
    ruling.require(!came_back_unasked(history, run), run.got, "the last run's stop ended this one too");
}

/// PASS-1
Verdict jobs_run_in_the_order_in_which_they_were_enqueued(const History& history) {
  Ruling ruling;
  const Job* before = nullptr;
  for (const Job& job : history.jobs) {
    if (job.queued == never) continue;
    // Who waits for one completion is queued at one event; their order is FUT-4's and AWAIT-8's.
    if (before && job.queued < before->enter && job.queued != before->queued)
      ruling.require(before->queued < job.queued, job.enter, "it overtook a job that was enqueued before it");
    before = &job;
  }
  return ruling;
}

/// PASS-2
Verdict what_is_added_in_a_pass_runs_in_the_next(const History& history) {
  Ruling ruling;
  for (const Job& job : history.jobs)
    if (added_by(history, job))
      ruling.require(history.in_a_later_pass(job.queued, job.enter), job.enter,
                     "it was called in the pass that added it");
  return ruling;
}

/// PASS-3
Verdict to_schedule_is_not_to_call(const History& history) {
  Ruling ruling;
  bool nothing_is_lost = history.complete && !history.fatal;
  for (const Call& call : history.calls) {
    if (call.entered != never) {
      const Job* by = history.job_at(call.asked);
      bool in_main = !by && history[call.asked].frame == 1;  // otherwise the error handler
      if (by || in_main)
        ruling.require(by ? call.entered > by->leave : call.entered != call.asked + 1, call.entered,
                       "it was called before the step that scheduled it returned");
      ruling.require(call.calls == 1, call.entered, "it was registered once and called more often");
    } else if (nothing_is_lost && call.verb == Verb::call_soon && call.cancelled == never) {
      ruling.require(false, call.asked, "it was never called");
    }
  }
  return ruling;
}

/// PASS-4
Verdict one_job_at_a_time(const History& history) {
  Ruling ruling;
  for (const Job& job : history.jobs)
    if (job.number > 1 && !history.in_other_loop(job))
      ruling.require(job.outer == 0, job.enter, "it began while another job was running");
  return ruling;
}

/// PASS-5
Verdict a_cancelled_handle_never_runs(const History& history) {
  Ruling ruling;
  for (const Call& call : history.calls) {
    if (call.cancelled == never || call.verb != Verb::call_soon) continue;  // timers: TIMER-11, TIMER-12
    ruling.reached();
    bool went_on = history.complete || (!history.jobs.empty() && history.jobs.back().enter > call.cancelled);
    if (went_on && call.cancelled < call.entered)
      ruling.require(call.entered == never, call.entered, "it was called although it had been cancelled");
  }
  return ruling;
}

/// PASS-6
Verdict an_error_in_a_callback_does_not_stop_the_loop(const History& history) {
  Ruling ruling;
  for (const Job& job : history.jobs) {
    if (job.step || job.error == ErrorKind::none || job.error == ErrorKind::exit) continue;
    ruling.reached();
    if (history.complete) {
      auto reports = [&](const Event& event) {
        return tells_of_callback(event) && event.answer.value.error == job.error;
      };
      std::size_t event = job.leave;
      while (++event < history.events().size() && !reports(history[event])) {}
      ruling.require(event < history.events().size(), job.leave, "its error was reported to nobody");
    }
    for (const Run& run : history.runs)
      if (run.verb == Verb::run && run.got == job.leave + 1)
        ruling.require(!history[run.got].answer.is_raised(), run.got, "the error of a callback left the run");
    require_going_on(ruling, history, job, "an error in a callback ended its pass or its run");
  }
  return ruling;
}

/// PASS-7
Verdict the_error_handler_is_called_on_the_spot(const History& history) {
  Ruling ruling;
  for (const Job& job : history.jobs) {
    if (job.step || job.error == ErrorKind::none || job.error == ErrorKind::exit) continue;
    std::size_t event = history.past_diagnostics(job.leave + 1);
    if (event >= history.events().size()) continue;
    bool reported = tells_of_callback(history[event]) && history[event].answer.value.error == job.error;
    ruling.require(reported, event, "the loop went on before it reported an error");
    if (history.in_other_loop(job)) continue;
    // What follows outside of all jobs, and is not of main's frame, is the handler's.
    while (++event < history.events().size() && history[event].job == 0 && history[event].frame > 1) {
      const Step& step = history[event].step;
      const Call* call = history.call(history[event].made);
      if (step.verb == Verb::raise)
        require_going_on(ruling, history, job, "an error of the error handler ended the pass or the run");
      if (step.verb == Verb::call_soon && call && call->entered != never && history.from_the_queue(job))
        ruling.require(history.pass(event) < history.pass(call->entered) ||
                           history.job_at(call->entered)->run != job.run,
                       call->entered, "what the error handler scheduled ran in the same pass");
    }
  }
  return ruling;
}

/// PASS-8
Verdict a_fatal_error_leaves_run_and_loses_no_job(const History& history) {
  Ruling ruling;
  if (!history.fatal) return ruling;
  for (const Job& job : history.jobs) {
    if (job.error != ErrorKind::exit) continue;
    std::size_t event = history.past_diagnostics(job.leave + 1);
    if (event >= history.events().size()) continue;
    const Event& after = history[event];
    ruling.require(after.what == What::got && after.answer.is_raised(ErrorKind::exit), event,
                   "a fatal error did not leave the run at once");
    if (history.in_other_loop(job)) continue;
    for (std::size_t asked : history.loop_steps)
      if (asked == event + 1 && history[asked].step.verb == Verb::is_running)
        ruling.require(history[asked].answer.value == Value::of(false), asked,
                       "the loop says that it runs, although a fatal error has left it");
    for (const Run& next : history.runs)
      if (next.asked > event && turns_this_loop(next) && next.asked < history.closed) {
        bool refused = next.got == next.asked + 1 && history[next.got].answer.is_raised(ErrorKind::runtime);
        ruling.require(!refused, next.got, "the loop cannot run again after a fatal error");
        break;
      }
    for (const Call& call : history.calls)
      if (call.verb == Verb::call_soon && call.asked < job.leave && call.entered > job.leave &&
          call.cancelled == never && (history.complete || call.entered != never))
        ruling.require(call.entered != never, call.asked, "it was queued at a fatal error and lost");
  }
  return ruling;
}

/// PASS-9
Verdict stop_lets_the_pass_finish(const History& history) {
  Ruling ruling;
  if (!history.stops) return ruling;
  bool stopped = false;  // the run before, from within
  for (const Run& run : history.runs) {
    if (!was_a_run(history, run)) continue;
    if (stopped) require_no_stop_is_left(ruling, history, run);
    stopped = run.stop != never && run.stop > run.asked;
    if (!stopped) continue;
    ruling.reached();
    ruling.require(run.rested == never, run.rested, "the run went on after the stop, until nothing was left");
    if (!ended_fatally(history, run) && !is_in_front_of_the_queue(history, run.stop))
      require_last_pass(ruling, history, run, run.stop);
  }
  return ruling;
}

/// What was queued since the run before has its turn in the one pass of this one.
void require_a_turn(Ruling& ruling, const History& history, const Run& run) {
  std::size_t before = 0;
  for (const Run& earlier : history.runs)
    if (&earlier < &run && earlier.got != never) before = std::max(before, earlier.got);
  for (const Call& call : history.calls)
    if (call.verb == Verb::call_soon && call.asked > before && call.asked < run.asked && call.cancelled > run.got)
      ruling.require(call.entered < run.got, run.got, "a job that was queued before had no turn in the one pass");
  for (const FutureLife& task : history.futures)
    if (task.task && task.made > before && task.made < run.asked)
      ruling.require(!task.steps.empty(), run.got, "a task that was made before had no turn in the one pass");
}

/// PASS-10
Verdict stop_before_run_makes_one_pass(const History& history) {
  Ruling ruling;
  if (!history.stops) return ruling;
  bool stopped = false;  // the run before, in advance
  for (const Run& run : history.runs) {
    if (!turns_this_loop(run) || run.got == never || run.asked > history.closed) continue;
    if (stopped) require_no_stop_is_left(ruling, history, run);
    stopped = run.stop < run.asked;
    if (!stopped) continue;
    ruling.require(run.rested == never, run.rested, "it ran on although it had been stopped in advance");
    std::uint32_t polls = history.pass(run.got) - history.pass(run.asked);
    if (polls > 0) {
      std::size_t poll = history.polls[history.pass(run.asked)];
      ruling.require(history[poll].time <= 0, poll, "a run that was stopped in advance was ready to wait");
    }
    if (ended_fatally(history, run)) continue;
    if (history.trace().exact_order)
      ruling.require(polls == 1, run.got, "a run that was stopped in advance did not make exactly one pass");
    require_last_pass(ruling, history, run, run.asked);
    require_a_turn(ruling, history, run);
  }
  return ruling;
}

/// PASS-11
Verdict the_last_pass_still_looks_at_the_timers(const History& history) {
  Ruling ruling;
  for (const Run& run : history.runs) {
    if (!was_a_run(history, run) || run.rested != never || ended_fatally(history, run)) continue;
    // Where the last pass began. That a completed future stops the loop is seen in exact order only.
    bool stopped = run.stop != never;
    if (stopped && is_in_front_of_the_queue(history, run.stop)) continue;
    if (!stopped && !history.trace().exact_order) continue;
    std::uint32_t polls = history.pass(!stopped ? run.got : std::max(run.stop, run.asked + 1));
    std::size_t begin = polls > history.pass(run.asked) ? history.polls[polls - 1] : run.asked;
    for (const Call& call : history.calls)
      if (call.timer() && call.asked < begin && call.latest <= history[begin].at && call.entered > begin &&
          call.cancelled > run.got)
        ruling.require(call.entered < run.got, run.got, "the last pass left out a timer that had been due");
  }
  return ruling;
}

/// PASS-12
Verdict run_until_complete_hands_out_the_outcome(const History& history) {
  Ruling ruling;
  for (const Run& run : history.runs) {
    if (run.verb != Verb::run_until_complete || !was_a_run(history, run)) continue;
    if (ended_fatally(history, run)) continue;
    const FutureLife* future = history.future(run.future);
    if (!future || (history.cancels && (future->task || future->completed == never))) continue;
    if (future->completed > run.got) {
      ruling.require(!came_back_unasked(history, run), run.got,
                     "it returned before the future was done, though nobody said stop");
      continue;
    }
    const Answer& answer = history[run.got].answer;
    bool both_none = answer.kind == Answer::Kind::nothing && future->outcome == Answer::of(Value{});
    ruling.require(both_none || answer == future->outcome, run.got, "that is not the outcome of the future");
  }
  return ruling;
}

/// PASS-13
Verdict run_until_complete_returns_after_one_more_pass(const History& history) {
  Ruling ruling;
  for (const Run& run : history.runs) {
    if (run.verb != Verb::run_until_complete || !was_a_run(history, run)) continue;
    if (run.stop != never || run.rested != never || ended_fatally(history, run)) continue;
    if (an_earlier_end_is_queued(history, run)) continue;
    const FutureLife* future = history.future(run.future);
    if (!future || future->completed < run.asked || future->completed > run.got) continue;
    std::uint32_t last = history.pass(future->completed) + 1;
    ruling.require(history.pass(run.got) == last, run.got,
                   "it did not return after the pass behind the one that completed the future");
    for (const Job& job : history.jobs)
      if (job.enter > run.got && job.queued != never && job.queued < run.got)
        ruling.require(history.pass(job.queued) == last, job.enter,
                       "it was queued by the end of the completing pass and had no turn in the last one");
  }
  return ruling;
}

/// PASS-14
Verdict run_until_complete_of_a_done_future_and_of_one_that_stays_pending(const History& history) {
  Ruling ruling;
  bool left_pending = false;  // an earlier run_until_complete ended before its future was done
  for (const Run& run : history.runs) {
    if (!was_a_run(history, run)) continue;
    if (left_pending && completes_an_earlier_future(history, run))
      ruling.require(!came_back_unasked(history, run), run.got,
                     "the completion of a future ended a run that did not wait for it");
    const FutureLife* future = history.future(run.future);
    if (run.verb != Verb::run_until_complete || !future || ended_fatally(history, run)) continue;
    if (future->completed < run.asked) {
      if (history.trace().exact_order)
        ruling.require(history.pass(run.got) == history.pass(run.asked) + 1, run.got,
                       "it did not make exactly one pass for a future that is done");
      require_last_pass(ruling, history, run, run.asked);
    } else if (future->completed > run.got && !history.cancels) {
      left_pending = true;
      ruling.require(history[run.got].answer.is_raised(ErrorKind::runtime), run.got,
                     "the run ended before the future was done, and that was no error");
    }
  }
  return ruling;
}

/// PASS-15
Verdict nothing_is_lost_between_two_runs(const History& history) {
  Ruling ruling;
  for (const Job& job : history.jobs)
    if (job.run == never) ruling.require(false, job.enter, "it was executed while the loop was stopped");
  if (history.fatal || history.runs.size() < 2) return ruling;

  // The end of the first run that is followed by another.
  const Run& run = history.runs.front();
  if (!was_a_run(history, run)) return ruling;
  constexpr Nanos soon = 1000 * second;  // what is far beyond may be rounded to for ever
  for (const Call& call : history.calls) {
    if (call.asked > run.got || call.entered < run.got || call.cancelled != never) continue;
    bool has_to_come = call.timer() ? call.due < soon : history.queued(call) != never;
    if (call.entered != never || (history.complete && has_to_come))
      ruling.require(call.entered != never, call.asked, "it was waiting when a run ended, and was lost");
  }
  if (history.cancels || !history.complete) return ruling;
  for (const FutureLife& task : history.futures)
    if (task.task && task.made < run.got && task.completed > run.got)
      ruling.require(task.completed != never || history.queued(task) == never, task.made,
                     "the task was not done when a run ended, and never went on");
  return ruling;
}

/// PASS-16
Verdict no_loop_inside_a_running_loop(const History& history) {
  Ruling ruling;
  for (const Run& run : history.runs) {
    if (!run.nested || run.asked + 1 >= history.events().size()) continue;
    bool refused = run.got == run.asked + 1 && history[run.got].answer.is_raised(ErrorKind::runtime);
    ruling.require(refused, run.asked + 1, "a loop was run inside a running one");
    if (const Job* by = history.job_at(run.asked))
      require_going_on(ruling, history, *by, "an attempt to run a loop inside a job ended its pass or run");
  }
  return ruling;
}

/// PASS-17
Verdict close_is_refused_while_running_and_final_otherwise(const History& history) {
  Ruling ruling;
  for (std::size_t asked : history.loop_steps) {
    const Event& event = history[asked];
    if (event.step.verb == Verb::close && run_around(history, asked))
      ruling.require(event.answer.is_raised(), asked, "the loop let itself be closed while it ran");
    else if (event.step.verb == Verb::close)
      ruling.require(!event.answer.is_raised(), asked, "close was refused although the loop did not run");
    else if (event.step.verb == Verb::is_closed)
      ruling.require(event.answer.value == Value::of(asked > history.closed), asked,
                     "the loop does not know whether it is closed");
  }
  if (history.closed == never) return ruling;
  for (std::size_t event = history.closed + 1; event < history.events().size(); ++event) {
    const Event& later = history[event];
    Verb verb = later.step.verb;
    bool schedules = later.did(Verb::call_soon) || later.did(Verb::call_later) || later.did(Verb::call_at) ||
                     later.did(Verb::create_task);
    bool runs = verb == Verb::run || verb == Verb::run_until_complete;
    if (schedules || (later.what == What::got && runs))
      ruling.require(later.answer.is_raised(ErrorKind::runtime), event, "a closed loop took it on");
  }
  for (const Job& job : history.jobs)
    if (job.enter > history.closed && !history.in_other_loop(job))
      ruling.require(false, job.enter, "a closed loop executed a job");
  return ruling;
}

/// PASS-18
Verdict one_running_loop_each_with_its_own_jobs(const History& history) {
  Ruling ruling;
  for (std::size_t asked : history.loop_steps) {
    const Event& event = history[asked];
    if (event.step.verb != Verb::get_running_loop) continue;
    const Job* job = history.job_at(asked);
    if (!job && (event.frame != main_frame || run_around(history, asked))) continue;  // the error handler's
    Value loop = !job ? Value{} : Value::of(Name(history.in_other_loop(*job) ? "other" : "this"));
    ruling.require(event.answer.value == loop, asked, "that is not the loop that is running");
  }
  if (!history.other_loop) return ruling;
  for (const Job& job : history.jobs) {
    bool of_other_loop = std::ranges::any_of(history.runs, [&](const Run& run) {
      return run.verb == Verb::run_in_new_loop && history[run.asked].id == job.subject;
    });
    if (history.in_other_loop(job) || of_other_loop)
      ruling.require(history.in_other_loop(job) && of_other_loop, job.enter,
                     "a loop executed a job that was given to another");
  }
  return ruling;
}

using enum Verb;

constexpr Property list[] = {
    {"PASS-1", jobs_run_in_the_order_in_which_they_were_enqueued},
    {"PASS-2", what_is_added_in_a_pass_runs_in_the_next},
    {"PASS-3", to_schedule_is_not_to_call},
    {"PASS-4", one_job_at_a_time},
    {"PASS-5", a_cancelled_handle_never_runs, {cancel}},
    {"PASS-6", an_error_in_a_callback_does_not_stop_the_loop, {raise}},
    {"PASS-7", the_error_handler_is_called_on_the_spot, {raise}},
    {"PASS-8", a_fatal_error_leaves_run_and_loses_no_job, {raise, set_exception}},
    {"PASS-9", stop_lets_the_pass_finish, {stop}},
    {"PASS-10", stop_before_run_makes_one_pass, {stop}},
    {"PASS-11", the_last_pass_still_looks_at_the_timers},
    {"PASS-12", run_until_complete_hands_out_the_outcome, {run_until_complete}},
    {"PASS-13", run_until_complete_returns_after_one_more_pass, {run_until_complete}},
    {"PASS-14", run_until_complete_of_a_done_future_and_of_one_that_stays_pending, {run_until_complete}},
    {"PASS-15", nothing_is_lost_between_two_runs},
    {"PASS-16", no_loop_inside_a_running_loop, {run, run_until_complete, run_in_new_loop}},
    {"PASS-17", close_is_refused_while_running_and_final_otherwise, {close, is_closed}},
    {"PASS-18", one_running_loop_each_with_its_own_jobs, {get_running_loop, run_in_new_loop, is_running}},
};

}  // namespace

std::span<const Property> passes() { return list; }

}  // namespace cede
