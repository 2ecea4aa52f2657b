#include "properties/descriptors.h"

#include <algorithm>

namespace cede {
namespace {

constexpr Direction directions[] = {Direction::read, Direction::write};

std::size_t index_of(Direction direction) { return static_cast<std::size_t>(direction); }

/// Whether a run of the loop, and not a refused one inside of another, begins or ends with the event.
bool runs(const History& history, std::size_t event) {
  return std::ranges::any_of(history.runs, [event](const Run& run) {
    return !run.nested && (run.asked == event || run.got == event);
  });
}

}  // namespace

Descriptors::Descriptors(const History& history) : history_(history) {
  for (std::size_t index = 0; index < history.events().size(); ++index) read_event(index);
  if (poll_ != never) begin_pass();
}

void Descriptors::read_event(std::size_t index) {
  const Event& event = history_[index];
  if (poll_ != never && !is_outside(event) && event.what != What::rest) begin_pass();
  switch (event.what) {
    case What::poll:
      end_pass(index);
      poll_ = index;
      return;
    case What::enter: return enter(index);
    case What::did:
      if (runs(history_, index)) run_begins_ = true;
      if (!event.answer.without_effect()) read_step(index);
      return;
    case What::got:
      if (event.step.verb == Verb::receive) return end_receive(index);
      if (event.step.verb == Verb::write_later && !event.answer.without_effect())
        return read_bytes(index, ends(event.id).buffers);
      if (runs(history_, index)) end_pass(index);
      return;
    default: return;
  }
}

void Descriptors::read_step(std::size_t index) {
  const Event& event = history_[index];
  switch (event.step.verb) {
    case Verb::create_pair: ends(event.id); return;
    case Verb::create_pipe: buffers_[ends(event.id).buffers].pipe = true; return;
    case Verb::open_file: ends(event.id).file = true; return;
    case Verb::duplicate: {
      std::size_t shared = ends(event.id).buffers;
      ends(event.made).buffers = shared;
      return;
    }
    case Verb::write:
    case Verb::read:
    case Verb::fill:
    case Verb::drain:
    case Verb::shut: return read_bytes(index, ends(event.id).buffers);
    case Verb::reopen: return reopen(index);
    case Verb::add_reader: return add(index, Direction::read);
    case Verb::add_writer: return add(index, Direction::write);
    case Verb::remove_reader: return remove(index, Direction::read);
    case Verb::remove_writer: return remove(index, Direction::write);
    case Verb::receive: return begin_receive(index);
    case Verb::close:
      if (!event.answer.is_raised())
        for (Ends& one : ends_)
          for (Direction direction : directions) end_watch(one, direction, index);
      return;
    default: return;
  }
}

void Descriptors::read_bytes(std::size_t index, std::size_t buffers) {
  const Event& event = history_[index];
  const Value& answer = event.answer.value;
  bool blocked = event.answer.kind == Answer::Kind::value && answer.kind == Value::Kind::name;
  if (event.step.verb == Verb::read) {
    reads.push_back(index);
    there.push_back(buffers_[buffers].known ? buffers_[buffers].unread : -1);
  }
  change(index, buffers, [&](Buffers& changed) {
    switch (event.step.verb) {
      case Verb::write:
      case Verb::write_later:
        if (blocked) changed.known = false;
        changed.unread += std::max<std::int64_t>(1, event.step.value.number);
        return;
      case Verb::read:
        if (blocked != (changed.unread == 0) && !changed.hung_up) changed.known = false;
        if (!blocked) changed.unread = std::max<std::int64_t>(0, changed.unread - answer.number);
        return;
      case Verb::fill: changed.full = true; return;
      case Verb::drain: changed.full = false; return;
      case Verb::shut: changed.hung_up = true; return;
      default: return;
    }
  });
}

template <class Change>
void Descriptors::change(std::size_t index, std::size_t buffers, Change change) {
  Ends sample{.buffers = buffers};
  bool before[] = {ready(sample, Direction::read), ready(sample, Direction::write)};
  change(buffers_[buffers]);
  for (Direction direction : directions)
    if (bool now = ready(sample, direction); now != before[index_of(direction)]) note(index, buffers, direction, now);
}

void Descriptors::note(std::size_t index, std::size_t buffers, Direction direction, bool ready) {
  Buffers& changed = buffers_[buffers];
  if (ready) (direction == Direction::read ? changed.readable : changed.writable) = index;
  for (const Ends& one : ends_) {
    if (one.buffers != buffers) continue;
    Turn* turn = open_turn(one.watch[index_of(direction)]);
    if (turn && turn->called == never && turn->ready != ready) (ready ? turn->late : turn->stale) = index;
  }
  for (Receive& receive : receives)  // who was to receive it has to wait again
    if (!ready && receive.got == never && receive.poll != never && direction == Direction::read)
      receive.known = false;
}

void Descriptors::reopen(std::size_t index) {
  Id id = history_[index].id;
  for (Direction direction : directions) end_watch(ends(id), direction, index);
  change(index, ends(id).buffers, [](Buffers& old) { old.hung_up = true; });  // as its duplicates see it
  Ends& reopened = ends(id);
  contest(reopened);
  reopened.file = false;
  reopened.buffers = buffers_.size();
  buffers_.push_back({.readable = index, .writable = index});
}

void Descriptors::add(std::size_t index, Direction direction) {
  const Event& event = history_[index];
  Ends& of = ends(event.id);
  if (event.answer.is_raised()) return refused.push_back(index);
  if (direction == Direction::read) contest(of);
  std::size_t replaces = of.watch[index_of(direction)];
  end_watch(of, direction, index);
  of.watch[index_of(direction)] = watches.size();
  watches.push_back({.id = event.made, .descriptor = event.id, .direction = direction, .asked = index,
                     .ready_when_asked = known(of, direction) && ready(of, direction), .replaces = replaces});
  before_.push_back(never);
}

void Descriptors::remove(std::size_t index, Direction direction) {
  Ends& of = ends(history_[index].id);
  bool known = direction == Direction::write || !(of.contested || receiving(of));
  removals.push_back({.event = index, .watch = of.watch[index_of(direction)], .known = known});
  if (direction == Direction::read) contest(of);
  end_watch(of, direction, index);
}

void Descriptors::end_watch(Ends& of, Direction direction, std::size_t index) {
  std::size_t& watch = of.watch[index_of(direction)];
  if (watch == never) return;
  if (Turn* turn = open_turn(watch)) turn->ended = index;
  watches[watch].ended = index;
  watch = never;
}

void Descriptors::contest(Ends& of) {
  if (!receiving(of)) return;
  of.contested = true;
  for (Receive& receive : receives)
    if (receive.descriptor == of.id && receive.got == never) receive.known = false;
}

void Descriptors::begin_receive(std::size_t index) {
  Ends& of = ends(history_[index].id);
  contest(of);
  bool at_once = ready(of, Direction::read);
  receives.push_back({.asked = index, .descriptor = of.id, .ready = at_once, .known = known(of, Direction::read)});
  of.receive = receives.size() - 1;
  if (!at_once) end_watch(of, Direction::read, index);  // it has the one reader now
}

void Descriptors::end_receive(std::size_t index) {
  const Event& event = history_[index];
  auto of_frame = [&](const Receive& one) { return one.got == never && history_[one.asked].frame == event.frame; };
  auto receive = std::ranges::find_if(receives, of_frame);
  if (receive == receives.end()) return;
  receive->got = index;
  if (ends(receive->descriptor).contested) receive->known = false;
  if (event.answer.is_raised()) return;
  change(index, ends(receive->descriptor).buffers, [&](Buffers& changed) {
    changed.unread = std::max<std::int64_t>(0, changed.unread - event.answer.value.number);
  });
}

void Descriptors::begin_pass() {
  for (const Ends& one : ends_)
    for (Direction direction : directions)
      if (std::size_t watch = one.watch[index_of(direction)]; watch != never) begin_turn(watch, one, direction);
  auto begun = turns.begin() + static_cast<std::ptrdiff_t>(pass_);
  auto how_many = std::count_if(begun, turns.end(), [](const Turn& turn) { return turn.ready || !turn.known; });
  for (auto turn = begun; turn != turns.end(); ++turn) turn->alone = how_many < 2;
  for (Receive& receive : receives) {
    const Ends& of = ends(receive.descriptor);
    if (receive.got != never || receive.poll != never || !ready(of, Direction::read)) continue;
    receive.poll = poll_;
    receive.since = buffers_[of.buffers].readable;
    receive.known = receive.known && known(of, Direction::read);
  }
  poll_ = never;
  run_begins_ = false;
}

void Descriptors::begin_turn(std::size_t watch, const Ends& ends, Direction direction) {
  const Buffers& buffers = buffers_[ends.buffers];
  bool reading = direction == Direction::read;
  Turn turn{.watch = watch, .poll = poll_, .ready = ready(ends, direction), .known = known(ends, direction)};
  turn.since = reading ? buffers.readable : buffers.writable;
  turn.hung_up = buffers.hung_up && (reading ? buffers.unread == 0 : buffers.full);
  turn.first = run_begins_;
  if (before_[watch] != never) {
    const Turn& before = turns[before_[watch]];
    turn.again = turn.ready && before.ready && before.called != never && before.since == turn.since;
  }
  before_[watch] = turns.size();
  turns.push_back(turn);
}

void Descriptors::end_pass(std::size_t index) {
  for (; pass_ < turns.size(); ++pass_) turns[pass_].end = index;
}

void Descriptors::enter(std::size_t index) {
  auto watch = std::ranges::find(watches, history_[index].id, &Watch::id);
  if (watch == watches.end()) return;
  auto number = static_cast<std::size_t>(watch - watches.begin());
  Turn* turn = open_turn(number);
  if (!turn || turn->ended != never) return strays.push_back({number, index});
  if (turn->calls++ == 0) turn->called = index;
}

Turn* Descriptors::open_turn(std::size_t watch) {
  for (std::size_t turn = pass_; turn < turns.size(); ++turn)
    if (turns[turn].watch == watch) return &turns[turn];
  return nullptr;
}

Descriptors::Ends& Descriptors::ends(Id id) {
  auto found = std::ranges::find(ends_, id, &Ends::id);
  if (found != ends_.end()) return *found;
  ends_.push_back({.id = id, .buffers = buffers_.size()});
  buffers_.emplace_back();
  return ends_.back();
}

bool Descriptors::ready(const Ends& ends, Direction direction) const {
  const Buffers& buffers = buffers_[ends.buffers];
  return buffers.hung_up || (direction == Direction::read ? buffers.unread > 0 : !buffers.full);
}

bool Descriptors::known(const Ends& ends, Direction direction) const {
  const Buffers& buffers = buffers_[ends.buffers];
  bool reading = direction == Direction::read;
  return buffers.known && !ends.file && !(reading ? ends.contested : buffers.pipe);
}

bool Descriptors::receiving(const Ends& ends) const {
  return ends.receive != never && receives[ends.receive].got == never;
}

const Watch* Descriptors::watch(Id descriptor, Direction direction, std::size_t event) const {
  auto of = std::ranges::find(ends_, descriptor, &Ends::id);
  if (of != ends_.end() && of->contested && direction == Direction::read) return nullptr;
  for (const Watch& watch : watches)
    if (watch.descriptor == descriptor && watch.direction == direction && watch.asked < event && watch.ended > event)
      return &watch;
  return nullptr;
}

}  // namespace cede
