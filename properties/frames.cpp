// The frames of a history: who starts a script says so right before, and what a script says from then on
// is said by that frame.
#include "properties/history.h"

namespace cede {
namespace {

/// What runs a coroutine object inline, if it is given one.
bool awaits(Verb verb) { return verb == Verb::await || verb == Verb::wait_for; }

/// Whether the script of a `with` follows.
bool begins_scope(const Event& event) {
  return event.what == What::got && event.step.verb == Verb::with && !event.answer.is_raised();
}

}  // namespace

/// A frame speaks: for the first time, or again.
void History::read_frame(std::size_t index) {
  const Event& event = (*this)[index];
  if (!frame(event.frame)) begin_frame(index);
  Frame& speaker = frames[frame_of_[event.frame] - 1];
  bool waits = event.frame < wait_of_frame_.size() && wait_of_frame_[event.frame];
  bool skips = speaker.callee || (waits && event.what != What::got && event.what != What::item);
  if (skips && speaker.skipped == never) speaker.skipped = index;
  if (event.what != What::end) return;
  speaker.ended = index;
  if (speaker.caller) frames[frame_of_[speaker.caller] - 1].callee = 0;
}

/// Whether the step that played this frame may play another behind it.
bool History::repeats(const Frame* ended) const {
  if (!ended || ended->by == never) return false;
  Verb verb = (*this)[ended->by].step.verb;
  return verb == Verb::repeat || verb == Verb::finally_;
}

/// Who starts a script says so right before.
void History::begin_frame(std::size_t index) {
  Frame begun{.id = (*this)[index].frame, .first = index};
  if (index > 0) {
    const Event& before = (*this)[index - 1];
    Verb verb = before.step.verb;
    bool starts = before.what == What::enter || before.what == What::error || begins_scope(before) ||
                  (before.what == What::did && (runs_inline(verb) || awaits(verb) || verb == Verb::send));
    if (starts) begun.by = index - 1;
    else if (before.what == What::end && repeats(frame(before.frame))) begun.by = frame(before.frame)->by;
  }
  if (begun.by != never) {
    const Event& by = (*this)[begun.by];
    if (by.what == What::enter) {
      if (const FutureLife* task = task_of_job(by.job)) begun.task = task->id;
    } else if (by.step.verb == Verb::send) {
      begun.by_hand = true;
    } else if ((by.what == What::did || begins_scope(by)) && frame(by.frame)) {
      Frame& caller = frames[frame_of_[by.frame] - 1];
      caller.callee = begun.id;
      begun.caller = caller.id;
      begun.task = caller.task;
      begun.by_hand = caller.by_hand;
    }
    bool of_object = by.what == What::did && !runs_inline(by.step.verb) && coroutine(by.id);
    if (of_object) coroutines[coroutine_of_[by.id] - 1].frame = begun.id;
  }
  frames.push_back(begun);
  enlist(frame_of_, begun.id, frames);
}

}  // namespace cede
