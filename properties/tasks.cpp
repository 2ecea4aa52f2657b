// spec/04-tasks.md
//
// The trace shows each step of a task as a job, and `Job::queued` the event that made it ready. A task
// that was asked to cancel may end otherwise than its script did, so outcomes are then left to chapter 5.
#include "properties/property.h"

namespace cede {
namespace {

bool asks_a_future(Verb verb) {
  return verb == Verb::done || verb == Verb::cancelled || verb == Verb::result || verb == Verb::exception;
}

/// What the step goes on from; null if it is the first.
const Wait* resumed(const History& history, const Job& job) {
  return job.resumed == never ? nullptr : &history.waits[job.resumed];
}

bool is_first_step(const History& history, const Job& job) {
  return job.step && job.queued == history.future(job.subject)->made;
}

/// Whether the step goes on from a bare suspension, whose place in the queue is known.
bool has_ceded(const History& history, const Job& job) {
  const Wait* wait = resumed(history, job);
  return wait && job.queued != never && job.queued == wait->left;
}

/// The task that the wait is for; null if it waits for anything else.
const FutureLife* awaited_task(const History& history, const Wait& wait) {
  bool of_another = wait.suspended && wait.task && wait.awaited != wait.task;
  const FutureLife* task = of_another ? history.future(wait.awaited) : nullptr;
  return task && task->task ? task : nullptr;
}

/// The same if it was created in the very step that came to wait for it, and both went on to the end.
const FutureLife* new_child(const History& history, const Wait& wait) {
  const FutureLife* child = wait.got == never ? nullptr : awaited_task(history, wait);
  bool is_new = child && history[child->made].job == history[wait.asked].job && child->completed < wait.got;
  return is_new && !child->steps.empty() ? child : nullptr;
}

/// Whether passes can be counted, and tasks go on in them alone.
bool passes_count(const History& history) { return passes_are_whole(history) && !history.by_hand; }

/// Of the calls that were queued before the event, the first that never came though all was done; or never.
std::size_t first_lost(const History& history, std::size_t event) {
  if (!history.complete) return never;
  for (const Call& call : history.calls)
    if (call.verb == Verb::call_soon && call.asked < event && call.entered == never && call.cancelled == never)
      return call.asked;
  return never;
}

/// TASK-1
Verdict a_new_task_waits_for_the_next_pass(const History& history) {
  Ruling ruling;
  for (const FutureLife& task : history.futures) {
    if (!task.task) continue;
    ruling.reached();
    if (!task.steps.empty()) {
      std::size_t enter = history.jobs[task.steps.front()].enter;
      ruling.require(history.in_a_later_pass(task.made, enter), enter, "it began in the pass that created it");
    } else if (history.complete && task.cancel_asked == never) {
      ruling.require(false, task.made, "the task never began");
    }
  }
  return ruling;
}

/// TASK-2
Verdict there_is_one_queue_for_everything(const History& history) {
  Ruling ruling;
  enum Kind { callback, first, later };
  Lane lanes[3];
  for (const Job& job : history.jobs) {
    if (job.queued == never) continue;
    Kind kind = later;
    if (const Call* call = history.call_of(job)) {
      if (call->verb != Verb::call_soon) continue;  // FUT-4
      kind = callback;
    } else if (is_first_step(history, job)) {
      kind = first;
    } else if (awaited_task(history, *resumed(history, job))) {
      continue;  // TASK-4
    }
    for (Kind other : {callback, first, later})
      if (other != kind && lanes[other].moved_past(job))
        ruling.require(!lanes[other].overtook(job), job.enter, "what was queued after it has run before it");
    lanes[kind].serve(job);
  }
  return ruling;
}

/// TASK-3
Verdict a_task_is_a_future_that_only_its_coroutine_completes(const History& history) {
  Ruling ruling;
  for (std::size_t index : history.about_futures) {
    const Event& event = history[index];
    const FutureLife* task = history.future(event.id);
    if (!task || !task->task) continue;
    if (event.step.verb == Verb::set_result || event.step.verb == Verb::set_exception)
      ruling.require(event.answer.is_raised(), index, "it was completed from outside");
    else if (asks_a_future(event.step.verb) && !history.cancels)
      ruling.require(event.answer == task->read(event.step.verb, index), index,
                     "this is not what has become of its coroutine");
  }
  if (!history.complete) return ruling;
  for (const Call& call : history.calls) {
    const FutureLife* task = history.future(call.future);
    if (task && task->task && task->completed != never && call.removed == never)
      ruling.require(call.entered != never, call.asked, "the task ended and it was never called");
  }
  return ruling;
}

/// TASK-4
Verdict a_task_is_done_in_the_step_that_ends_it(const History& history) {
  Ruling ruling;
  Lane told, others;  // who learns of the end of a task, and whose place has nothing to do with one
  for (const Job& job : history.jobs) {
    if (job.queued == never) continue;
    const Call* call = history.call_of(job);
    const Wait* wait = resumed(history, job);
    const FutureLife* ended = call ? history.future(call->future) : wait ? awaited_task(history, *wait) : nullptr;
    bool tells = ended && ended->task && job.queued == ended->completed;
    if (!tells && ended) continue;
    Lane& other = tells ? others : told;
    if (other.moved_past(job))
      ruling.require(!other.overtook(job), job.enter,
                     tells ? "what was queued after the task had ended has run before it"
                           : "what waited for a task that ended later has run before it");
    (tells ? told : others).serve(job);
  }
  if (history.cancels) return ruling;
  for (std::size_t index : history.about_futures) {
    const Event& event = history[index];
    const FutureLife* task = event.step.verb == Verb::done ? history.future(event.id) : nullptr;
    if (task && task->task && task->done_before(index))
      ruling.require(event.answer == Answer::of(Value::of(true)), index, "its coroutine is over, but it is not done");
  }
  return ruling;
}

/// TASK-5
Verdict a_parent_walks_to_its_child_and_back_in_three_passes(const History& history) {
  Ruling ruling;
  if (history.cancels || !passes_count(history)) return ruling;
  for (const Wait& wait : history.waits) {
    const FutureLife* child = new_child(history, wait);
    if (!child || child->steps.size() != 1) continue;
    const Job& step = history.jobs[child->steps.front()];
    ruling.require(history.pass(step.enter) == history.pass(wait.left) + 1, step.enter,
                   "the child did not run in the pass after the one that created it");
    ruling.require(history.pass(wait.got) == history.pass(step.enter) + 1, wait.got,
                   "the parent did not resume in the pass after the child's end");
    const Answer& got = history[wait.got].answer;
    bool nothing = got.kind == Answer::Kind::nothing && child->outcome == Answer::of(Value{});
    ruling.require(nothing || got == child->outcome, wait.got, "the parent did not get what became of the child");
  }
  return ruling;
}

/// TASK-6
Verdict a_step_is_not_interrupted(const History& history) {
  Ruling ruling;
  for (std::size_t i = 1; i < history.jobs.size(); ++i) {
    const Job& before = history.jobs[i - 1];
    const Job& job = history.jobs[i];
    if (job.step && history[job.enter].thread != 0) ruling.require(false, job.enter, "a step on another thread");
    // Jobs of one pass were ready together, so that each could have broken into the one before it.
    if (before.step && history.pass(before.enter) == history.pass(job.enter))
      ruling.require(before.leave < job.enter, job.enter, "it ran inside the step of a task");
  }
  return ruling;
}

/// TASK-7
Verdict tasks_that_cede_take_turns(const History& history) {
  Ruling ruling;
  Lane ceded, begun;
  for (const Job& job : history.jobs) {
    if (has_ceded(history, job)) {
      if (passes_count(history))
        ruling.require(history.pass(job.enter) == history.pass(job.queued) + 1, job.enter,
                       "it did not take one step in each pass");
      for (const Lane* lane : {&ceded, &begun})
        if (lane->moved_past(job))
          ruling.require(!lane->overtook(job), job.enter, "one that was behind it has taken its turn");
      ceded.serve(job);
    } else if (is_first_step(history, job)) {
      if (ceded.moved_past(job))
        ruling.require(!ceded.overtook(job), job.enter, "one that ceded after it was created has taken its turn");
      begun.serve(job);
    }
  }
  return ruling;
}

/// TASK-8
Verdict the_error_of_a_task_stays_with_the_task(const History& history) {
  Ruling ruling;
  for (const FutureLife& task : history.futures) {
    bool failed = task.task && task.completed != never && task.outcome.is_raised();
    if (!failed || task.outcome.is_raised(ErrorKind::exit)) continue;
    ruling.reached();
    const Job* last = history.job_at(task.completed);
    if (!last || last->leave == never || last->leave + 1 == history.events().size()) continue;
    std::size_t next = history.past_diagnostics(last->leave + 1);
    if (next >= history.events().size()) continue;
    const Event& event = history[next];
    // Where promises are, of a callback of theirs it is told only when all microtasks have run.
    bool is_of_callback = history.trace().promises && event.id && event.id != task.id;
    const bool is_its_error = tells_of_callback(event) && event.answer.value.error == task.outcome.value.error;
    ruling.require(!is_its_error || is_of_callback, next,
                   "the error of the task was given to the error handler");
    bool stops_loop = event.what == What::got && event.step.verb == Verb::run && event.answer.is_raised();
    if (!history.fatal)  // else it may be somebody else's, after whom the batch was finished (TASK-9)
      ruling.require(!stops_loop, next, "the error of the task has stopped the loop");
    std::size_t lost = first_lost(history, task.completed);
    ruling.require(lost == never, lost, "it was skipped after a task had failed");
    if (history.cancels) continue;
    for (std::size_t index : history.about_futures)
      if (history[index].id == task.id && history[index].step.verb == Verb::exception && index > last->leave)
        ruling.require(history[index].answer == task.read(Verb::exception, index), index, "the error was not kept");
  }
  return ruling;
}

/// TASK-9
Verdict a_fatal_error_leaves_the_run_and_the_task_keeps_it(const History& history) {
  Ruling ruling;
  for (const FutureLife& task : history.futures) {
    bool fatal = task.task && task.completed != never && task.outcome.is_raised(ErrorKind::exit);
    const Job* last = fatal ? history.job_at(task.completed) : nullptr;
    if (!last || last->leave == never || last->run == never) continue;
    if (history[history.runs[last->run].asked].frame != main_frame) continue;  // a run driven by hand
    ruling.reached();
    std::size_t went_on = never;
    for (std::size_t index = last->leave + 1; index < history.events().size(); ++index) {
      const Event& event = history[index];
      if (event.what == What::enter && went_on == never) went_on = index;
      bool run_ends = event.what == What::got && event.frame == main_frame &&
                      (event.step.verb == Verb::run || event.step.verb == Verb::run_until_complete);
      if (!run_ends) continue;
      ruling.require(event.answer.is_raised(ErrorKind::exit), index, "a fatal error left a task, but not the run");
      if (went_on != never) ruling.variant("batch-finished", went_on);
      break;
    }
    std::size_t lost = first_lost(history, task.completed);
    ruling.require(lost == never, lost, "it was ready when a fatal error left the run, and no later run called it");
    for (std::size_t index : history.about_futures)
      if (history[index].id == task.id && history[index].step.verb == Verb::exception && index > last->leave)
        ruling.require(history[index].answer == task.read(Verb::exception, index), index,
                       "the fatal error was not kept");
  }
  return ruling;
}

/// TASK-10
Verdict a_task_can_be_asked_who_is_running(const History& history) {
  Ruling ruling;
  for (std::size_t index : history.about_futures) {
    const Event& event = history[index];
    if (event.step.verb == Verb::current_task) {
      const Job* job = history.job_at(index);
      Value running = job && job->step ? Value::of(history[job->enter].step.who) : Value{};
      ruling.require(event.answer == Answer::of(running), index, "another task is running, or none");
    } else if (event.step.verb == Verb::all_tasks && !history.said({Verb::wait_for})) {  // which may make one
      std::int64_t alive = std::ranges::count_if(history.futures, [&](const FutureLife& future) {
        return future.task && future.made < index && !future.done_before(index) && future.lost > index;
      });
      ruling.require(event.answer == Answer::of(Value::of(alive)), index, "so many tasks are not done");
    }
  }
  return ruling;
}

/// TASK-11
Verdict a_level_of_tasks_costs_two_passes(const History& history) {
  Ruling ruling;
  if (!passes_count(history)) return ruling;
  for (const Wait& wait : history.waits) {
    const FutureLife* child = new_child(history, wait);
    if (!child) continue;
    std::size_t begun = history.jobs[child->steps.front()].enter;
    ruling.require(history.pass(begun) == history.pass(child->made) + 1, begun,
                   "the child did not begin one pass after its creation");
    ruling.require(history.pass(wait.got) == history.pass(child->completed) + 1, wait.got,
                   "the parent was not woken one pass after the child's end");
  }
  return ruling;
}

using enum Verb;

constexpr Property list[] = {
    {"TASK-1", a_new_task_waits_for_the_next_pass, {create_task}},
    {"TASK-2", there_is_one_queue_for_everything, {create_task}},
    {"TASK-3", a_task_is_a_future_that_only_its_coroutine_completes, {create_task}},
    {"TASK-4", a_task_is_done_in_the_step_that_ends_it, {create_task}},
    {"TASK-5", a_parent_walks_to_its_child_and_back_in_three_passes, {create_task}},
    {"TASK-6", a_step_is_not_interrupted, {create_task}},
    {"TASK-7", tasks_that_cede_take_turns, {create_task}},
    {"TASK-8", the_error_of_a_task_stays_with_the_task, {create_task}},
    {"TASK-9", a_fatal_error_leaves_the_run_and_the_task_keeps_it, {create_task}},
    {"TASK-10", a_task_can_be_asked_who_is_running, {create_task, current_task, all_tasks}},
    {"TASK-11", a_level_of_tasks_costs_two_passes, {create_task}},
};

}  // namespace

std::span<const Property> tasks() { return list; }

}  // namespace cede
