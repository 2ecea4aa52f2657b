// spec/05-cancellation.md
//
// What a request to cancel has to bring about is in `History::cancellations`. Judges look at what they find
// there, and at nothing behind the event from which on nothing is known.
#include <algorithm>

#include "properties/cancelled.h"

namespace cede {
namespace {

using Met = Cancellation::Met;

/// CANCEL-1
Verdict a_request_only_asks(const History& history) {
  Ruling ruling;
  for (std::size_t index : history.about_futures) {
    const Event& event = history[index];
    const FutureLife* task = history.future(event.id);
    if (!task || !task->task || index >= history.cancellations.until) continue;
    bool done = task->done_before(index);
    if (asks_to_cancel(event.step.verb))
      ruling.require(event.answer == Answer::of(Value::of(!done)), index,
                     done ? "the task was done and yet asked to cancel" : "a task that was not done was not asked");
    else if ((event.step.verb == Verb::done || event.step.verb == Verb::cancelled) && task->cancel_asked < index &&
             !done)
      ruling.require(event.answer == Answer::of(Value::of(false)), index, "it was only asked; its coroutine goes on");
    else if (done && task->challenged < index && event.step.verb == Verb::result)
      ruling.require(agree(event.answer, history.cancellations.outcome(history, task->id, index)), index,
                     "a request that came too late has changed the outcome");
  }
  return ruling;
}

/// CANCEL-2
Verdict a_task_that_has_not_begun_never_begins(const History& history) {
  Ruling ruling;
  for (const Cancellation& cancellation : history.cancellations.all) {
    if (cancellation.met != Met::unbegun) continue;
    require_raised(ruling, history, cancellation, "it was cancelled before its first step and began all the same");
    const FutureLife& task = *history.future(cancellation.task);
    const Job* job = job_of(history, cancellation);
    if (!job || task.frame || task.completed == never) continue;
    require_outcome(ruling, history, task, "it never began, and yet it is not cancelled");
    for (const Call& call : history.calls) {
      if (call.future != task.id || call.asked > task.completed || call.removed != never) continue;
      if (call.entered != never)
        ruling.require(history.in_a_later_pass(task.completed, call.entered), call.entered, "it was called too early");
      else if (all_is_over(history))
        ruling.require(false, call.asked, "the task was cancelled and this was never called");
    }
  }
  return ruling;
}

/// CANCEL-3
Verdict what_a_task_waits_for_is_cancelled_in_its_place(const History& history) {
  Ruling ruling;
  for (const Cancellation& cancellation : history.cancellations.all) {
    if (cancellation.met != Met::waiting) continue;
    each_question(history, cancellation.future, cancellation.struck, [&](std::size_t index) {
      Verb question = history[index].step.verb;
      if (question == Verb::done || question == Verb::cancelled)
        ruling.require(history[index].answer == Answer::of(Value::of(true)), index,
                       "what the cancelled task waits for was not cancelled");
    });
    require_raised(ruling, history, cancellation, "it was cancelled while it waited, and nothing was raised there");
    if (const Job* job = job_of(history, cancellation))
      require_next_pass(ruling, history, cancellation.struck, *job, "the cancellation was not raised one pass later");
  }
  require_place(ruling, history, Met::waiting);
  return ruling;
}

/// CANCEL-4
Verdict the_innermost_sees_it_first(const History& history) {
  Ruling ruling;
  for (const Passed& passed : history.cancellations.passed) {
    const Wait& wait = history.waits[passed.wait];
    std::size_t ended = history.future(passed.inner)->completed;
    if (wait.got < history.cancellations.until) {
      ruling.require(ended < wait.got, wait.got, "it went on before the task that it waits for was over");
      if (passes_count(history) && ended < wait.got)
        ruling.require(history.pass(wait.got) == history.pass(ended) + 1, wait.got,
                       "it did not go on in the pass after the end of the task that it waits for");
    } else if (wait.got == never && ended != never && all_is_over(history)) {
      ruling.require(false, wait.asked, "the task that it waits for is over, and it never went on");
    }
  }
  return ruling;
}

/// CANCEL-5
Verdict an_inner_task_may_absorb_it(const History& history) {
  Ruling ruling;
  for (const Passed& passed : history.cancellations.passed) {
    const Wait& wait = history.waits[passed.wait];
    if (wait.got >= history.cancellations.until || raised_at(history, wait)) continue;
    const Answer outcome = history.cancellations.outcome(history, passed.inner, wait.got);
    if (outcome.is_raised() || !history.future(passed.inner)->done_before(wait.got)) continue;
    ruling.require(agree(history[wait.got].answer, outcome), wait.got,
                   "the inner task has absorbed the cancellation, but the outer did not get its value");
  }
  return ruling;
}

/// The step by which the frame was called; null if nobody awaits it.
const Event* call_of(const History& history, const Frame& frame) {
  return frame.caller && frame.by != never ? &history[frame.by] : nullptr;
}

/// Whether the error that leaves the frame goes on to its caller.
bool goes_on_to_caller(const History& history, const Frame& frame) {
  const Event* by = call_of(history, frame);
  bool catches = by && by->step.verb == Verb::catch_ && by->step.value.error == ErrorKind::cancelled;
  return by && !catches && by->step.verb != Verb::finally_;
}

/// CANCEL-6
Verdict all_frames_unwind_in_one_step(const History& history) {
  Ruling ruling;
  for (const Cancellation& cancellation : history.cancellations.all) {
    const Job* job = job_of(history, cancellation);
    const Wait* wait = job ? resumed(history, *job) : nullptr;
    if (!wait || wait->got == never || job->leave == never || !is_cancellation(history[wait->got].answer)) continue;
    std::size_t before = wait->got;
    for (const Frame* frame = history.frame(wait->frame); frame; frame = history.frame(frame->caller)) {
      if (frame->id != wait->frame || frame->caller) {
        ruling.require(frame->ended != never && before < frame->ended && frame->ended < job->leave,
                       frame->ended == never ? job->leave : frame->ended,
                       "the cancellation has not left all frames, innermost first, in this step");
        if (frame->ended == never) break;
        before = frame->ended;
      }
      if (!goes_on_to_caller(history, *frame)) break;
    }
  }
  return ruling;
}

/// Whether anything is left at the event that the loop would have to wait for: a timer, or a task asleep.
bool something_is_timed(const History& history, std::size_t event) {
  for (const Call& call : history.calls)
    if (call.timer() && call.asked < event && call.entered > event && call.cancelled > event) return true;
  for (const Wait& wait : history.waits)
    if (history[wait.asked].step.verb == Verb::sleep && wait.asked < event && wait.got > event) return true;
  return false;
}

/// Whether the poll waits up to the end of the sleep, as far as the loop can tell moments apart.
bool waits_for(const History& history, std::size_t poll, const Wait& sleep) {
  const Event& event = history[poll];
  Nanos tick = history.resolution(), begun = history.beginning_of_pass(sleep.asked), first, end;
  if (event.time <= 0 || __builtin_add_overflow(event.at, event.time, &end)) return false;
  if (__builtin_add_overflow(begun, history[sleep.asked].step.time, &first)) return false;
  return end > first - tick && end < history.latest_deadline(sleep.asked) + tick;
}

/// CANCEL-7
Verdict a_sleeper_wakes_at_once(const History& history) {
  Ruling ruling;
  for (const Cancellation& cancellation : history.cancellations.all) {
    if (cancellation.wait == never || cancellation.struck == never) continue;
    const Step& sleep = history[history.waits[cancellation.wait].asked].step;
    if (sleep.verb != Verb::sleep || sleep.time <= 0) continue;
    require_raised(ruling, history, cancellation, "it was cancelled in its sleep, and slept on");
    const Job* job = job_of(history, cancellation);
    if (!job || !passes_count(history)) continue;
    if (cancellation.met == Met::running)
      require_next_pass(ruling, history, cancellation.struck, *job, "it did not wake in the next pass");
    else
      ruling.require(history.pass(job->enter) <= history.pass(cancellation.struck) + 1, job->enter,
                     "it did not wake in the next pass");
    for (std::size_t poll : history.polls)
      if (poll > job->enter && waits_for(history, poll, history.waits[cancellation.wait]) &&
          !something_is_timed(history, poll))
        ruling.require(false, poll, "the loop waits for a sleep that was broken off");
  }
  return ruling;
}

/// CANCEL-8
Verdict a_queued_step_raises_it_at_its_place(const History& history) {
  Ruling ruling;
  for (const Cancellation& cancellation : history.cancellations.all) {
    if (cancellation.met != Met::ceded) continue;
    require_raised(ruling, history, cancellation, "its queued step did not raise the cancellation");
    const Job* job = job_of(history, cancellation);
    if (job && passes_count(history))
      ruling.require(history.pass(job->enter) == history.pass(history.waits[cancellation.wait].left) + 1, job->enter,
                     "its queued step was not kept");
    const FutureLife& task = *history.future(cancellation.task);
    std::size_t last = history.jobs[task.steps.back()].enter;
    if (task.completed != never) ruling.require(last < task.completed, last, "it has taken a step more than it had to");
  }
  require_place(ruling, history, Met::ceded);
  return ruling;
}

/// CANCEL-9
Verdict it_wins_over_a_result_that_was_not_seen(const History& history) {
  Ruling ruling;
  for (const Cancellation& cancellation : history.cancellations.all) {
    if (cancellation.met != Met::woken) continue;
    require_raised(ruling, history, cancellation, "it was given the result although it had been asked before");
    Id awaited = history.waits[cancellation.wait].awaited;
    const Answer outcome = history.cancellations.outcome(history, awaited, cancellation.struck);
    each_reading(history, awaited, cancellation.struck, [&](std::size_t index) {
      ruling.require(agree(history[index].answer, answer_to(history[index].step.verb, true, outcome)), index,
                     "the future that was done before has lost its outcome");
    });
  }
  return ruling;
}

/// CANCEL-10
Verdict within_a_pass_the_order_decides(const History& history) {
  Ruling ruling;
  for (const Cancellation& cancellation : history.cancellations.all) {
    const Job* job = job_of(history, cancellation);
    bool same_pass = job && history[cancellation.asked].job && cancellation.met != Met::running &&
                     history.pass(cancellation.asked) == history.pass(job->enter);
    if (same_pass)
      require_raised(ruling, history, cancellation, "the request came before its step in this pass and was not heeded");
  }
  for (std::size_t index : history.about_futures) {
    const FutureLife* task = history.future(history[index].id);
    if (!task || !task->task || !asks_to_cancel(history[index].step.verb) || !task->done_before(index)) continue;
    if (history.pass(task->completed) != history.pass(index) || !history[index].job) continue;
    ruling.require(history[index].answer == Answer::of(Value::of(false)), index,
                   "the task had ended before in this pass and was asked all the same");
  }
  return ruling;
}

/// CANCEL-11
Verdict one_request_interrupts_once(const History& history) {
  Ruling ruling;
  for (const Cancellation& cancellation : history.cancellations.all) {
    const Job* job = job_of(history, cancellation);
    if (!job || cancellation.requests != 1) continue;
    require_undisturbed(ruling, history, cancellation, "it was interrupted again by the same request");
    const FutureLife& task = *history.future(cancellation.task);
    if (task.completed > job->enter && task.completed != never && !task.outcome.is_raised())
      require_outcome(ruling, history, task, "it has absorbed the cancellation, but that is not how it ended");
  }
  return ruling;
}

/// CANCEL-12
Verdict how_the_coroutine_ends_decides(const History& history) {
  Ruling ruling;
  for (const Cancellation& cancellation : history.cancellations.all)
    if (job_of(history, cancellation))
      require_outcome(ruling, history, *history.future(cancellation.task), "this is not how its coroutine has ended");
  return ruling;
}

/// CANCEL-13
Verdict who_cancels_himself_runs_on_to_his_next_suspension(const History& history) {
  Ruling ruling;
  for (const Cancellation& cancellation : history.cancellations.all) {
    if (cancellation.met != Met::running) continue;
    const Job* self = history.job_at(cancellation.asked);
    for (const Wait& wait : history.waits) {
      bool own = self && wait.task == cancellation.task && wait.asked > cancellation.asked;
      bool at_once = own && wait.got < std::min(self->leave, history.cancellations.until);
      if (!at_once || !history.future(wait.awaited) || wait.awaited == wait.task) continue;
      const Answer outcome = history.cancellations.outcome(history, wait.awaited, wait.got);
      ruling.require(is_cancellation(history[wait.got].answer) == is_cancellation(outcome), wait.got,
                     "what it awaited was done, and the cancellation was raised there");
    }
    if (!cancellation.future) continue;
    each_question(history, cancellation.future, cancellation.struck, [&](std::size_t index) {
      if (history[index].step.verb == Verb::cancelled)
        ruling.require(history[index].answer == Answer::of(Value::of(true)), index,
                       "the future that it came to wait for was not cancelled");
    });
    require_raised(ruling, history, cancellation, "it had asked itself, and nothing was raised where it waited");
    if (const Job* job = job_of(history, cancellation))
      require_next_pass(ruling, history, cancellation.struck, *job, "the cancellation was not raised in the next pass");
  }
  return ruling;
}

/// CANCEL-14
Verdict a_request_that_was_not_raised_ends_the_task(const History& history) {
  Ruling ruling;
  for (const Cancellation& cancellation : history.cancellations.all)
    if (cancellation.missed != never)
      require_outcome(ruling, history, *history.future(cancellation.task),
                      "its coroutine ended before the cancellation could be raised, and that is not how it ended");
  return ruling;
}

/// CANCEL-15
Verdict requests_before_it_is_raised_are_one(const History& history) {
  Ruling ruling;
  const auto& all = history.cancellations.all;
  for (std::size_t i = 0; i < all.size(); ++i) {
    if (all[i].requests > 1 && all[i].job != never)
      require_undisturbed(ruling, history, all[i], "requests before the cancellation have interrupted it twice");
    for (std::size_t before = 0; before < i; ++before)
      if (all[before].task == all[i].task && all[before].job != never)
        require_raised(ruling, history, all[i], "a later request did not interrupt it again");
  }
  return ruling;
}

/// The step of the task, whose queued step had to raise a cancellation that was then taken back; or never.
std::size_t step_after_retraction(const History& history) {
  std::size_t taken_back = history.cancellations.retracted;
  if (taken_back == never) return never;
  Id task = history[taken_back].id;
  auto asked_again = [&](std::size_t index) { return index > taken_back && asks_to_cancel(history[index].step.verb); };
  if (std::ranges::any_of(history.about_futures, asked_again)) return never;
  for (const Cancellation& cancellation : history.cancellations.all) {
    if (cancellation.task != task || cancellation.job != never || cancellation.missed != never) continue;
    if (cancellation.met != Met::unbegun && cancellation.met != Met::ceded) continue;
    for (std::size_t i = 0; i < history.jobs.size(); ++i)
      if (const Job& job = history.jobs[i]; job.subject == task && job.enter > taken_back && job.leave != never)
        return i;
  }
  return never;
}

/// CANCEL-16
Verdict requests_are_counted(const History& history) {
  Ruling ruling;
  for (std::size_t index : history.about_futures) {
    const Event& event = history[index];
    const FutureLife* task = history.future(event.id);
    bool asks = event.step.verb == Verb::cancelling || event.step.verb == Verb::uncancel;
    if (!task || !task->task || index >= history.cancellations.until || !asks) continue;
    std::size_t counted = event.step.verb == Verb::uncancel ? index + 1 : index;
    std::int64_t requests = history.cancellations.requests(task->id, counted);
    ruling.require(event.answer == Answer::of(Value::of(requests)), index, "so many requests were not made");
  }
  if (std::size_t step = step_after_retraction(history); step != never) {
    const Job& job = history.jobs[step];
    const Wait* wait = resumed(history, job);
    bool kept = wait ? wait->got != never && is_cancellation(history[wait->got].answer) : job.leave == job.enter + 1;
    if (kept) ruling.variant("kept", job.enter);
  }
  return ruling;
}

/// CANCEL-17
Verdict a_message_travels_with_it(const History& history) {
  Ruling ruling;
  auto require = [&](const Wait& wait, const Value& message) {
    const Answer& got = history[wait.got].answer;
    if (!is_cancellation(got) || message.none()) return;
    ruling.require(got.value == Value::of(ErrorKind::cancelled, message), wait.got,
                   "the message of the request has not come along");
  };
  for (const Cancellation& cancellation : history.cancellations.all) {
    const Job* job = job_of(history, cancellation);
    const Wait* wait = job ? resumed(history, *job) : nullptr;
    if (!wait || wait->got == never || (cancellation.met == Met::asleep && cancellation.requests > 1)) continue;
    bool other_error = cancellation.met == Met::woken &&  // which has a message of its own
                       is_cancellation(history.cancellations.outcome(history, wait->awaited, job->enter));
    if (!other_error) require(*wait, cancellation.message);
  }
  for (const Passed& passed : history.cancellations.passed) {
    const Wait& wait = history.waits[passed.wait];
    const FutureLife& inner = *history.future(passed.inner);
    bool first = inner.first_wait == passed.wait && wait.got < history.cancellations.until && !raised_at(history, wait);
    const Value error = first ? history.cancellations.outcome(history, inner.id, wait.got).value : Value{};
    if (error.error != ErrorKind::cancelled) continue;
    require(wait, error.name ? Value::of(error.name) : error.number ? Value::of(error.number) : Value{});
  }
  return ruling;
}

/// CANCEL-18
Verdict cleaning_up_may_take_time(const History& history) {
  Ruling ruling;
  if (!history.said({Verb::destroy})) require_clean_up(ruling, history);
  for (const Cancellation& cancellation : history.cancellations.all)
    if (std::size_t event = destroyed_by_itself(history, cancellation); event < history.cancellations.until)
      ruling.require(false, event, "it was to suspend after a cancellation, and was ended there");
  return ruling;
}

/// CANCEL-19
Verdict whatever_the_error_leaves_is_cancelled(const History& history) {
  Ruling ruling;
  for (const FutureLife& task : history.futures) {
    if (!task.task || task.completed == never || !is_cancellation(task.outcome)) continue;
    if (history.cancellations.asked(task.id) || task.completed >= history.cancellations.until) continue;
    require_outcome(ruling, history, task, "a cancellation has left its coroutine, and yet it is not cancelled");
    each_question(history, task.id, 0, [&](std::size_t index) {
      if (history[index].step.verb == Verb::cancelling)
        ruling.require(history[index].answer == Answer::of(Value::of(std::int64_t{0})), index, "nobody has asked it");
    });
  }
  return ruling;
}

/// CANCEL-20
Verdict who_shares_a_future_shares_its_cancellation(const History& history) {
  Ruling ruling;
  for (const CalledOff& off : history.cancellations.called_off) {
    for (const Wait& wait : history.waits) {
      bool shares = wait.awaited == off.future && wait.task && wait.task != off.task && wait.left < off.event;
      if (!shares || wait.got < off.event) continue;
      if (wait.got < history.cancellations.until) {
        ruling.require(is_cancellation(history[wait.got].answer), wait.got,
                       "the future was cancelled for another that waits for it, but here nothing was raised");
        ruling.require(history.in_a_later_pass(off.event, wait.got), wait.got, "it was raised at once");
      } else if (wait.got == never && all_is_over(history)) {
        ruling.require(false, wait.asked, "the future was cancelled for another that waits for it, and it waits on");
      }
    }
  }
  return ruling;
}

/// CANCEL-21
Verdict it_is_a_class_of_its_own(const History& history) {
  Ruling ruling;
  for (const Frame& frame : history.frames) {
    const Event* by = call_of(history, frame);
    if (!by || by->step.verb != Verb::catch_ || by->step.value.error != ErrorKind::generic) continue;
    if (frame.ended == never || !is_cancellation(history[frame.ended].answer)) continue;
    if (const Event* next = history.next(frame.ended))
      ruling.require(next->what == What::end && is_cancellation(next->answer), frame.ended + 1,
                     "a handler for errors in general has caught the cancellation");
  }
  for (const CalledOff& off : history.cancellations.called_off)
    each_question(history, off.future, off.event, [&](std::size_t index) {
      Verb verb = history[index].step.verb;
      if (verb == Verb::set_result || verb == Verb::set_exception)
        ruling.require(history[index].answer.is_raised(ErrorKind::invalid_state), index,
                       "the future had been cancelled, and was completed once more");
    });
  return ruling;
}

/// CANCEL-22
Verdict a_request_comes_back_from_any_chain(const History& history) {
  Ruling ruling;
  std::size_t circle = history.cancellations.circle;
  if (circle == never || history[circle].what != What::did) return ruling;
  const Answer& answer = history[circle].answer;
  ruling.require(answer == Answer::of(Value::of(true)) || answer.is_raised(ErrorKind::runtime), circle,
                 "tasks that wait for each other are not done, and yet were not asked");
  if (answer.is_raised()) ruling.variant("refused", circle);
  return ruling;
}

using enum Verb;

constexpr Verbs requests{cancel_task, cancel_future};

constexpr Property list[] = {
    {"CANCEL-1", a_request_only_asks, requests},
    {"CANCEL-2", a_task_that_has_not_begun_never_begins, requests},
    {"CANCEL-3", what_a_task_waits_for_is_cancelled_in_its_place, requests},
    {"CANCEL-4", the_innermost_sees_it_first, requests},
    {"CANCEL-5", an_inner_task_may_absorb_it, requests},
    {"CANCEL-6", all_frames_unwind_in_one_step, requests},
    {"CANCEL-7", a_sleeper_wakes_at_once, requests},
    {"CANCEL-8", a_queued_step_raises_it_at_its_place, requests},
    {"CANCEL-9", it_wins_over_a_result_that_was_not_seen, requests},
    {"CANCEL-10", within_a_pass_the_order_decides, requests},
    {"CANCEL-11", one_request_interrupts_once, requests},
    {"CANCEL-12", how_the_coroutine_ends_decides, requests},
    {"CANCEL-13", who_cancels_himself_runs_on_to_his_next_suspension, requests},
    {"CANCEL-14", a_request_that_was_not_raised_ends_the_task, requests},
    {"CANCEL-15", requests_before_it_is_raised_are_one, requests},
    {"CANCEL-16", requests_are_counted, {cancelling, uncancel}},
    {"CANCEL-17", a_message_travels_with_it, requests},
    {"CANCEL-18", cleaning_up_may_take_time, requests, {runner, anext, aclose, shutdown_asyncgens}},
    {"CANCEL-19", whatever_the_error_leaves_is_cancelled, {create_task}},
    {"CANCEL-20", who_shares_a_future_shares_its_cancellation, requests},
    {"CANCEL-21", it_is_a_class_of_its_own, {cancel_task, cancel_future, catch_}},
    {"CANCEL-22", a_request_comes_back_from_any_chain, requests},
};

}  // namespace

std::span<const Property> cancellation() { return list; }

}  // namespace cede
