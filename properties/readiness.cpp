// spec/08-readiness.md
//
// What was ready at which poll, and who was called for it, is reckoned in descriptors.h.
#include <algorithm>

#include "properties/descriptors.h"
#include "properties/property.h"

namespace cede {
namespace {

bool reads(const Watch& watch) { return watch.direction == Direction::read; }

/// IO-1
Verdict who_is_ready_is_called_and_nobody_else(const History& history) {
  Ruling ruling;
  if (!passes_are_whole(history)) return ruling;
  const Descriptors descriptors(history);
  for (const Turn& turn : descriptors.turns) {
    ruling.reached();
    bool reading = reads(descriptors.watch(turn));
    if (turn.called != never && turn.known && reading && turn.late == never)
      ruling.require(turn.ready, turn.called, "the reader was called, and there was nothing to read");
    if (turn.called != never) ruling.require(turn.calls == 1, turn.called, "it was called twice in one pass");
    // What a loop that is not idle owes is in the other clauses.
    bool idle = history[turn.poll].time != 0;
    if (idle && turn.alone && !turn.hung_up && !turn.again && turn.owed())
      ruling.require(turn.called != never, turn.end, "its descriptor was ready, and it was not called");
  }
  return ruling;
}

/// IO-2
Verdict who_stays_ready_is_called_in_every_pass(const History& history) {
  Ruling ruling;
  if (!passes_are_whole(history)) return ruling;
  const Descriptors descriptors(history);
  for (const Turn& turn : descriptors.turns) {
    if (!turn.again || !turn.owed()) continue;
    ruling.require(turn.called != never, turn.end, "its descriptor was still ready, and it was not called again");
    ruling.require(turn.calls == 1, turn.called, "it was called more than once in one pass");
  }
  return ruling;
}

/// IO-3
Verdict what_becomes_ready_in_a_pass_waits_for_the_next_poll(const History& history) {
  Ruling ruling;
  if (!passes_are_whole(history)) return ruling;
  const Descriptors descriptors(history);
  for (const Stray& stray : descriptors.strays) {
    const Watch& watch = descriptors.watches[stray.watch];
    if (watch.ended < stray.entered || watch.replaces != never) continue;  // IO-4 to IO-6
    ruling.require(history.pass(stray.entered) > history.pass(watch.asked), stray.entered,
                   "it was called in the pass that registered it");
  }
  for (const Turn& turn : descriptors.turns)
    if (!turn.ready && turn.known && turn.late != never && turn.end != never)
      ruling.require(turn.called == never, turn.called, "it was called in the pass in which it became ready");
  for (const Watch& watch : descriptors.watches)
    if (watch.ready_when_asked && watch.replaces == never && history.job_at(watch.asked))
      ruling.require(true, watch.asked, {});
  return ruling;
}

/// The last step before the event that took the descriptor's other direction away; never if none did
/// while this registration was in force.
std::size_t other_direction_removed(const Descriptors& descriptors, const Watch& watch, std::size_t event) {
  std::size_t last = never;
  for (const Removal& removal : descriptors.removals) {
    if (removal.event > event || removal.event < watch.asked || removal.watch == never) continue;
    const Watch& removed = descriptors.watches[removal.watch];
    if (removed.descriptor == watch.descriptor && removed.direction != watch.direction) last = removal.event;
  }
  return last;
}

/// IO-4
Verdict a_removal_tells_whether_there_was_something(const History& history) {
  Ruling ruling;
  if (!passes_are_whole(history)) return ruling;
  const Descriptors descriptors(history);
  for (const Removal& removal : descriptors.removals) {
    if (!removal.known) continue;
    bool yes = history[removal.event].answer == Answer::of(Value::of(true));
    ruling.require(yes == (removal.watch != never), removal.event,
                   yes ? "nobody was registered" : "there was a registration of this direction");
  }
  for (const Stray& stray : descriptors.strays) {
    const Watch& watch = descriptors.watches[stray.watch];
    if (watch.ended > stray.entered || history.pass(watch.ended) == history.pass(stray.entered)) continue;
    Verb by = history[watch.ended].step.verb;
    if (by == Verb::remove_reader || by == Verb::remove_writer)
      ruling.require(false, stray.entered, "it was called after it had been removed");
  }
  for (const Turn& turn : descriptors.turns) {
    const Watch& watch = descriptors.watch(turn);
    std::size_t removed = other_direction_removed(descriptors, watch, turn.poll);
    if (removed == never || !turn.owed() || history.pass(removed) != history.pass(turn.poll)) continue;
    ruling.require(turn.called != never, turn.end, "the other direction was removed, and this one fell silent");
  }
  return ruling;
}

/// IO-5
Verdict a_removal_takes_back_what_was_collected(const History& history) {
  Ruling ruling;
  if (!passes_are_whole(history)) return ruling;
  const Descriptors descriptors(history);
  for (const Turn& turn : descriptors.turns) {
    if (turn.ended == never || !turn.ready || !turn.known || turn.called < turn.ended) continue;
    Verb by = history[turn.ended].step.verb;
    if (by != Verb::remove_reader && by != Verb::remove_writer) continue;
    std::size_t called = never;
    for (const Stray& stray : descriptors.strays)
      if (stray.watch == turn.watch && history.pass(stray.entered) == history.pass(turn.ended))
        called = std::min(called, stray.entered);
    ruling.require(called == never, called, "an earlier job of the pass had removed it");
  }
  return ruling;
}

/// The first turn of each registration.
bool is_first(const Descriptors& descriptors, const Turn& turn) {
  for (const Turn& before : descriptors.turns) {
    if (&before == &turn) return true;
    if (before.watch == turn.watch) return false;
  }
  return true;
}

/// IO-6
Verdict a_new_callback_replaces_the_old(const History& history) {
  Ruling ruling;
  if (!passes_are_whole(history)) return ruling;
  const Descriptors descriptors(history);
  for (std::size_t refused : descriptors.refused) {
    const Event& event = history[refused];
    Direction direction = event.step.verb == Verb::add_reader ? Direction::read : Direction::write;
    if (history.closed > refused && descriptors.watch(event.id, direction, refused))
      ruling.require(false, refused, "a second callback was refused");
  }
  for (const Stray& stray : descriptors.strays) {
    const Watch& watch = descriptors.watches[stray.watch];
    bool is_old = std::ranges::find(descriptors.watches, stray.watch, &Watch::replaces) != descriptors.watches.end();
    if (is_old && watch.ended < stray.entered)
      ruling.require(false, stray.entered, "it had been replaced by another callback");
    if (watch.replaces != never && watch.ended > stray.entered)
      ruling.require(false, stray.entered, "it was called for an event of the callback that it had replaced");
  }
  for (const Turn& turn : descriptors.turns) {
    if (descriptors.watch(turn).replaces == never || !turn.owed() || !is_first(descriptors, turn)) continue;
    ruling.require(turn.called != never, turn.end, "the callback that replaced another was not called");
  }
  return ruling;
}

/// IO-7
Verdict both_directions_are_called_in_one_pass(const History& history) {
  Ruling ruling;
  if (!passes_are_whole(history)) return ruling;
  const Descriptors descriptors(history);
  for (const Turn& reader : descriptors.turns) {
    if (!reads(descriptors.watch(reader)) || !reader.owed()) continue;
    for (const Turn& writer : descriptors.turns) {
      const Watch& watch = descriptors.watch(writer);
      if (writer.poll != reader.poll || reads(watch) || !writer.owed()) continue;
      if (watch.descriptor != descriptors.watch(reader).descriptor) continue;
      // One that is never called at all is the affair of other clauses.
      if (reader.called == never && writer.called == never) continue;
      ruling.require(reader.called != never && writer.called != never, reader.end,
                     "both were ready, and only one was called");
      if (history.trace().exact_order)
        ruling.require(reader.called < writer.called, writer.called, "the writer was called before the reader");
    }
  }
  return ruling;
}

/// IO-8
Verdict room_and_hang_ups_are_readiness(const History& history) {
  Ruling ruling;
  if (!passes_are_whole(history)) return ruling;
  const Descriptors descriptors(history);
  for (const Turn& turn : descriptors.turns) {
    bool writing = !reads(descriptors.watch(turn));
    if (writing && turn.known && !turn.ready && turn.late == never && turn.end != never)
      ruling.require(turn.called == never, turn.called, "the writer was called, and there was no room");
    if (!turn.owed()) continue;
    bool drained = writing && turn.since != never && history[turn.since].step.verb == Verb::drain;
    if (drained) ruling.require(turn.called != never, turn.end, "there was room again, and it was not called");
    if (turn.hung_up) ruling.require(turn.called != never, turn.end, "the peer is gone, and it was not told");
  }
  return ruling;
}

/// IO-9
Verdict an_event_may_be_stale(const History& history) {
  Ruling ruling;
  if (!passes_are_whole(history)) return ruling;
  const Descriptors descriptors(history);
  std::vector<std::size_t> stale;  // registrations that have met a stale event
  for (const Turn& turn : descriptors.turns) {
    if (std::ranges::find(stale, turn.watch) != stale.end() && turn.owed())
      ruling.require(turn.called != never, turn.end, "after a stale event it was not called any more");
    if (turn.stale == never || turn.ended != never || turn.end == never || !turn.known) continue;
    stale.push_back(turn.watch);
    ruling.require(true, turn.stale, {});
    if (turn.called == never) {
      ruling.variant("skipped", turn.end);
      continue;
    }
    const Job* job = history.job_at(turn.called);
    const Event* after = job->leave == never ? nullptr : history.next(job->leave);
    if (job->error == ErrorKind::none && after)
      ruling.require(after->what != What::error, job->leave + 1, "the stale event was reported as an error");
  }
  return ruling;
}

/// IO-10
Verdict an_error_leaves_the_registration_in_force(const History& history) {
  Ruling ruling;
  if (!passes_are_whole(history)) return ruling;
  const Descriptors descriptors(history);
  std::vector<std::size_t> failed;  // registrations whose last call raised
  for (const Turn& turn : descriptors.turns) {
    if (std::erase(failed, turn.watch) > 0 && turn.owed())
      ruling.require(turn.called != never, turn.end, "after an error it was not called any more");
    if (turn.called == never) continue;
    const Job* job = history.job_at(turn.called);
    if (job->error == ErrorKind::none || job->leave == never) continue;
    failed.push_back(turn.watch);
    const Event* after = history.next(job->leave);
    if (after) ruling.require(after->what == What::error, job->leave, "the error was not reported");
  }
  return ruling;
}

/// The run before the one that begins with the poll; null if there was none.
const Run* run_before(const History& history, std::size_t poll) {
  const Run* before = nullptr;
  for (const Run& run : history.runs)
    if (!run.nested && run.got < poll) before = &run;
  return before;
}

/// IO-11
Verdict an_event_between_two_runs_is_not_lost(const History& history) {
  Ruling ruling;
  if (!passes_are_whole(history)) return ruling;
  const Descriptors descriptors(history);
  for (const Turn& turn : descriptors.turns) {
    const Run* before = turn.first && turn.owed() ? run_before(history, turn.poll) : nullptr;
    if (before && descriptors.watch(turn).asked < before->got)
      ruling.require(turn.called != never, turn.end, "it was ready when this run began, and was not called");
  }
  return ruling;
}

/// The cancellation of a `receive` withdraws the interest and takes nothing.
void judge_cancelled(const History& history, const Descriptors& descriptors, const Receive& receive, Ruling& ruling) {
  ruling.reached();
  for (const Removal& removal : descriptors.removals) {
    const Event& event = history[removal.event];
    if (removal.event < receive.got || event.id != receive.descriptor || event.step.verb != Verb::remove_reader)
      continue;
    if (removal.known && removal.watch == never)
      ruling.require(event.answer == Answer::of(Value::of(false)), removal.event,
                     "the receive was cancelled, and its reader is still registered");
  }
  for (std::size_t i = 0; i < descriptors.reads.size(); ++i) {
    const Event& event = history[descriptors.reads[i]];
    if (descriptors.reads[i] < receive.got || event.id != receive.descriptor || descriptors.there[i] <= 0) continue;
    ruling.require(event.answer.value.kind == Value::Kind::number, descriptors.reads[i],
                   "the data were lost with the receive that was cancelled");
  }
}

/// IO-12
Verdict a_receive_waits_only_for_what_is_not_there(const History& history) {
  Ruling ruling;
  if (!passes_are_whole(history) || history.by_hand) return ruling;
  const Descriptors descriptors(history);
  for (const Receive& receive : descriptors.receives) {
    if (!receive.known) continue;
    bool suspended = receive.got == never || history[receive.got].job != history[receive.asked].job;
    if (receive.ready && history.next(receive.asked)) {
      ruling.require(!suspended, receive.asked, "data was there, and the receive gave control away");
      continue;
    }
    if (receive.got != never && !receive.ready)
      ruling.require(suspended, receive.got, "nothing was there, and the receive did not wait");
    if (receive.got != never && history[receive.got].answer.is_raised(ErrorKind::cancelled)) {
      judge_cancelled(history, descriptors, receive, ruling);
      continue;
    }
    if (receive.poll == never || history.cancels) continue;
    std::size_t served = history.pass(receive.poll) + 1;  // the pass of its readiness; it goes on in the next
    std::size_t end = history.poll(served + 1);
    if (receive.got == never && end == never) continue;
    ruling.require(receive.got != never && history.pass(receive.got) == served + 1, std::min(receive.got, end),
                   "the task did not go on in the pass after that of the readiness");
  }
  return ruling;
}

/// A task that looks at a descriptor again and again, and yields in between.
struct Look {
  const Wait* yield = nullptr;  // between two reads
  std::size_t second = never;   // the second read
};

std::vector<Look> looks_in(const History& history) {
  std::vector<Look> looks;
  auto read_at = [&](std::size_t event, const Wait& wait) {
    return event < history.events().size() && history[event].what == What::did &&
           history[event].step.verb == Verb::read && history[event].frame == wait.frame;
  };
  for (const Wait& wait : history.waits) {
    if (!wait.task || !wait.suspended || history[wait.asked].step.verb != Verb::yield || wait.asked == 0) continue;
    if (!read_at(wait.asked - 1, wait)) continue;
    looks.push_back({&wait, wait.got != never && read_at(wait.got + 1, wait) ? wait.got + 1 : never});
  }
  return looks;
}

/// IO-13
Verdict who_polls_and_yields_takes_turns(const History& history) {
  Ruling ruling;
  if (!passes_are_whole(history) || history.by_hand || history.cancels) return ruling;
  for (const Look& look : looks_in(history)) {
    const Wait& wait = *look.yield;
    std::size_t end = history.poll(history.pass(wait.left) + 1);  // of the next pass
    if (wait.got == never && end == never) continue;
    ruling.reached();
    for (const Wait& other : history.waits) {  // who computes and yields
      bool computes = other.task && other.task != wait.task && other.suspended &&
                      history[other.asked].step.verb == Verb::yield;
      if (!computes || other.left > wait.left || other.got < wait.left) continue;
      if (history.pass(other.left) != history.pass(wait.left)) continue;
      if (other.got == never && wait.got == never) continue;
      ruling.require(other.got < wait.got, wait.got, "the task that computes had no turn in between");
      ruling.require(wait.got < end, end, "the task that polls let a pass go by");
    }
    if (look.second == never || wait.got > end) continue;
    ruling.require(history.pass(look.second) == history.pass(wait.left) + 1, look.second,
                   "the second look was not in the next pass");
  }
  return ruling;
}

/// IO-14
Verdict a_number_that_comes_back_begins_afresh(const History& history) {
  Ruling ruling;
  if (!passes_are_whole(history)) return ruling;
  const Descriptors descriptors(history);
  std::vector<std::size_t> reopened;
  std::vector<Id> files, copies;
  for (std::size_t i = 0; i < history.events().size(); ++i) {
    const Event& event = history[i];
    if (event.what != What::did || event.answer.without_effect()) continue;
    if (event.step.verb == Verb::reopen) reopened.push_back(i);
    if (event.step.verb == Verb::reopen) std::erase(files, event.id);
    if (event.step.verb == Verb::open_file) files.push_back(event.id);
    if (event.step.verb == Verb::duplicate) copies.insert(copies.end(), {event.id, event.made});
    bool adds = event.step.verb == Verb::add_reader || event.step.verb == Verb::add_writer;
    if (adds && std::ranges::find(files, event.id) != files.end())
      ruling.require(event.answer.is_raised(), i, "a file cannot be polled, and nobody said so");
  }
  for (const Stray& stray : descriptors.strays) {
    const Watch& watch = descriptors.watches[stray.watch];
    if (watch.ended < stray.entered && history[watch.ended].step.verb == Verb::reopen)
      ruling.require(false, stray.entered, "its descriptor was closed; another has its number now");
  }
  for (const Turn& turn : descriptors.turns) {
    const Watch& watch = descriptors.watch(turn);
    bool again = std::ranges::any_of(reopened, [&](std::size_t at) {
      return at < watch.asked && history[at].id == watch.descriptor;
    });
    bool copied = std::ranges::find(copies, watch.descriptor) != copies.end();
    if ((again || copied) && turn.owed() && is_first(descriptors, turn))
      ruling.require(turn.called != never, turn.end,
                     again ? "its number had belonged to another descriptor, and it was not called"
                           : "the descriptor has a duplicate, and it was not called");
  }
  return ruling;
}

using enum Verb;

constexpr Property list[] = {
    {"IO-1", who_is_ready_is_called_and_nobody_else, {add_reader, add_writer}},
    {"IO-2", who_stays_ready_is_called_in_every_pass, {add_reader, add_writer}},
    {"IO-3", what_becomes_ready_in_a_pass_waits_for_the_next_poll, {add_reader, add_writer}},
    {"IO-4", a_removal_tells_whether_there_was_something, {remove_reader, remove_writer}},
    {"IO-5", a_removal_takes_back_what_was_collected, {remove_reader, remove_writer}},
    {"IO-6", a_new_callback_replaces_the_old, {add_reader, add_writer}},
    {"IO-7", both_directions_are_called_in_one_pass, {add_writer}},
    {"IO-8", room_and_hang_ups_are_readiness, {fill, shut}},
    {"IO-9", an_event_may_be_stale, {read, drain, fill, receive}},
    {"IO-10", an_error_leaves_the_registration_in_force, {raise}},
    {"IO-11", an_event_between_two_runs_is_not_lost, {stop}},
    {"IO-12", a_receive_waits_only_for_what_is_not_there, {receive}},
    {"IO-13", who_polls_and_yields_takes_turns, {read}},
    {"IO-14", a_number_that_comes_back_begins_afresh, {reopen, open_file, duplicate}},
};

}  // namespace

std::span<const Property> readiness() { return list; }

}  // namespace cede
