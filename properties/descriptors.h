// What a trace tells of descriptors: who is interested in which, what is ready at each poll, and who was
// called. The judges of readiness stand on it.
//
// What is in the buffers is reckoned from the steps themselves, since the kernel is not on trial; where
// that leaves a doubt, as with two who receive from one descriptor, nothing is known to be ready.
#pragma once

#include <vector>

#include "properties/history.h"

namespace cede {

enum class Direction : std::uint8_t { read, write };

/// One registration: what add_reader or add_writer made.
struct Watch {
  Id id = 0;
  Id descriptor = 0;
  Direction direction = Direction::read;
  std::size_t asked = never;
  bool ready_when_asked = false;
  std::size_t ended = never;     // by the step that removed or replaced it, or closed its descriptor
  std::size_t replaces = never;  // the registration before it, as an index, which it replaced
};

/// What one pass was for one registration that was in force at its poll.
struct Turn {
  std::size_t watch = never;  // as an index
  std::size_t poll = never;
  bool ready = false;         // when the wait was over
  bool known = true;          // ... as far as the trace tells
  bool hung_up = false;       // ready for no other reason than that the peer is gone
  bool again = false;         // ready all the time since a pass in which it was called
  bool alone = true;          // no other registration was ready
  bool first = false;         // of a run
  std::size_t since = never;  // the step that made it ready; never if it was so from the beginning
  std::size_t late = never;   // the step of this pass that made it ready behind the poll
  std::size_t stale = never;  // the step of this pass that made it unready before it was called
  std::size_t ended = never;  // the step of this pass that removed or replaced it
  std::size_t called = never; // the first call
  int calls = 0;
  std::size_t end = never;    // the next poll or the end of the run; never where the trace is cut off

  /// Whether it had to be called: nothing in the pass spoke against it.
  bool owed() const {
    return ready && known && stale == never && (ended == never || called < ended) && end != never;
  }
};

/// A call of a registration that was not in force at the poll of the pass.
struct Stray {
  std::size_t watch = never;  // as an index
  std::size_t entered = never;
};

/// A step that asks for a removal, and what it should be answered.
struct Removal {
  std::size_t event = never;
  std::size_t watch = never;  // that it removed, as an index
  bool known = true;          // whether there was one
};

/// A `receive`.
struct Receive {
  std::size_t asked = never;
  std::size_t got = never;
  Id descriptor = 0;
  bool ready = false;         // data was there at once
  std::size_t poll = never;   // the first whose wait ended with data
  std::size_t since = never;  // the step that brought it
  bool known = true;
};

class Descriptors {
 public:
  explicit Descriptors(const History& history);

  std::vector<Watch> watches;     // in the order of registration
  std::vector<Turn> turns;        // in the order of polls
  std::vector<Stray> strays;
  std::vector<Removal> removals;
  std::vector<Receive> receives;
  std::vector<std::size_t> refused;  // registrations that were answered by an error
  std::vector<std::size_t> reads;    // steps; what was there when they were taken is below
  std::vector<std::int64_t> there;   // bytes at each read; -1 where that is not known

  const Watch& watch(const Turn& turn) const { return watches[turn.watch]; }
  /// The registration that is in force at the event; null if none, or if it is not certain which.
  const Watch* watch(Id descriptor, Direction direction, std::size_t event) const;

 private:
  /// What is known of the buffers behind a descriptor.
  struct Buffers {
    Id id = 0;
    std::int64_t unread = 0;
    bool pipe = false;       // of which the loop has the reading end
    bool full = false;       // towards the peer
    bool hung_up = false;    // the peer is gone
    bool known = true;
    std::size_t readable = never, writable = never;  // since which step
  };
  struct Ends {
    Id id = 0;
    std::size_t buffers = 0;               // as an index; duplicates share them
    std::size_t watch[2] = {never, never};  // in force, as indices
    std::size_t receive = never;           // the last, as an index
    bool file = false;
    bool contested = false;                // by two who receive
  };

  Ends& ends(Id id);
  bool ready(const Ends& ends, Direction direction) const;
  bool known(const Ends& ends, Direction direction) const;
  /// Whether somebody who receives from it is suspended.
  bool receiving(const Ends& ends) const;

  void read_event(std::size_t index);
  void read_step(std::size_t index);
  void read_bytes(std::size_t index, std::size_t buffers);
  void reopen(std::size_t index);
  void add(std::size_t index, Direction direction);
  void remove(std::size_t index, Direction direction);
  void end_watch(Ends& ends, Direction direction, std::size_t index);
  /// Somebody else than who receives meddles with the one reader.
  void contest(Ends& ends);
  void begin_receive(std::size_t index);
  void end_receive(std::size_t index);
  /// Changes buffers at the event, and notes who has become ready or unready by it.
  template <class Change>
  void change(std::size_t index, std::size_t buffers, Change change);
  void note(std::size_t index, std::size_t buffers, Direction direction, bool ready);

  void begin_pass();
  void begin_turn(std::size_t watch, const Ends& ends, Direction direction);
  void end_pass(std::size_t index);
  void enter(std::size_t index);
  Turn* open_turn(std::size_t watch);

  const History& history_;
  std::vector<Ends> ends_;
  std::vector<Buffers> buffers_;
  std::size_t poll_ = never;       // whose wait goes on
  std::size_t pass_ = 0;           // its first turn, as an index
  bool run_begins_ = false;
  std::vector<std::size_t> before_;  // by registration: its last turn, as an index
};

}  // namespace cede
