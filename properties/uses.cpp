#include "properties/uses.h"

#include <algorithm>
#include <optional>

namespace cede {
namespace {

/// What kind of thing the verb makes or implies, as the verb that stands for it; nothing for others.
std::optional<Verb> makes(Verb verb) {
  switch (verb) {
    case Verb::acquire:
    case Verb::release:
    case Verb::locked:
    case Verb::with: return Verb::acquire;
    case Verb::set_event:
    case Verb::clear_event:
    case Verb::is_set:
    case Verb::wait_event: return Verb::set_event;
    case Verb::create_semaphore:
    case Verb::create_bounded_semaphore:
    case Verb::create_condition:
    case Verb::create_queue:
    case Verb::create_priority_queue:
    case Verb::create_lifo_queue: return verb;
    default: return {};
  }
}

}  // namespace

Uses::Uses(const History& history) {
  std::vector<std::size_t> open(history.frames.size() + 2, never);   // by frame: the use that waits
  std::vector<std::size_t> scope(history.frames.size() + 2, never);  // by frame: the `with` whose script it is
  const auto& events = history.events();
  uses_.reserve(events.size());
  auto room = [](auto& list, Id frame) -> std::size_t& {
    if (frame >= list.size()) list.resize(frame + 8, never);
    return list[frame];
  };
  for (std::size_t i = 0; i < events.size(); ++i) {
    const Event& event = events[i];
    if (event.what == What::end) {
      if (auto use = std::exchange(room(scope, event.frame), never); use != never)
        moments_.push_back({Moment::Kind::left, i, &uses_[use]});
      continue;
    }
    if (row(event.step.verb).family != Family::synchronisation) continue;
    if (event.what == What::did) {
      if (event.answer.without_effect()) continue;
      const Step& step = event.step;
      Use use{.verb = step.verb, .thing = event.id, .future = event.made, .frame = event.frame, .asked = i};
      use.value = step.value;
      use.number = step.value.number;
      if (!answers_later(step.verb)) {
        use.got = i;
        use.answer = event.answer;
      }
      if (std::ranges::find(things_, event.id) == things_.end()) {
        things_.push_back(event.id);
        kinds_.push_back(makes(step.verb).value_or(step.verb));
      }
      if (answers_later(step.verb)) room(open, event.frame) = uses_.size();
      uses_.push_back(use);
      moments_.push_back({Moment::Kind::asked, i, &uses_.back()});
    } else if (event.what == What::got) {
      std::size_t asked = std::exchange(room(open, event.frame), never);
      if (asked == never) continue;
      Use& use = uses_[asked];
      use.got = i;
      use.answer = event.answer;
      moments_.push_back({Moment::Kind::got, i, &use});
      const Event* first = history.next(i);
      if (use.verb == Verb::with && use.succeeded() && first && first->frame) room(scope, first->frame) = asked;
    }
  }
  for (Use& use : uses_) {
    std::size_t after = use.got == never ? events.size() - 1 : use.got;
    if (answers_later(use.verb)) use.suspended = events[after].job != events[use.asked].job;
    // Who is cancelled wakes, so that at rest nobody is asleep who was.
    use.stays =
        use.got == never ? history.complete || !may_have_cancelled(history, use.asked, events.size()) : !use.raised();
  }
}

std::vector<Moment> Uses::about(Id thing) const {
  std::vector<Moment> about;
  std::ranges::copy_if(moments_, std::back_inserter(about),
                       [&](const Moment& moment) { return moment.use->thing == thing; });
  return about;
}

Verb Uses::kind(Id thing) const { return kinds_[std::ranges::find(things_, thing) - things_.begin()]; }

bool may_have_cancelled(const History& history, std::size_t from, std::size_t to) {
  if (!history.cancels) return false;
  if (history.said({Verb::wait_for, Verb::timeout, Verb::task_group, Verb::aclose})) return true;
  for (; from < to; ++from) {
    Verb verb = history[from].step.verb;
    if (history[from].what == What::did && (verb == Verb::cancel_task || verb == Verb::cancel_future)) return true;
  }
  return false;
}

bool waits_are_plain(const History& history) {
  return passes_are_whole(history) && !history.by_hand &&
         !history.said(
             {Verb::drop, Verb::collect, Verb::destroy, Verb::runner, Verb::storm, Verb::run_coroutine_threadsafe});
}

std::size_t end_of_next_pass(const History& history, std::size_t event) {
  std::size_t next = history.poll(history.pass(event));
  std::size_t end = history.poll(history.pass(event) + 1);
  if (end != never || next == never) return end;
  return history.complete ? history.events().size() - 1 : never;
}

}  // namespace cede
