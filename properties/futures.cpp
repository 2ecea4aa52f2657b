// spec/03-futures.md
//
// When a future is completed by a step, the trace tells when and how. Cancelling a task cancels the
// future that it waits for without a word; whether such a future is pending is then unknown, and the
// judges ask only about futures whose end they have seen.
#include "properties/property.h"

namespace cede {
namespace {

/// The future, not a task, that the step is about, if its state is known then; null otherwise.
const FutureLife* known_future(const History& history, const Event& step) {
  const FutureLife* future = history.future(step.id);
  bool unseen = future && future->completed == never && history.cancels;
  return future && !future->task && !unseen ? future : nullptr;
}

bool completes(Verb verb) {
  return verb == Verb::set_result || verb == Verb::set_exception || verb == Verb::cancel_future ||
         verb == Verb::cancel_task;
}

bool cancels(Verb verb) { return verb == Verb::cancel_future || verb == Verb::cancel_task; }

/// A future that was pending when the task began to wait for it, and that has been completed since.
/// Null for other waits.
const FutureLife* completed_for(const History& history, const Wait& wait) {
  const FutureLife* future = wait.task && wait.suspended ? history.future(wait.awaited) : nullptr;
  bool later = future && !future->task && future->completed != never && wait.asked < future->completed;
  return later ? future : nullptr;
}

/// FUT-1
Verdict a_future_changes_once(const History& history) {
  Ruling ruling;
  for (std::size_t index : history.about_futures) {
    const Event& event = history[index];
    Verb question = event.step.verb;
    if (question != Verb::done && question != Verb::cancelled) continue;
    if (const FutureLife* future = known_future(history, event))
      ruling.require(event.answer == future->read(question, index), index,
                     "this is not what has become of the future");
  }
  return ruling;
}

/// FUT-2
Verdict the_first_completion_stands(const History& history) {
  Ruling ruling;
  for (std::size_t index : history.about_futures) {
    const Event& event = history[index];
    const FutureLife* future = history.future(event.id);
    if (!future || future->task || future->challenged > index) continue;
    if (cancels(event.step.verb))
      ruling.require(event.answer == Answer::of(Value::of(false)), index, "a future that was done was cancelled");
    else if (completes(event.step.verb) && history.trace().promises && event.answer == Answer{})
      ruling.variant("ignored", index);  // what became of it, every waiter tells: AWAIT-9
    else if (completes(event.step.verb))
      ruling.require(event.answer.is_raised(), index, "a future that was done was completed once more");
    else if (event.step.verb == Verb::result)
      ruling.require(event.answer == future->outcome, index, "a later attempt has replaced the outcome");
  }
  for (const Call& call : history.calls) {
    const FutureLife* future = history.future(call.future);
    if (call.entered == never || !future || future->task || future->challenged > call.entered) continue;
    ruling.require(call.calls == 1, call.entered, "it was queued again by an attempt that came too late");
  }
  return ruling;
}

/// FUT-3
Verdict reading_a_future_tells_its_state(const History& history) {
  Ruling ruling;
  for (std::size_t index : history.about_futures) {
    const Event& event = history[index];
    Verb question = event.step.verb;
    if (question != Verb::result && question != Verb::exception) continue;
    if (const FutureLife* future = known_future(history, event))
      ruling.require(event.answer == future->read(question, index), index,
                     "what was read is not how the future stands");
  }
  return ruling;
}

/// FUT-4
Verdict completing_queues_the_callbacks(const History& history) {
  Ruling ruling;
  Lane plain, done;  // callbacks of call_soon, and those of futures
  const Call* last = nullptr;
  for (const Job& job : history.jobs) {
    const Call* call = history.call_of(job);
    if (!call || job.queued == never || job.enter != call->entered) continue;
    if (call->verb == Verb::call_soon) {
      if (done.moved_past(job))
        ruling.require(!done.overtook(job), job.enter,
                       "it was queued before the completion and ran after its callbacks");
      plain.serve(job);
      continue;
    }
    if (history.future(call->future)->task || job.queued == call->asked) continue;  // TASK-4, FUT-5
    ruling.require(history.in_a_later_pass(job.queued, job.enter), job.enter,
                   "it was called by the completion itself, not in the next pass");
    ruling.require(!plain.overtook(job), job.enter, "what was queued after the completion has run before it");
    ruling.require(!done.overtook(job), job.enter, "callbacks of a later completion have run before it");
    if (last && last->future == call->future)
      ruling.require(last->asked < call->asked, job.enter, "one that was registered after it has run before it");
    done.serve(job);
    last = call;
  }
  if (!history.complete) return ruling;
  for (const Call& call : history.calls) {
    const FutureLife* future = history.future(call.future);
    if (!future || future->task || future->completed == never || call.removed != never) continue;
    if (call.asked < future->completed)
      ruling.require(call.entered != never, call.asked, "the future was completed and it was never called");
  }
  return ruling;
}

/// FUT-5
Verdict a_callback_that_comes_late_is_queued(const History& history) {
  Ruling ruling;
  for (const Call& call : history.calls) {
    const FutureLife* future = history.future(call.future);
    if (!future || !future->done_before(call.asked)) continue;
    ruling.reached();
    if (call.entered != never)
      ruling.require(history.in_a_later_pass(call.asked, call.entered), call.entered,
                     "it was called at its registration, not in the next pass");
    else if (history.complete)
      ruling.require(false, call.asked, "it came late and was never called");
  }
  return ruling;
}

/// FUT-6
Verdict a_callback_added_by_a_callback_comes_behind_all_of_them(const History& history) {
  Ruling ruling;
  for (const Call& added : history.calls) {
    const Job* by = added.future && added.entered != never ? history.job_at(added.asked) : nullptr;
    const Call* adder = by ? history.call_of(*by) : nullptr;
    if (!adder || adder->future != added.future) continue;
    const FutureLife& future = *history.future(added.future);
    ruling.require(history.in_a_later_pass(added.asked, added.entered), added.entered,
                   "it was called in the pass that added it");
    for (const Call& other : history.calls)
      if (other.future == added.future && other.asked < future.completed && other.entered != never &&
          future.completed != never)
        ruling.require(other.entered < added.entered, added.entered,
                       "it ran before one that was registered before the completion");
  }
  return ruling;
}

/// FUT-7
Verdict callbacks_are_counted_not_merged(const History& history) {
  Ruling ruling;
  for (std::size_t index : history.about_futures) {
    const Event& event = history[index];
    if (event.step.verb != Verb::remove_done_callback) continue;
    if (history.cancels && history.future(event.id)->completed == never) continue;
    std::int64_t waiting = std::ranges::count(history.calls, index, &Call::removed);
    ruling.require(event.answer == Answer::of(Value::of(waiting)), index, "so many were not waiting");
  }
  for (const Call& call : history.calls) {
    const FutureLife* future = history.future(call.future);
    if (!future || future->completed == never) continue;
    if (call.removed != never) {
      ruling.require(call.calls == 0, call.entered, "it was called although it had been removed");
    } else {
      ruling.require(call.calls < 2, call.entered, "it was registered once and called more often");
      if (history.complete)
        ruling.require(call.calls == 1, call.asked, "it was registered once more and not called for it");
    }
  }
  return ruling;
}

/// The next report of the error, or else the next poll, before which it should have come; never if the
/// trace ends too soon.
std::size_t report_of(const History& history, ErrorKind error, std::size_t index) {
  for (; index < history.events().size(); ++index) {
    const Event& event = history[index];
    if (event.what == What::poll || (event.what == What::error && event.answer.value.error == error)) return index;
  }
  return never;
}

/// FUT-8
Verdict a_callback_that_fails_harms_nobody(const History& history) {
  Ruling ruling;
  for (const Call& call : history.calls) {
    if (!call.future || call.entered == never) continue;
    const Job& job = *history.job_at(call.entered);
    if (job.error == ErrorKind::none || job.error == ErrorKind::exit) continue;
    ruling.reached();
    if (std::size_t report = report_of(history, job.error, job.leave); report != never)
      ruling.require(history[report].what == What::error, job.leave, "its error was not reported");
    const FutureLife& future = *history.future(call.future);
    for (const Call& other : history.calls)
      if (history.complete && other.future == call.future && other.asked < future.completed &&
          future.completed != never && other.removed == never)
        ruling.require(other.entered != never, other.asked, "it was not called after another one had failed");
    if (future.task) continue;
    for (std::size_t index : history.about_futures)
      if (history[index].id == future.id && history[index].step.verb == Verb::result && index > job.leave &&
          future.done_before(job.enter))
        ruling.require(history[index].answer == future.outcome, index, "the failure has changed the outcome");
  }
  return ruling;
}

/// FUT-9
Verdict cancelling_a_future_takes_effect_at_once(const History& history) {
  Ruling ruling;
  for (std::size_t index : history.about_futures) {
    const Event& event = history[index];
    const FutureLife* future = known_future(history, event);
    if (!future || future->done_before(index)) {
      bool cancelled = future && cancels(history[future->completed].step.verb);
      if (cancelled && event.step.verb == Verb::cancelled)
        ruling.require(event.answer == Answer::of(Value::of(true)), index,
                       "it has been cancelled, but does not say so");
      continue;
    }
    if (!cancels(event.step.verb)) continue;
    ruling.require(event.answer == Answer::of(Value::of(true)), index, "a pending future was not cancelled");
  }
  for (const Wait& wait : history.waits) {
    const FutureLife* future = completed_for(history, wait);
    if (!future || history.by_hand || !cancels(history[future->completed].step.verb)) continue;
    if (wait.got == never) {
      if (history.complete) ruling.require(false, wait.asked, "what it waited for was cancelled, and it never resumed");
      continue;
    }
    ruling.require(history[wait.got].answer.is_raised(ErrorKind::cancelled), wait.got,
                   "what it waited for was cancelled, but no cancellation was raised");
    ruling.require(history.in_a_later_pass(future->completed, wait.got), wait.got,
                   "the cancellation was raised at once, not in the next pass");
    if (history.cancels) continue;
    for (std::size_t index : history.about_futures)
      if (history[index].step.verb == Verb::cancelling && history[index].id == wait.task && index > future->completed)
        ruling.require(history[index].answer == Answer::of(Value::of(std::int64_t{0})), index,
                       "the cancelled future was counted as a request to cancel the task");
  }
  return ruling;
}

/// FUT-10
Verdict waiters_resume_in_the_order_of_the_completions(const History& history) {
  Ruling ruling;
  Lane resumed;
  const Wait* last = nullptr;
  for (const Job& job : history.jobs) {
    if (job.resumed == never) continue;
    const Wait& wait = history.waits[job.resumed];
    const FutureLife* future = completed_for(history, wait);
    if (!future || future->completed > job.enter) continue;
    if (last && history.pass(job.queued) == history.pass(history.future(last->awaited)->completed)) {
      ruling.require(!resumed.overtook(job), job.enter,
                     "the waiter of a future that was completed later has resumed before it");
      if (last->awaited == wait.awaited)
        ruling.require(last->asked < wait.asked, job.enter, "one that began to wait later has resumed before it");
    }
    resumed.serve(job);
    last = &wait;
  }
  return ruling;
}

/// FUT-11
Verdict a_result_is_only_a_value(const History& history) {
  Ruling ruling;
  auto plain = [&](Id id, std::size_t index) {  // a future that holds a name by then
    const FutureLife* future = history.future(id);
    bool holds_name = future && future->done_before(index) && future->outcome.value.kind == Value::Kind::name;
    return holds_name && !(future->task && history.cancels) ? future : nullptr;
  };
  for (std::size_t index : history.about_futures) {
    const Event& event = history[index];
    if (event.step.verb != Verb::done && event.step.verb != Verb::result) continue;
    if (const FutureLife* future = plain(event.id, index))
      ruling.require(event.answer == future->read(event.step.verb, index), index,
                     "the result was more than a value to it");
  }
  if (history.cancels || history.by_hand) return ruling;
  for (const Wait& wait : history.waits)
    if (const FutureLife* future = wait.got == never ? nullptr : plain(wait.awaited, wait.got))
      ruling.require(history[wait.got].answer == future->outcome, wait.got, "it was not given the value as it is");
  return ruling;
}

/// FUT-12
Verdict a_waiter_that_completes_a_future_does_not_run_its_waiters(const History& history) {
  Ruling ruling;
  if (history.by_hand) return ruling;
  for (const Wait& wait : history.waits) {
    const FutureLife* future = completed_for(history, wait);
    const Job* completer = future ? history.job_at(future->completed) : nullptr;
    if (!completer || completer->resumed == never || wait.got == never) continue;
    if (!history.future(history.waits[completer->resumed].awaited)) continue;
    ruling.require(history.in_a_later_pass(future->completed, wait.got), wait.got,
                   "it resumed inside the step that completed its future, not in the next pass");
  }
  return ruling;
}

using enum Verb;

constexpr Property list[] = {
    {"FUT-1", a_future_changes_once},
    {"FUT-2", the_first_completion_stands, {set_result, set_exception, cancel_future, cancel_task}},
    {"FUT-3", reading_a_future_tells_its_state, {result, exception}},
    {"FUT-4", completing_queues_the_callbacks, {add_done_callback}},
    {"FUT-5", a_callback_that_comes_late_is_queued, {add_done_callback}},
    {"FUT-6", a_callback_added_by_a_callback_comes_behind_all_of_them, {add_done_callback}},
    {"FUT-7", callbacks_are_counted_not_merged, {add_done_callback, remove_done_callback}},
    {"FUT-8", a_callback_that_fails_harms_nobody, {add_done_callback}},
    {"FUT-9", cancelling_a_future_takes_effect_at_once, {cancel_future, cancel_task}},
    {"FUT-10", waiters_resume_in_the_order_of_the_completions, {await}},
    {"FUT-11", a_result_is_only_a_value},
    {"FUT-12", a_waiter_that_completes_a_future_does_not_run_its_waiters, {await}},
};

}  // namespace

std::span<const Property> futures() { return list; }

}  // namespace cede
