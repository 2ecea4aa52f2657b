#include "properties/scope.h"

#include <algorithm>

#include "properties/property.h"

namespace cede {
namespace {

bool lasts(Verb verb) {
  return verb == Verb::timeout || verb == Verb::reenter || verb == Verb::wait_for || verb == Verb::task_group;
}

/// The verbs of families that end waits, or make tasks, by rules of their own; and what rewrites counters.
const Verbs& foreign() {
  static const Verbs verbs = [] {
    Verbs all{Verb::uncancel};
    for (const VerbRow& row : cede::verbs()) {
      bool known = row.family == Family::core || row.family == Family::cancellation || row.family == Family::scopes;
      if (!known) all.add(row.verb);
    }
    return all;
  }();
  return verbs;
}

bool answered_true(const Event& event) { return event.answer == Answer::of(Value::of(true)); }

bool asks_to_cancel(const Event& event) {
  return (event.step.verb == Verb::cancel_task || event.step.verb == Verb::cancel_future) && answered_true(event);
}

}  // namespace

Scopes::Scopes(const History& history) : history_(history) {
  plain_ = passes_are_whole(history) && !history.by_hand && !history.said(foreign());
  for (std::size_t index : history.about_futures) {
    const FutureLife* future = history.future(history[index].id);
    requests_ += future && future->task && asks_to_cancel(history[index]);
  }
  for (const Wait& wait : history.waits) {
    const Event& asked = history[wait.asked];
    if (!lasts(asked.step.verb) || !wait.task) continue;
    Scope scope{.wait = &wait, .id = asked.id, .set = wait.asked};
    for (const Frame& frame : history.frames)
      if (frame.by == wait.asked) scope.body = &frame;
    read_deadline(scope);
    scopes_.push_back(scope);
  }
  enclose();
}

/// The deadline that the scope itself set, or the last that it was moved to.
void Scopes::read_deadline(Scope& scope) const {
  Verb verb = history_[scope.asked()].step.verb;
  if (verb == Verb::task_group || verb == Verb::reenter) return;
  if (verb == Verb::timeout)
    for (std::size_t event = scope.asked(); event < history_.events().size() && event < scope.ended(); ++event) {
      const Event& moved = history_[event];
      bool accepted = moved.what == What::did && moved.answer.kind == Answer::Kind::nothing;
      if (accepted && moved.step.verb == Verb::reschedule && moved.id == scope.id) scope.set = event;
    }
  Nanos delay = history_[scope.set].step.time;
  if (delay == forever) return;
  // A loop may count from the beginning of the pass, if it dares (TIMER-10).
  Nanos from = history_.beginning_of_pass(scope.set) - history_.resolution() + 1;
  if (!__builtin_add_overflow(from, delay, &scope.earliest)) scope.latest = history_.latest_deadline(scope.set);
  else scope.earliest = forever;
}

void Scopes::enclose() {
  for (Scope& scope : scopes_)
    for (const Frame* frame = history_.frame(scope.wait->frame); frame && !scope.around;
         frame = history_.frame(frame->caller))
      for (const Scope& other : scopes_)
        if (other.body == frame) scope.around = &other;
}

bool Scopes::ahead(const Scope& scope, std::size_t event) const {
  return scope.earliest == forever || history_[std::min(event, history_.events().size() - 1)].at < scope.earliest;
}

bool Scopes::passed(const Scope& scope, std::size_t event) const {
  if (scope.latest == forever) return false;
  auto poll = std::ranges::upper_bound(history_.polls, scope.set);
  while (poll != history_.polls.end() && history_.end_of_wait(*poll) < scope.latest) ++poll;
  return poll != history_.polls.end() && ++poll != history_.polls.end() && *poll < event;
}

bool Scopes::alone(const Scope& scope, const Scope* but) const {
  return std::ranges::none_of(scopes_, [&](const Scope& other) {
    return &other != &scope && &other != but && other.asked() < scope.got() && scope.asked() < other.got();
  });
}

bool Scopes::quiet(std::size_t from, std::size_t to) const {
  return std::ranges::none_of(scopes_, [&](const Scope& other) { return other.asked() < to && from < other.got(); });
}

bool Scopes::is_plain(const Wait& wait) const {
  const Step& step = history_[wait.asked].step;
  if (step.verb == Verb::yield || step.verb == Verb::sleep) return wait.task != 0;
  const FutureLife* future = history_.future(wait.awaited);
  return wait.task && step.verb == Verb::await && future && !future->task;
}

std::size_t Scopes::request_during(const Scope& scope) const {
  for (std::size_t event : history_.about_futures)
    if (history_[event].id == scope.wait->task && asks_to_cancel(history_[event]) && scope.active_at(event))
      return event;
  return never;
}

const Wait* Scopes::plain_wait(Id task, std::size_t poll) const {
  for (auto wait = history_.waits.rbegin(); wait != history_.waits.rend(); ++wait)
    if (wait->task == task && wait->asked < poll && poll < wait->got)
      return wait->suspended && is_plain(*wait) ? &*wait : nullptr;
  return nullptr;
}

bool raised(const History& history, std::size_t event, ErrorKind error) {
  return event != never && history[event].answer.is_raised(error);
}

bool failed(const Answer& answer) { return answer.is_raised() && !answer.is_raised(ErrorKind::cancelled); }

bool asks_about(const History& history, std::size_t event, Verb verb, Id id) {
  const Event& step = history[event];
  return step.did(verb) && step.id == id;
}

std::size_t undisturbed(const History& history, const Wait& wait, std::size_t poll, std::uint32_t passes) {
  std::size_t late = history.poll(history.pass(poll) + passes);
  return late != never && wait.got > late ? late : never;
}

void require_a_usable_task(const History& history, const Scopes& scopes, const Scope& scope, Ruling& ruling) {
  if (scopes.requests() || scope.got() == never) return;
  for (std::size_t event : history.about_futures) {
    bool asks = event > scope.got() && asks_about(history, event, Verb::cancelling, scope.wait->task);
    if (!asks || !scopes.quiet(event, event)) continue;
    ruling.require(history[event].answer == Answer::of(Value::of(std::int64_t{0})), event,
                   "the request for cancellation is still counted");
    break;
  }
  for (const Wait& wait : history.waits) {
    if (wait.asked < scope.got() || wait.task != scope.wait->task || !scopes.is_plain(wait)) continue;
    if (history.future(wait.awaited) || !scopes.quiet(wait.asked, std::min(wait.got, history.events().size())))
      continue;
    ruling.require(!raised(history, wait.got, ErrorKind::cancelled), wait.got,
                   "the task was cancelled after its scope");
    break;
  }
}

}  // namespace cede
