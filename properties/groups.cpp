// spec/12-scopes.md, its second half: task groups
//
// When a group begins to cancel its tasks is not in the trace: it does so in the pass after the one in
// which a task fails. What shows are children in plain waits that end with a cancellation, or do not.
#include <algorithm>

#include "properties/property.h"
#include "properties/scope.h"

namespace cede {
namespace {

using Children = std::vector<const FutureLife*>;

/// The newest group of this name at the event; null if none was entered before.
const Scope* group_at(const History& history, const Scopes& scopes, Name name, std::size_t event) {
  const Scope* newest = nullptr;
  for (const Scope& group : of(history, scopes, Verb::task_group))
    if (group.asked() < event && history[group.asked()].step.name == name) newest = &group;
  return newest;
}

/// The tasks of the group, in the order in which they were added.
Children children_of(const History& history, const Scopes& scopes, const Scope& group) {
  Children children;
  for (const FutureLife& task : history.futures) {
    const Step& step = history[task.made].step;
    bool added = task.task && history[task.made].did(Verb::create_task_in);
    if (added && group_at(history, scopes, step.name, task.made) == &group) children.push_back(&task);
  }
  return children;
}

/// Those that failed before the event, in the order in which they ended.
Children failures(const Children& children, std::size_t event) {
  Children failed_ones;
  for (const FutureLife* child : children)
    if (child->completed < event && failed(child->outcome)) failed_ones.push_back(child);
  std::ranges::sort(failed_ones, {}, &FutureLife::completed);
  return failed_ones;
}

/// Whether the group's own doing, a failure or an error of its body, and nobody else's is at issue.
bool undisturbed_until(const Scopes& scopes, const Scope& group) { return !scopes.requests() && scopes.alone(group); }

bool ended_well(const History& history, const Scope& group) {
  return group.ended() != never && !history[group.ended()].answer.is_raised();
}

/// TG-1
Verdict leaving_waits_for_all_tasks(const History& history) {
  Ruling ruling;
  Scopes scopes(history);
  if (!scopes.plain()) return ruling;
  for (const Scope& group : of(history, scopes, Verb::task_group)) {
    Children children = children_of(history, scopes, group);
    bool all_done = std::ranges::all_of(children, [](const FutureLife* child) { return child->completed != never; });
    if (group.got() == never) {
      if (history.complete && group.ended() != never && all_done)
        ruling.require(false, history.events().size() - 1, "all tasks are done, and nobody leaves the group");
      continue;
    }
    for (const FutureLife* child : children)
      ruling.require(child->completed < group.got(), group.got(), "the group was left while a task goes on");
    if (children.empty() && ended_well(history, group))
      ruling.require(group.got() == group.ended() + 1, group.ended() + 1, "an empty group gave control away");
  }
  return ruling;
}

/// Whether a task in a plain wait is cancelled by what happens at the event, which the group sees in the
/// next pass.
void require_cancelled(const History& history, const Scopes& scopes, Id task, std::size_t event, Ruling& ruling) {
  std::size_t before = history.poll(history.pass(event)), after = history.poll(history.pass(event) + 1);
  if (after == never) return;
  const Wait* wait = scopes.plain_wait(task, after);
  if (!wait || wait->asked > before) return;
  std::size_t late = undisturbed(history, *wait, after);
  if (late != never || wait->got != never) ruling.require(late == never, late, "a task of the group was not cancelled");
}

/// The errors that the group raised, one by one.
std::vector<Answer> items(const History& history, const Scope& group) {
  std::vector<Answer> items;
  for (std::size_t event = group.got() + 1; event < history.events().size() && history[event].what == What::item;
       ++event)
    items.push_back(history[event].answer);
  return items;
}

/// The children's errors in order, and that of the body, if any, at some place between.
bool holds_all_errors(std::vector<Answer> items, const Children& failed_ones, const Answer* body) {
  std::vector<Answer> expected;
  for (const FutureLife* child : failed_ones) expected.push_back(child->outcome);
  if (!body) return items == expected;
  for (std::size_t place = 0; place <= expected.size(); ++place) {
    std::vector<Answer> with_body = expected;
    with_body.insert(with_body.begin() + static_cast<std::ptrdiff_t>(place), *body);
    if (items == with_body) return true;
  }
  return false;
}

/// TG-2
Verdict the_first_failure_ends_the_group(const History& history) {
  Ruling ruling;
  Scopes scopes(history);
  if (!scopes.plain()) return ruling;
  for (const Scope& group : of(history, scopes, Verb::task_group)) {
    Children children = children_of(history, scopes, group), failed_ones = failures(children, group.got());
    if (failed_ones.empty()) continue;
    const FutureLife& first = *failed_ones.front();
    bool body_first = group.ended() < first.completed && !ended_well(history, group);
    if (undisturbed_until(scopes, group) && !body_first) {
      for (const FutureLife* child : children)
        if (child != &first && child->completed > first.completed)
          require_cancelled(history, scopes, child->id, first.completed, ruling);
      if (group.ended() > first.completed)
        require_cancelled(history, scopes, group.wait->task, first.completed, ruling);
      require_a_usable_task(history, scopes, group, ruling);
    }
    if (group.got() == never) continue;
    ruling.require(raised(history, group.got(), ErrorKind::group), group.got(),
                   "a task failed, and no error group was raised");
    bool body_failed = group.ended() != never && failed(history[group.ended()].answer);
    if (!body_failed && history.next(group.got()))
      ruling.require(holds_all_errors(items(history, group), failed_ones, nullptr), group.got(),
                     "the error group does not hold the errors of its tasks in the order in which they ended");
  }
  return ruling;
}

/// TG-3, of a request to the task that has the group
void rule_on_parent(const History& history, const Scopes& scopes, const Scope& group, const Children& children,
                    Ruling& ruling) {
  std::size_t request = scopes.request_during(group);
  if (request == never || scopes.requests() > 1 || !scopes.alone(group)) return;
  Children failed_ones = failures(children, group.got());
  bool waits_for_tasks = group.ended() < request && ended_well(history, group);
  if (waits_for_tasks && (failed_ones.empty() || failed_ones.front()->completed > request))
    for (const FutureLife* child : children)
      if (child->completed > request) require_cancelled(history, scopes, child->id, request, ruling);
  if (group.got() == never) return;
  bool body_cancelled = raised(history, group.ended(), ErrorKind::cancelled);
  // Who was about to go on anyway when the request came may be cancelled later, or never.
  bool children_pending =
      std::ranges::any_of(children, [&](const FutureLife* child) { return child->completed > request; });
  if (failed_ones.empty() && (body_cancelled || (waits_for_tasks && children_pending)))
    ruling.require(raised(history, group.got(), ErrorKind::cancelled), group.got(),
                   "the cancellation of the parent got lost");
  if (failed_ones.empty() || !raised(history, group.got(), ErrorKind::group)) return;
  for (std::size_t event : history.about_futures)
    if (event > group.got() && asks_about(history, event, Verb::cancelling, group.wait->task) &&
        scopes.quiet(event, event))
      ruling.require(history[event].answer == Answer::of(Value::of(std::int64_t{1})), event,
                     "the request is not counted any more");
  for (const Wait& wait : history.waits) {
    if (wait.asked < group.got() || wait.task != group.wait->task || !scopes.is_plain(wait) || wait.got == never)
      continue;
    if (!raised(history, wait.got, ErrorKind::cancelled)) ruling.variant("asked-once", wait.got);
    else ruling.require(true, wait.got, {});
    break;
  }
}

/// TG-3
Verdict a_request_to_the_parent_concerns_all(const History& history) {
  Ruling ruling;
  Scopes scopes(history);
  if (!scopes.plain()) return ruling;
  for (const Scope& group : of(history, scopes, Verb::task_group)) {
    Children children = children_of(history, scopes, group);
    rule_on_parent(history, scopes, group, children, ruling);
    const FutureLife* parent = history.future(group.wait->task);
    bool alone =
        parent && parent->cancel_asked == never && scopes.alone(group) && failures(children, group.got()).empty();
    bool cancelled = std::ranges::any_of(children, [&](const FutureLife* child) {
      return child->completed < group.got() && child->outcome.is_raised(ErrorKind::cancelled);
    });
    if (alone && cancelled && group.got() != never && ended_well(history, group))
      ruling.require(agree(history[group.got()].answer, history[group.ended()].answer), group.got(),
                     "a task that was cancelled by itself changed what became of the group");
  }
  return ruling;
}

/// TG-4, of one step `create_task_in`
void rule_on_adding(const History& history, const Scopes& scopes, std::size_t event, Ruling& ruling) {
  bool refused = history[event].answer.is_raised();
  const Scope* group = group_at(history, scopes, history[event].step.name, event);
  if (!group) return ruling.require(refused, event, "a group that was not entered took a task");
  if (group->got() < event) return ruling.require(refused, event, "a group that is over took a task");
  if (group->ended() < event && !ended_well(history, *group))
    return ruling.require(refused, event, "a group whose body failed took a task");
  Children failed_ones = failures(children_of(history, scopes, *group), event);
  if (!failed_ones.empty()) {
    bool seen = history.pass(failed_ones.front()->completed) + 1 < history.pass(event);
    if (seen) ruling.require(refused, event, "a group that cancels its tasks took another");
  } else if (undisturbed_until(scopes, *group) && event < group->ended() && history.closed > event) {
    ruling.require(!refused, event, "an active group refused a task");
  }
}

/// TG-4
Verdict an_error_of_the_body_ends_the_group(const History& history) {
  Ruling ruling;
  Scopes scopes(history);
  if (!scopes.plain()) return ruling;
  for (std::size_t event = 0; event < history.events().size(); ++event)
    if (history[event].did(Verb::create_task_in)) rule_on_adding(history, scopes, event, ruling);
  for (const Scope& group : of(history, scopes, Verb::task_group)) {
    if (group.ended() == never || !failed(history[group.ended()].answer)) continue;
    Children children = children_of(history, scopes, group);
    for (const FutureLife* child : children) {
      bool begun = !child->steps.empty() && history.jobs[child->steps.front()].enter < group.ended();
      if (!begun && child->completed > group.ended())
        ruling.require(child->frame == 0, group.ended(), "a task began although the body had failed");
    }
    if (group.got() == never) continue;
    ruling.require(raised(history, group.got(), ErrorKind::group), group.got(),
                   "the error of the body was not raised in a group");
    Children failed_ones = failures(children, group.got());
    if (history.next(group.got()))
      ruling.require(holds_all_errors(items(history, group), failed_ones, &history[group.ended()].answer), group.got(),
                     "the error of the body is not in the group");
  }
  return ruling;
}

using enum Verb;

constexpr Property list[] = {
    {"TG-1", leaving_waits_for_all_tasks, {task_group}},
    {"TG-2", the_first_failure_ends_the_group, {task_group}},
    {"TG-3", a_request_to_the_parent_concerns_all, {task_group}},
    {"TG-4", an_error_of_the_body_ends_the_group, {task_group, create_task_in}},
};

}  // namespace

std::span<const Property> groups() { return list; }

}  // namespace cede
