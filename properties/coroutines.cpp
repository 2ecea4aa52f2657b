// spec/01-coroutines.md
//
// A coroutine shows itself as a frame: one start of a script, with what started it, who awaits it
// inline, and where it ended. Most rules here say what has to be the very next event.
#include "properties/property.h"

namespace cede {
namespace {

/// What a value is that travels by hand: a number, or nothing.
Answer handed(const Value& value) {
  return value.kind == Value::Kind::number ? Answer::of(value) : Answer{};
}

bool catches(ErrorKind wanted, ErrorKind raised) {
  if (wanted != ErrorKind::generic) return wanted == raised;
  return raised != ErrorKind::cancelled && raised != ErrorKind::exit && raised != ErrorKind::generator_exit;
}

/// CORO-1
Verdict a_body_waits_until_somebody_starts_it(const History& history) {
  Ruling ruling;
  if (history.coroutines.empty()) return ruling;
  for (const Frame& frame : history.frames)
    ruling.require(frame.by != never || frame.first == 0, frame.first, "it runs, and nobody has started it");
  return ruling;
}

/// CORO-2
Verdict a_coroutine_goes_on_where_it_stopped(const History& history) {
  Ruling ruling;
  for (const Wait& wait : history.waits)
    if (wait.suspended && wait.got != never)
      ruling.require(history[wait.got].step == history[wait.asked].step, wait.got,
                     "it goes on somewhere else");
  for (const Frame& frame : history.frames) {
    if (frame.skipped != never)
      ruling.require(false, frame.skipped, "it goes on without the answer for which it had stopped");
    const FutureLife* task = history.future(frame.task);
    if (task && !frame.caller && frame.id != task->frame &&
        history[frame.first].step.who == history[frame.by].step.who)
      ruling.require(false, frame.first, "it was resumed, and begins again from the top");
  }
  return ruling;
}

/// CORO-3
Verdict a_suspension_passes_through_all_levels(const History& history) {
  Ruling ruling;
  for (const FutureLife& task : history.futures)
    for (std::size_t step = 1; step < task.steps.size(); ++step) {
      const Job& before = history.jobs[task.steps[step - 1]];
      if (before.wait == never || history.coroutine(history.waits[before.wait].awaited)) continue;
      const Frame* innermost = history.frame(history.waits[before.wait].frame);
      std::size_t first = history.jobs[task.steps[step]].enter + 1;
      if (!innermost->caller || first >= history.events().size() || !history[first].frame) continue;
      ruling.require(history[first].frame == innermost->id, first,
                     "the innermost coroutine is not the first to go on");
    }
  for (const Frame& inner : history.frames) {
    if (!inner.caller || !inner.task || inner.ended == never) continue;
    if (history[inner.by].step.verb == Verb::task_group) continue;  // which waits for its tasks
    const Event& end = history[inner.ended];
    const Event* after = history.next(inner.ended);
    bool suspended = end.job != history[inner.first].job;
    if (!after || !suspended || end.answer.is_raised()) continue;
    ruling.require(after->job == end.job && after->frame, inner.ended + 1,
                   "its caller does not go on in the same step");
  }
  return ruling;
}

/// One `send`: into a fresh coroutine, or into a suspended one.
void judge_send(const History& history, std::size_t sent, Ruling& ruling) {
  const CoroutineLife* coroutine = history.coroutine(history[sent].id);
  const Event* after = history.next(sent);
  if (!coroutine || !after) return;
  const Frame* body = history.frame(coroutine->frame);
  const Answer value = handed(history[sent].step.value);
  if (body && body->first <= sent) {
    if (after->what == What::got && after->step.verb == Verb::yield)
      ruling.require(after->answer == value, sent + 1,
                     "what was sent is not the value of the suspended expression");
  } else if (value == Answer{}) {
    ruling.require(body && body->first == sent + 1, sent + 1, "the first resumption does not start the body");
  } else {
    ruling.require(after->answer.is_raised(ErrorKind::runtime), sent + 1,
                   "the first resumption takes a value, for which nothing waits");
  }
}

/// The answer of a `send`: what was yielded, or in the end what was returned.
void judge_answer(const History& history, std::size_t got, Ruling& ruling) {
  const Event& before = history[got - 1];
  const CoroutineLife* coroutine = history.coroutine(history[got].id);
  if (before.did(Verb::yield))
    ruling.require(history[got].answer == handed(before.step.value), got, "this is not what was yielded");
  if (before.what == What::end && coroutine && coroutine->frame == before.frame)
    ruling.require(history[got].answer == before.answer, got, "this is not what the coroutine returned");
}

/// CORO-4
Verdict values_travel_both_ways(const History& history) {
  Ruling ruling;
  for (const Wait& wait : history.waits)
    if (wait.task && wait.got != never && history[wait.asked].step.verb == Verb::yield &&
        !history[wait.got].answer.is_raised())
      ruling.require(history[wait.got].answer == Answer{}, wait.got,
                     "under a task the resumed value has to be empty");
  if (!history.by_hand) return ruling;
  for (std::size_t event = 0; event < history.events().size(); ++event) {
    if (history[event].step.verb != Verb::send) continue;
    if (history[event].what == What::did) judge_send(history, event, ruling);
    if (history[event].what == What::got) judge_answer(history, event, ruling);
  }
  return ruling;
}

/// The await of a coroutine object that has been used: an error, there and then.
void require_refusal(const History& history, const Wait& wait, std::string_view why, Ruling& ruling) {
  const Event* after = history.next(wait.asked);
  if (!after) return;
  bool refused = wait.got == wait.asked + 1 && after->answer.is_raised(ErrorKind::runtime);
  ruling.require(refused, wait.asked + 1, why);
}

/// The frame of the coroutine object's body when the wait began; null for fresh ones and futures.
const Frame* awaited_body(const History& history, const Wait& wait) {
  const CoroutineLife* coroutine = history.coroutine(wait.awaited);
  const Frame* body = coroutine ? history.frame(coroutine->frame) : nullptr;
  return body && body->first < wait.asked ? body : nullptr;
}

/// CORO-5
Verdict a_coroutine_is_used_once(const History& history) {
  Ruling ruling;
  if (history.coroutines.empty()) return ruling;
  for (const Wait& wait : history.waits)
    if (const Frame* body = awaited_body(history, wait); body && body->ended < wait.asked)
      require_refusal(history, wait, "a finished coroutine was awaited, without an error", ruling);
  return ruling;
}

/// CORO-6
Verdict only_one_may_await_a_coroutine(const History& history) {
  Ruling ruling;
  if (history.coroutines.empty()) return ruling;
  for (const Wait& wait : history.waits) {
    const Frame* body = awaited_body(history, wait);
    if (!body || body->ended < wait.asked || !body->task || !wait.task || body->task == wait.task) continue;
    require_refusal(history, wait, "another task is in the middle of it, and the await is no error", ruling);
    for (const Wait& own : history.waits)
      if (own.frame == body->id && own.got != never && own.got > wait.asked) {
        const Job* job = history.job_at(own.got);  // none if main has resumed it by hand
        ruling.require(!job || job->subject == body->task, own.got, "it goes on for the newcomer");
      }
  }
  return ruling;
}

/// CORO-7
Verdict an_error_rises_through_the_awaits(const History& history) {
  Ruling ruling;
  for (const Frame& inner : history.frames) {
    if (!inner.caller || inner.ended == never || !history[inner.ended].answer.is_raised()) continue;
    const Event& end = history[inner.ended];
    const Step& by = history[inner.by].step;
    if (row(by.verb).family != Family::core) continue;  // cleanup comes between, or makes another error of it
    const Event* after = history.next(inner.ended);
    if (!after) continue;
    bool at_once = after->frame == inner.caller && after->job == end.job;
    ruling.require(at_once, inner.ended + 1, "the error does not reach the caller in the same step");
    bool caught = by.verb == Verb::catch_ && catches(by.value.error, end.answer.value.error);
    if (at_once && !caught)
      ruling.require(after->answer == end.answer, inner.ended + 1,
                     "the error does not leave the await unchanged");
    if (at_once && caught)
      ruling.require(after->what == What::did || !after->answer.is_raised(), inner.ended + 1,
                     "the error was caught, and goes on nevertheless");
  }
  return ruling;
}

using enum Verb;

// A frame that is destroyed in the midst of its task is this clause's affair, too.
constexpr Verbs but_destroyed{runner, anext, aclose, shutdown_asyncgens};

constexpr Property list[] = {
    {"CORO-1", a_body_waits_until_somebody_starts_it, {create_coroutine}},
    {"CORO-2", a_coroutine_goes_on_where_it_stopped, {yield, sleep, await}, but_destroyed},
    {"CORO-3", a_suspension_passes_through_all_levels, {call, catch_, repeat, await}},
    {"CORO-4", values_travel_both_ways, {send, yield}},
    {"CORO-5", a_coroutine_is_used_once, {create_coroutine}},
    {"CORO-6", only_one_may_await_a_coroutine, {create_coroutine}},
    {"CORO-7", an_error_rises_through_the_awaits, {call, catch_, repeat, await}},
};

}  // namespace

std::span<const Property> coroutines() { return list; }

}  // namespace cede
