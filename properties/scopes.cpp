// spec/12-scopes.md
//
// What is judged are bodies that ended surely before their deadline or surely after it took effect, and
// operations and children whose own end is in the trace. Who else wants a task cancelled is known only
// while no other scope is active; otherwise judges say nothing.
#include "properties/scope.h"

#include <algorithm>
#include <ranges>

#include "properties/property.h"

namespace cede {
namespace {

Verb verb_of(const History& history, const Scope& scope) { return history[scope.asked()].step.verb; }

/// The first poll after which a timer of the scope's deadline has to run; never if there is none.
std::size_t poll_of_deadline(const History& history, const Scope& scope) {
  if (scope.latest == forever) return never;
  auto poll = std::ranges::upper_bound(history.polls, scope.set);
  while (poll != history.polls.end() && history.end_of_wait(*poll) < scope.latest) ++poll;
  return poll == history.polls.end() ? never : *poll;
}

/// The deadline comes in its time and ends what the body waits for.
void require_a_deadline(const History& history, const Scopes& scopes, const Scope& scope, Ruling& ruling) {
  for (const Wait& wait : history.waits) {
    bool inside = wait.task == scope.wait->task && scope.asked() < wait.asked && wait.asked < scope.ended();
    if (!inside || !scopes.is_plain(wait) || history.future(wait.awaited)) continue;
    if (wait.got != never && scopes.ahead(scope, wait.got) && !scopes.requests() && scopes.alone(scope))
      ruling.require(!raised(history, wait.got, ErrorKind::cancelled), wait.got,
                     "the body was cancelled before the deadline");
  }
  for (const Run& run : history.runs) {
    bool lost = run.rested != never && scope.set < run.rested && run.rested < scope.ended() &&
                run.rested < scope.got() && scope.earliest < History::far && scopes.ahead(scope, run.rested);
    if (lost) ruling.require(false, run.rested, "the loop rests, although a deadline is still to come");
  }
  std::size_t poll = poll_of_deadline(history, scope);
  if (poll == never || poll > scope.ended() || poll > scope.got()) return;
  const Wait* wait = scopes.plain_wait(scope.wait->task, poll);
  if (!wait || !scopes.ahead(scope, wait->asked)) return;  // it may have struck before, and been absorbed
  std::size_t late = undisturbed(history, *wait, poll);
  if (late != never || wait->got != never)
    ruling.require(late == never, late, "the deadline is over, and the body was not cancelled");
}

/// The first answer to `expired` behind the event.
std::size_t asked_whether_expired(const History& history, const Scope& scope, std::size_t from) {
  for (std::size_t event = from; event < history.events().size(); ++event)
    if (asks_about(history, event, Verb::expired, scope.id)) return event;
  return never;
}

void require_expired(const History& history, const Scope& scope, bool expired, Ruling& ruling) {
  std::size_t asked = scope.got() == never ? never : asked_whether_expired(history, scope, scope.got());
  if (asked == never) return;
  ruling.require(
      history[asked].answer == Answer::of(Value::of(expired)), asked,
      expired ? "the scope does not know that it expired" : "a scope that was left in time calls itself expired");
}

/// Everything between its begin and its end is known.
bool over(const Scope& scope) { return scope.ended() != never && scope.got() != never; }

bool moved(const Scope& scope) { return scope.set != scope.asked(); }

/// TO-1
Verdict a_deadline_ends_the_body_with_a_timeout(const History& history) {
  Ruling ruling;
  Scopes scopes(history);
  if (!scopes.plain()) return ruling;
  for (const Scope& scope : of(history, scopes, Verb::timeout)) {
    if (!scope.body || moved(scope)) continue;
    require_a_deadline(history, scopes, scope, ruling);
    if (!over(scope) || !scopes.alone(scope) || scopes.requests() || !scopes.passed(scope, scope.ended())) continue;
    if (!raised(history, scope.ended(), ErrorKind::cancelled)) continue;
    ruling.require(raised(history, scope.got(), ErrorKind::timeout), scope.got(),
                   "the cancellation did not become a timeout");
    require_a_usable_task(history, scopes, scope, ruling);
  }
  return ruling;
}

/// Whether something else may be due by this moment that was pending when the scope was left, or was asked for
/// between that and the poll: the loop waits for it, or looks for it late, and a deadline behind it that was
/// taken back may wake the loop once (TIMER-11).
bool waits_for_others(const History& history, const Scopes& scopes, const Scope& scope, std::size_t poll, Nanos by) {
  Nanos slack = history.resolution();
  auto concerns = [&](std::size_t asked, std::size_t ended, Nanos due) {
    return asked < poll && ended > scope.got() && (due <= by || due - by <= slack);
  };
  for (const Call& call : history.calls)
    if (call.timer() && call.cancelled > scope.got() &&
        concerns(call.asked, call.entered, std::min(call.deadline, call.due)))
      return true;
  for (const Wait& wait : history.waits) {
    Nanos due, begun = history.beginning_of_pass(wait.asked);
    if (history[wait.asked].did(Verb::sleep) && !__builtin_add_overflow(begun, history[wait.asked].step.time, &due) &&
        concerns(wait.asked, wait.got, due))
      return true;
  }
  return std::ranges::any_of(scopes.all(), [&](const Scope& other) {
    return &other != &scope && (moved(other) || concerns(other.asked(), other.got(), other.earliest));
  });
}

/// Whether the poll waits for the scope's deadline.
bool waits_for(const History& history, const Scopes& scopes, const Scope& scope, std::size_t poll) {
  const Event& event = history[poll];
  Nanos first, last;  // the wait ends between them, by when the loop reckoned its limit
  if (event.time <= 0 || event.time == forever || __builtin_add_overflow(event.at, event.time, &last)) return false;
  first = history.before_wait(poll) + event.time;
  Nanos slack = history.resolution();
  bool meant = scope.latest != forever && scope.earliest - slack <= last && first <= scope.latest + slack;
  return meant && !waits_for_others(history, scopes, scope, poll, last);
}

/// Nobody waits any more for a deadline that does not matter.
void require_no_timer(const History& history, const Scopes& scopes, const Scope& scope, Ruling& ruling) {
  if (scope.got() == never || scope.latest == forever || moved(scope)) return;
  auto poll = std::ranges::upper_bound(history.polls, scope.got());
  for (; poll != history.polls.end(); ++poll)
    ruling.require(!waits_for(history, scopes, scope, *poll), *poll, "the loop still waits for the deadline");
}

/// TO-2
Verdict a_scope_changes_nothing_but_its_own_cancellation(const History& history) {
  Ruling ruling;
  Scopes scopes(history);
  if (!scopes.plain()) return ruling;
  for (const Scope& scope : of(history, scopes, Verb::timeout)) {
    if (!over(scope)) continue;
    if (scopes.ahead(scope, scope.ended())) {
      ruling.require(history[scope.got()].answer == history[scope.ended()].answer, scope.got(),
                     "a scope that was left in time changed the outcome of its body");
      require_expired(history, scope, false, ruling);
      require_no_timer(history, scopes, scope, ruling);
    }
    bool foreign = scopes.request_during(scope) < scope.ended() && raised(history, scope.ended(), ErrorKind::cancelled);
    if (foreign)
      ruling.require(raised(history, scope.got(), ErrorKind::cancelled), scope.got(),
                     "a cancellation by others became a timeout");
  }
  return ruling;
}

/// TO-3
Verdict only_the_scope_that_expired_converts(const History& history) {
  Ruling ruling;
  Scopes scopes(history);
  if (!scopes.plain() || scopes.requests()) return ruling;
  for (const Scope& inner : of(history, scopes, Verb::timeout)) {
    const Scope* outer = inner.around;
    if (!outer || !over(inner) || verb_of(history, *outer) != Verb::timeout) continue;
    if (!scopes.alone(inner, outer) || !scopes.alone(*outer, &inner)) continue;
    std::size_t end = inner.ended();
    if (!raised(history, end, ErrorKind::cancelled)) continue;
    if (scopes.passed(inner, end) && scopes.ahead(*outer, end))
      ruling.require(raised(history, inner.got(), ErrorKind::timeout), inner.got(),
                     "the inner scope expired and did not say so");
    if (!scopes.ahead(inner, end) || !scopes.passed(*outer, end)) continue;
    ruling.require(raised(history, inner.got(), ErrorKind::cancelled), inner.got(),
                   "the inner scope took the cancellation of the outer one for its own");
    require_expired(history, inner, false, ruling);
    if (over(*outer) && raised(history, outer->ended(), ErrorKind::cancelled))
      ruling.require(raised(history, outer->got(), ErrorKind::timeout), outer->got(),
                     "the outer scope expired and did not say so");
  }
  return ruling;
}

/// The first wait in the body that gave up control; null if none did.
const Wait* first_suspension(const History& history, const Scope& scope) {
  for (const Wait& wait : history.waits)
    if (wait.task == scope.wait->task && scope.asked() < wait.asked && wait.asked < scope.ended() && wait.suspended)
      return &wait;
  return nullptr;
}

/// TO-4
Verdict a_deadline_strikes_at_suspensions_only(const History& history) {
  Ruling ruling;
  Scopes scopes(history);
  if (!scopes.plain()) return ruling;
  for (const Scope& scope : of(history, scopes, Verb::timeout)) {
    if (moved(scope)) continue;
    bool late_at_entry = history[scope.asked()].step.time <= 0;
    if (late_at_entry && history.next(scope.asked()))
      ruling.require(scope.body, scope.asked() + 1, "the body did not begin");
    const Wait* first = scope.body ? first_suspension(history, scope) : nullptr;
    if (first && late_at_entry && scopes.is_plain(*first) && first->got != never)
      ruling.require(raised(history, first->got, ErrorKind::cancelled), first->got,
                     "the first suspension was not cancelled");
    if (first || !over(scope)) continue;
    bool late = late_at_entry || history[scope.ended()].at >= scope.latest;
    bool at_once = history[scope.ended()].job == history[scope.asked()].job;
    if (late && at_once)
      ruling.require(history[scope.got()].answer == history[scope.ended()].answer, scope.got(),
                     "a body that never suspended timed out");
  }
  return ruling;
}

/// Whether somebody has entered that scope before, maybe in a task that nobody knows, such as one of wait_for's.
bool was_entered(const History& history, std::size_t event) {
  const auto enters = [&](std::size_t at) { return asks_about(history, at, Verb::timeout, history[event].id); };
  return std::ranges::any_of(std::views::iota(std::size_t{0}, event), enters);
}

/// TO-5, of one step `reschedule`
void require_a_move(const History& history, const Scopes& scopes, std::size_t event, Ruling& ruling) {
  const Answer& answer = history[event].answer;
  const Scope* scope = nullptr;
  for (const Scope& one : scopes.all())
    if (one.id == history[event].id && one.asked() < event) scope = &one;
  if (scope ? history[scope->asked()].did(Verb::reenter) : was_entered(history, event)) return;
  if (!scope) return ruling.require(answer.is_raised(), event, "a scope that was never entered was moved");
  if (scope->got() < event) return ruling.require(answer.is_raised(), event, "a scope that is over was moved");
  if (scope->body && event < scope->ended() && !moved(*scope) && scopes.ahead(*scope, event))
    ruling.require(!answer.is_raised(), event, "an active scope refused to be moved");
}

/// TO-5, of one step `reenter`
void require_a_refusal(const History& history, const Scopes& scopes, const Scope& again, Ruling& ruling) {
  bool before = std::ranges::any_of(scopes.all(), [&](const Scope& scope) {
    return scope.id == again.id && scope.asked() < again.asked();
  });
  if (!before || !history.next(again.asked())) return;
  bool refused = !again.body && raised(history, again.got(), ErrorKind::runtime);
  ruling.require(refused, again.asked() + 1, "a scope was entered twice");
}

/// TO-5
Verdict a_scope_keeps_to_what_its_body_made_of_it(const History& history) {
  Ruling ruling;
  Scopes scopes(history);
  if (!scopes.plain()) return ruling;
  for (std::size_t event = 0; event < history.events().size(); ++event)
    if (history[event].did(Verb::reschedule)) require_a_move(history, scopes, event, ruling);
  for (const Scope& scope : of(history, scopes, Verb::reenter)) require_a_refusal(history, scopes, scope, ruling);
  for (const Scope& scope : of(history, scopes, Verb::timeout)) {
    if (!scope.body) continue;
    if (moved(scope)) require_a_deadline(history, scopes, scope, ruling);
    if (!over(scope) || !scopes.passed(scope, scope.ended())) continue;
    if (raised(history, scope.ended(), ErrorKind::cancelled)) continue;
    ruling.require(history[scope.got()].answer == history[scope.ended()].answer, scope.got(),
                   "the body made something else of its cancellation, and the scope did not keep to it");
    require_expired(history, scope, true, ruling);
    if (scopes.alone(scope)) require_a_usable_task(history, scopes, scope, ruling);
  }
  return ruling;
}

/// Those of wait_for, but for a task that waits for itself, which is refused (AWAIT-12).
auto waits_in(const History& history, const Scopes& scopes) {
  return of(history, scopes, Verb::wait_for) |
         std::views::filter([](const Scope& scope) { return scope.id != scope.wait->task; });
}

/// The future or task that wait_for waits for; null where it is a coroutine, or not known.
const FutureLife* operation(const History& history, const Scope& scope) { return history.future(scope.id); }

/// Whether it waits for a coroutine object that nobody had begun before the event.
bool has_fresh_coroutine(const History& history, const Scope& scope, std::size_t event) {
  const CoroutineLife* coroutine = history.coroutine(scope.id);
  const Frame* used = coroutine && coroutine->frame ? history.frame(coroutine->frame) : nullptr;
  return coroutine && !(used && used->first < event);
}

Nanos delay_of(const History& history, const Scope& scope) { return history[scope.asked()].step.time; }

/// The end of the operation, and how it ended; never if that is not known.
std::size_t end_of_operation(const History& history, const Scope& scope) {
  const FutureLife* future = operation(history, scope);
  return future ? future->completed : scope.ended();
}
Answer outcome_of_operation(const History& history, const Scope& scope) {
  const FutureLife* future = operation(history, scope);
  return future ? future->outcome : history[scope.ended()].answer;
}

/// WF-1, of a coroutine that runs inline
void require_inline(const History& history, const Scope& scope, Ruling& ruling) {
  std::size_t end = scope.body->ended;
  ruling.require(history[scope.body->first].job == history[scope.asked()].job, scope.body->first,
                 "the coroutine did not begin at once");
  for (std::size_t event = scope.asked(); event < std::min(end, history.events().size()); ++event) {
    if (!history[event].did(Verb::current_task) || history[event].frame != scope.body->id) continue;
    const Job* job = history.job_at(scope.asked());
    if (job) ruling.require(history[event].answer == Answer::of(Value::of(history[job->enter].step.who)), event,
                            "the coroutine does not run in the task that waits");
  }
  if (end != never && history.next(end))
    ruling.require(scope.got() == end + 1, end + 1, "the end of the coroutine gave control away");
}

/// WF-1
Verdict an_operation_in_time_is_delivered(const History& history) {
  Ruling ruling;
  Scopes scopes(history);
  if (!scopes.plain()) return ruling;
  for (const Scope& scope : waits_in(history, scopes)) {
    if (delay_of(history, scope) <= 0) continue;
    if (scope.body) require_inline(history, scope, ruling);
    else if (has_fresh_coroutine(history, scope, scope.asked() + 2) && history.next(scope.asked())) {
      if (delay_of(history, scope) == forever)
        ruling.require(false, scope.asked() + 1, "the coroutine did not begin at once");
      else ruling.variant("task", scope.asked());
    }
    std::size_t end = end_of_operation(history, scope);
    if (scope.got() == never) {
      if (history.complete && end != never)
        ruling.require(false, history.events().size() - 1, "the waiter was forgotten");
      continue;
    }
    if (!scopes.ahead(scope, scope.got())) continue;
    require_no_timer(history, scopes, scope, ruling);
    if (scopes.requests() || !scopes.alone(scope) || !scopes.quiet(0, scope.asked())) continue;
    bool known = operation(history, scope) || scope.body;
    if (known && end < scope.got())
      ruling.require(agree(history[scope.got()].answer, outcome_of_operation(history, scope)), scope.got(),
                     "the outcome of the operation was not handed on");
    else if (known)
      ruling.require(false, scope.got(), "the wait ended before the operation did");
  }
  return ruling;
}

/// WF-2
Verdict a_timeout_waits_for_the_end_of_the_operation(const History& history) {
  Ruling ruling;
  Scopes scopes(history);
  if (!scopes.plain()) return ruling;
  for (const Scope& scope : waits_in(history, scopes)) {
    const FutureLife* future = operation(history, scope);
    if (scope.body && delay_of(history, scope) > 0) require_a_deadline(history, scopes, scope, ruling);
    std::size_t poll = poll_of_deadline(history, scope);
    if (future && !future->task && poll < scope.got()) {
      std::size_t late = undisturbed(history, *scope.wait, poll, 5);
      if (late != never) ruling.require(false, late, "the time is over, and the wait goes on");
    }
    const Wait* wait = future && future->task && poll < scope.got() ? scopes.plain_wait(future->id, poll) : nullptr;
    if (wait && scopes.ahead(scope, wait->asked)) {
      std::size_t late = undisturbed(history, *wait, poll, 5);
      if (late != never || wait->got != never)
        ruling.require(late == never, late, "the time is over, and the operation was not cancelled");
    }
    bool lasts = scope.body || (future && future->task);
    std::size_t end = end_of_operation(history, scope);
    if (!lasts || scope.got() == never || !raised(history, scope.got(), ErrorKind::timeout)) {
      if (!lasts || end == never || end > scope.got()) continue;
    } else if (end > scope.got()) {
      ruling.require(false, scope.got(), "the timeout is raised while the operation still runs");
      continue;
    }
    if (scope.got() == never || scopes.requests() || !scopes.alone(scope) || !scopes.passed(scope, end)) continue;
    Answer outcome = outcome_of_operation(history, scope);
    if (outcome.is_raised(ErrorKind::cancelled))
      ruling.require(raised(history, scope.got(), ErrorKind::timeout), scope.got(),
                     "the cancellation did not become a timeout");
    else if (failed(outcome))
      ruling.require(history[scope.got()].answer == outcome, scope.got(), "the error of the cleanup was not raised");
  }
  return ruling;
}

/// Whether a task had a step before the event.
bool begun(const History& history, const FutureLife& task, std::size_t event) {
  return !task.steps.empty() && history.jobs[task.steps.front()].enter < event;
}

/// WF-3, of a limit of zero or less
void require_no_time(const History& history, const Scopes& scopes, const Scope& scope, Ruling& ruling) {
  const FutureLife* future = operation(history, scope);
  bool others = scopes.requests() || !scopes.alone(scope);
  if (future && future->completed < scope.asked()) {
    if (scope.got() != never && !(future->task && others))
      ruling.require(agree(history[scope.got()].answer, future->outcome), scope.got(),
                     "the outcome that was there was not taken");
    return;
  }
  bool is_new = future ? future->task && !begun(history, *future, scope.asked())
                       : has_fresh_coroutine(history, scope, scope.asked());
  if (!is_new || !history.next(scope.asked())) return;
  bool entered = future ? future->frame != 0 : scope.body != nullptr;
  ruling.require(!entered, scope.asked(), "an operation without time entered its body");
  if (scope.got() != never && !others)
    ruling.require(raised(history, scope.got(), ErrorKind::timeout), scope.got(), "there was no time, and no timeout");
}

/// WF-3
Verdict without_time_only_what_is_done_counts(const History& history) {
  Ruling ruling;
  Scopes scopes(history);
  if (!scopes.plain()) return ruling;
  for (const Scope& scope : waits_in(history, scopes)) {
    if (delay_of(history, scope) <= 0) {
      require_no_time(history, scopes, scope, ruling);
      continue;
    }
    const FutureLife* future = operation(history, scope);
    std::size_t poll = poll_of_deadline(history, scope);
    bool known = future && !future->task && future->completed != never && future->completed > scope.asked();
    if (!known || scope.got() == never || scopes.requests() || !scopes.alone(scope)) continue;
    bool race = poll < scope.got() && history.pass(future->completed) == history.pass(poll) + 1;
    if (!race) continue;
    if (agree(history[scope.got()].answer, future->outcome)) ruling.variant("result", scope.got());
    else
      ruling.require(raised(history, scope.got(), ErrorKind::timeout), scope.got(),
                     "neither the result nor the timeout won");
  }
  return ruling;
}

/// WF-4, of an operation that returns after its time
void rule_on_late_value(const History& history, const Scopes& scopes, const Scope& scope, Ruling& ruling) {
  const FutureLife* future = operation(history, scope);
  std::size_t end = end_of_operation(history, scope);
  bool lasts = scope.body || (future && future->task);
  if (!lasts || scopes.requests() || !scopes.alone(scope) || end > scope.got() || !scopes.passed(scope, end)) return;
  Answer outcome = outcome_of_operation(history, scope);
  if (outcome.is_raised()) return;
  if (raised(history, scope.got(), ErrorKind::timeout)) ruling.variant("timeout-of-late", scope.got());
  else
    ruling.require(agree(history[scope.got()].answer, outcome), scope.got(),
                   "neither the value of the operation nor the timeout came");
}

/// WF-4, of a request to the task that waits
void rule_on_request(const History& history, const Scopes& scopes, const Scope& scope, Ruling& ruling) {
  const FutureLife* future = operation(history, scope);
  std::size_t request = scopes.request_during(scope), end = end_of_operation(history, scope);
  if (request == never || scopes.requests() > 1 || !scopes.alone(scope)) return;
  std::size_t poll = history.poll(history.pass(request));
  bool pending = future && !future->task && end == never;
  if (pending && poll != never) {
    std::size_t late = undisturbed(history, *scope.wait, poll, 5);
    if (late != never) ruling.require(false, late, "the waiter was cancelled, and goes on to wait");
  }
  const Wait* wait = future && future->task && poll < scope.got() ? scopes.plain_wait(future->id, poll) : nullptr;
  if (wait && wait->asked < request) {
    std::size_t late = undisturbed(history, *wait, poll, 5);
    if (late != never) ruling.require(false, late, "the waiter was cancelled, and its operation was not");
  }
  if (scope.got() == never || !scopes.ahead(scope, scope.got())) return;
  bool lasts = scope.body || (future && future->task);
  if (end < request && !outcome_of_operation(history, scope).is_raised(ErrorKind::cancelled)) {
    if (agree(history[scope.got()].answer, outcome_of_operation(history, scope)))
      ruling.variant("value-when-done", scope.got());
    else
      ruling.require(raised(history, scope.got(), ErrorKind::cancelled), scope.got(),
                     "neither the outcome nor the cancellation came");
  } else if (end < request) {
    return;  // both say the same
  } else if (lasts && end > scope.got()) {
    ruling.require(false, scope.got(), "the operation still runs");
  } else if (pending || (lasts && outcome_of_operation(history, scope).is_raised(ErrorKind::cancelled))) {
    ruling.require(raised(history, scope.got(), ErrorKind::cancelled), scope.got(),
                   "the cancellation of the waiter got lost");
  }
}

/// WF-4
Verdict cancelling_the_waiter_cancels_the_operation(const History& history) {
  Ruling ruling;
  Scopes scopes(history);
  if (!scopes.plain()) return ruling;
  for (const Scope& scope : waits_in(history, scopes)) {
    if (delay_of(history, scope) <= 0) continue;
    if (scope.got() != never) rule_on_late_value(history, scopes, scope, ruling);
    rule_on_request(history, scopes, scope, ruling);
  }
  return ruling;
}

using enum Verb;

constexpr Property list[] = {
    {"WF-1", an_operation_in_time_is_delivered, {wait_for}},
    {"WF-2", a_timeout_waits_for_the_end_of_the_operation, {wait_for}},
    {"WF-3", without_time_only_what_is_done_counts, {wait_for}},
    {"WF-4", cancelling_the_waiter_cancels_the_operation, {wait_for}},
    {"TO-1", a_deadline_ends_the_body_with_a_timeout, {timeout}},
    {"TO-2", a_scope_changes_nothing_but_its_own_cancellation, {timeout}},
    {"TO-3", only_the_scope_that_expired_converts, {timeout}},
    {"TO-4", a_deadline_strikes_at_suspensions_only, {timeout}},
    {"TO-5", a_scope_keeps_to_what_its_body_made_of_it, {timeout, reschedule, reenter}},
};

}  // namespace

std::span<const Property> scopes() { return list; }

}  // namespace cede
