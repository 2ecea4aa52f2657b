// spec/02-awaiting.md
//
// Does an await cede, and when does the waiter come back? A wait that ceded has left its job; one
// that did not is answered by the very next event. Most rules bend where tasks are cancelled, since
// that completes futures unsaid.
#include <algorithm>
#include <span>

#include "properties/property.h"

namespace cede {
namespace {

/// What a task awaits: a future or another task. Null for all other waits.
const FutureLife* awaited(const History& history, const Wait& wait) {
  const FutureLife* future = wait.awaited ? history.future(wait.awaited) : nullptr;
  return future && wait.task && wait.task != wait.awaited ? future : nullptr;
}

/// Whether both happened, in this order.
bool before(std::size_t event, std::size_t other) { return event < other && other != never; }

bool is_pending(const FutureLife& future, std::size_t event) { return future.completed >= event; }

/// Whether control came back to the loop between the two events.
bool ceded(const History& history, const Wait& wait) {
  return wait.got == never || history[wait.got].job != history[wait.asked].job;
}

/// Whether what the event makes ready belongs to the next pass in every loop.
bool is_in_a_pass(const History& history, std::size_t event) {
  const Job* job = history.job_at(event);
  return history.trace().exact_order || (job && history.from_the_queue(*job));
}

/// Whether the script that took this step starts another one inline.
bool starts_inline(const History& history, const Event& event) {
  if (event.what != What::did) return false;
  return runs_inline(event.step.verb) || (event.step.verb == Verb::await && history.coroutine(event.id));
}

/// AWAIT-1
Verdict awaiting_a_coroutine_runs_it_at_once(const History& history) {
  Ruling ruling;
  for (const Frame& frame : history.frames)
    if (frame.caller) ruling.require(true, frame.first, {});
  for (const Job& job : history.jobs)
    if (job.step && job.leave != never && starts_inline(history, history[job.leave - 1]))
      ruling.require(false, job.leave, "the await of a coroutine gives control to the loop");
  return ruling;
}

/// AWAIT-2
Verdict awaiting_a_new_task_cedes(const History& history) {
  Ruling ruling;
  if (!passes_are_whole(history)) return ruling;
  for (const Wait& wait : history.waits) {
    const FutureLife* task = awaited(history, wait);
    if (!task || !task->task || history[task->made].job != history[wait.asked].job) continue;
    ruling.require(ceded(history, wait), wait.got,
                   "it is not new when it is awaited, or the await does not cede");
    if (task->steps.empty()) continue;
    std::size_t entered = history.jobs[task->steps.front()].enter;
    ruling.require(history.pass(entered) == history.pass(task->made) + 1, entered,
                   "its first step is not in the next pass");
    for (const Call& call : history.calls)
      if (call.verb == Verb::call_soon && call.asked < task->made && call.entered != never)
        ruling.require(call.entered < entered, call.entered,
                       "it was ready before the new task, and comes later");
    if (!history.cancels && before(task->completed, wait.got))
      ruling.require(history.pass(wait.got) == history.pass(task->completed) + 1, wait.got,
                     "the waiter is not resumed in the pass after the one in which the task ended");
  }
  return ruling;
}

/// Whether the last run ended although nobody stopped it, no error left it and it was not at rest.
bool returned_by_itself(const History& history) {
  if (history.complete || history.stops || history.fatal) return false;
  auto last = history.events().rbegin();
  if (last->did(Verb::close)) ++last;
  return last->what == What::got && last->step.verb == Verb::run && last->answer == Answer{};
}

/// AWAIT-3
Verdict awaiting_a_pending_future_cedes(const History& history) {
  Ruling ruling;
  if (history.cancels) return ruling;
  for (const Wait& wait : history.waits) {
    const FutureLife* future = awaited(history, wait);
    if (!future || !is_pending(*future, wait.asked)) continue;
    ruling.reached();
    if (wait.got != never) {
      ruling.require(ceded(history, wait), wait.got, "the future is pending, and the await does not cede");
      ruling.require(future->completed < wait.got, wait.got,
                     "the waiter resumes, and the future is not done");
    } else if (future->completed == never) {
      bool spins = history.events().back().what == What::stuck;
      ruling.require(!spins && !returned_by_itself(history), history.events().size() - 1,
                     "with nothing to do but wait, the loop does not rest");
    }
  }
  return ruling;
}

/// The rule of AWAIT-4 and AWAIT-5: the answer is the very next event.
void require_at_once(const History& history, const Wait& wait, std::string_view why, Ruling& ruling) {
  if (history.next(wait.asked)) ruling.require(wait.got == wait.asked + 1, wait.asked + 1, why);
}

/// AWAIT-4
Verdict awaiting_a_done_future_takes_no_time(const History& history) {
  Ruling ruling;
  for (const Wait& wait : history.waits) {
    const FutureLife* future = history.future(wait.awaited);
    if (future && !future->task && before(future->completed, wait.asked) && !future->outcome.is_raised())
      require_at_once(history, wait, "the future is done, and its value is not there at once", ruling);
  }
  return ruling;
}

/// AWAIT-5
Verdict done_is_done_whatever_the_outcome(const History& history) {
  Ruling ruling;
  for (const Wait& wait : history.waits) {
    const FutureLife* future = history.future(wait.awaited);
    if (future && before(future->completed, wait.asked) && (future->task || future->outcome.is_raised()))
      require_at_once(history, wait, "it is done, and its outcome is not there at once", ruling);
  }
  return ruling;
}

/// AWAIT-6
Verdict a_coroutine_cedes_if_something_inside_does(const History& history) {
  Ruling ruling;
  for (const Wait& wait : history.waits) {
    const FutureLife* future = awaited(history, wait);
    const Frame* inner = history.frame(wait.frame);
    Verb verb = history[wait.asked].step.verb;
    bool suspends = future ? is_pending(*future, wait.asked) && !history.cancels
                           : verb == Verb::yield || verb == Verb::sleep;
    if (wait.task && inner->caller && suspends && history.next(wait.asked))
      ruling.require(ceded(history, wait), wait.got, "it is to suspend, and its caller goes on");
  }
  for (const Frame& inner : history.frames) {
    if (!inner.caller || !inner.task || inner.ended == never) continue;
    if (history[inner.by].step.verb == Verb::task_group) continue;  // which waits for its tasks
    const Event* after = history.next(inner.ended);
    bool suspended = history[inner.ended].job != history[inner.first].job;
    if (!after || suspended || history[inner.ended].answer.is_raised()) continue;
    ruling.require(after->frame, inner.ended + 1, "nothing in it suspended, and it cedes");
  }
  return ruling;
}

/// AWAIT-7
Verdict a_waiter_resumes_in_the_pass_after_the_completion(const History& history) {
  Ruling ruling;
  if (history.cancels || !passes_are_whole(history)) return ruling;
  for (const Wait& wait : history.waits) {
    const FutureLife* future = awaited(history, wait);
    if (!future || !wait.suspended || !before(wait.asked, future->completed) ||
        !before(future->completed, wait.got))
      continue;
    if (const Job* completer = history.job_at(future->completed))
      ruling.require(completer->leave < wait.got, wait.got,
                     "the waiter is resumed inside the completing call");
    if (is_in_a_pass(history, future->completed))
      ruling.require(history.pass(wait.got) == history.pass(future->completed) + 1, wait.got,
                     "the waiter is not resumed in the pass after the completion");
  }
  return ruling;
}

/// One line of those who wait for a future: they come in the order in which they stood in it.
class Line {
 public:
  explicit Line(Ruling& ruling) : ruling_(ruling) {}

  void next(std::size_t entered) {
    if (entered == never) return;
    if (last_ != never)
      ruling_.require(last_ < entered, entered,
                      "it comes before somebody who waited longer for the same future");
    last_ = entered;
  }

 private:
  Ruling& ruling_;
  std::size_t last_ = never;
};

/// AWAIT-8
Verdict waiters_and_callbacks_share_one_line(const History& history) {
  Ruling ruling;
  if (history.cancels || history.other_loop) return ruling;
  for (const FutureLife& future : history.futures) {
    if (future.completed == never || future.waits + future.callbacks == 0) continue;
    Line line(ruling);
    auto call = future.callbacks > 0 ? history.calls.begin() : history.calls.end();
    std::size_t first = std::min(future.first_wait, history.waits.size());
    for (const Wait& wait : std::span(history.waits).subspan(first)) {
      if (wait.awaited != future.id || !awaited(history, wait)) continue;
      if (wait.asked > future.completed || wait.got < future.completed) continue;
      for (; call != history.calls.end() && call->asked < wait.asked; ++call)
        if (call->future == future.id) line.next(call->entered);
      line.next(wait.got);
      if (history.complete && wait.got == never)
        ruling.require(false, future.completed, "somebody who waits for it is never resumed");
    }
    for (; call != history.calls.end() && call->asked < future.completed; ++call)
      if (call->future == future.id) line.next(call->entered);
  }
  return ruling;
}

/// AWAIT-9
Verdict every_waiter_gets_the_outcome(const History& history) {
  Ruling ruling;
  if (history.cancels) return ruling;
  for (const Wait& wait : history.waits) {
    const FutureLife* future = awaited(history, wait);
    if (!future || !before(future->completed, wait.got)) continue;
    ruling.require(history[wait.got].answer == as_got(future->outcome), wait.got,
                   "this is not the outcome of what was awaited");
  }
  return ruling;
}

/// AWAIT-10
Verdict a_bare_suspension_costs_one_pass(const History& history) {
  Ruling ruling;
  if (!passes_are_whole(history)) return ruling;
  for (const Wait& wait : history.waits) {
    if (!wait.task) continue;
    if (wait.got == never) {
      if (history.complete && history[wait.asked].step.verb == Verb::yield)
        ruling.require(false, wait.asked, "after a bare suspension it is never resumed");
    } else if (history[wait.asked].step.verb == Verb::yield) {
      ruling.require(history.pass(wait.got) == history.pass(wait.asked) + 1, wait.got,
                     "a bare suspension does not cost one pass");
      if (!history.cancels)
        ruling.require(!history[wait.got].answer.is_raised(), wait.got, "a bare suspension is no error");
    } else if (const CoroutineLife* coroutine = history.coroutine(wait.awaited)) {
      const Frame* body = history.frame(coroutine->frame);
      if (body && body->by == wait.asked && body->ended != never)
        ruling.require(history[wait.got].answer == history[body->ended].answer, wait.got,
                       "the await does not give what the awaitable returned");
    }
  }
  return ruling;
}

/// AWAIT-11
Verdict without_the_await_nothing_happens(const History& history) {
  Ruling ruling;
  if (!history.touches && !history.by_hand) return ruling;
  for (std::size_t event = 0; event < history.events().size(); ++event) {
    const Event& touch = history[event];
    const Event* after = history.next(event);
    if (!after || touch.step.verb != Verb::get_awaiter || touch.what != What::did) continue;
    const Frame* frame = history.frame(touch.frame);
    bool begins = after->frame && history.frame(after->frame)->first == event + 1;
    bool ceded = !after->frame && (frame->task || frame->by_hand);
    ruling.require(!begins && !ceded, event + 1, "to obtain an awaiter has an effect of its own");
    const FutureLife* task = history.future(touch.id);
    if (history.complete && task && task->task)
      ruling.require(!task->steps.empty(), event, "the task was touched, and never runs");
  }
  if (!history.by_hand) return ruling;
  for (const Job& job : history.jobs) {
    if (!job.step || job.leave == never) continue;
    if (const Frame* last = history.frame(history[job.leave - 1].frame))
      ruling.require(!last->by_hand, job.leave, "what was driven by hand suspends the task that drives it");
  }
  return ruling;
}

/// AWAIT-12
Verdict an_await_that_can_never_end_fails(const History& history) {
  Ruling ruling;
  if (history.cancels || !passes_are_whole(history)) return ruling;
  for (const Wait& wait : history.waits) {
    if (!wait.task || wait.awaited != wait.task) continue;
    if (wait.got == never) {
      if (history.complete) ruling.require(false, wait.asked, "it awaits itself, and waits for ever");
      continue;
    }
    bool fails = history[wait.got].answer.is_raised(ErrorKind::runtime);
    ruling.require(fails && history.pass(wait.got) <= history.pass(wait.asked) + 1, wait.got,
                   "it awaits itself, and gets no error in the next pass");
    if (!ceded(history, wait)) ruling.variant("at-once", wait.got);
  }
  return ruling;
}

using enum Verb;

constexpr Property list[] = {
    {"AWAIT-1", awaiting_a_coroutine_runs_it_at_once, {call, catch_, repeat, await}},
    {"AWAIT-2", awaiting_a_new_task_cedes, {await}},
    {"AWAIT-3", awaiting_a_pending_future_cedes, {await}},
    {"AWAIT-4", awaiting_a_done_future_takes_no_time, {await}},
    {"AWAIT-5", done_is_done_whatever_the_outcome, {await}},
    {"AWAIT-6", a_coroutine_cedes_if_something_inside_does, {call, catch_, repeat, await}},
    {"AWAIT-7", a_waiter_resumes_in_the_pass_after_the_completion, {await}},
    {"AWAIT-8", waiters_and_callbacks_share_one_line, {await, add_done_callback}},
    {"AWAIT-9", every_waiter_gets_the_outcome, {await}},
    {"AWAIT-10", a_bare_suspension_costs_one_pass, {await, yield}},
    {"AWAIT-11", without_the_await_nothing_happens, {create_coroutine, get_awaiter}},
    {"AWAIT-12", an_await_that_can_never_end_fails, {await}},
};

}  // namespace

std::span<const Property> awaiting() { return list; }

}  // namespace cede
