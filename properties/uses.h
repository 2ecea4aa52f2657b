// What scripts did with locks, events, conditions, semaphores and queues: each step with its answer, in
// the order in which things happened.
#pragma once

#include <vector>

#include "properties/history.h"

namespace cede {

/// One step about such a thing.
struct Use {
  Verb verb = Verb::acquire;
  Id thing = 0;
  Id future = 0;               // wait_condition_for: whose completion it waits for
  Id frame = 0;
  std::size_t asked = never;
  std::size_t got = never;     // its answer; the step itself, if that is answered at once
  Answer answer;
  bool suspended = false;      // it did not come back in the job that asked
  bool stays = false;          // surely it was not cancelled, nor ended in another error
  std::int64_t number = 0;     // of create_*: how many; of notify too
  Value value;                 // of put: which

  /// Whether it ended in an error, such as a cancellation, or was refused.
  bool raised() const { return got != never && answer.is_raised(); }
  bool succeeded() const { return got != never && !answer.is_raised(); }
};

/// Something that happened: a step was begun, it was answered, or the script of a `with` was over, which
/// releases what it holds.
struct Moment {
  enum class Kind : std::uint8_t { asked, got, left };

  Kind kind = Kind::asked;
  std::size_t event = never;
  const Use* use = nullptr;
};

class Uses {
 public:
  explicit Uses(const History& history);

  /// All there were, in the order of events; of a step that is answered at once, `asked` alone.
  const std::vector<Moment>& moments() const { return moments_; }
  /// What was made or first used as a thing, in that order.
  const std::vector<Id>& things() const { return things_; }
  /// Those about one thing.
  std::vector<Moment> about(Id thing) const;
  /// The verb that made it; `acquire` for a lock and `set_event` for an event, which nobody makes.
  Verb kind(Id thing) const;

 private:
  std::vector<Use> uses_;
  std::vector<Moment> moments_;
  std::vector<Id> things_;
  std::vector<Verb> kinds_;
};

/// Whether somebody may have asked for a cancellation between two events.
bool may_have_cancelled(const History& history, std::size_t from, std::size_t to);

/// Whether nothing took part that breaks off waits, or passes, without a trace.
bool waits_are_plain(const History& history);

/// The pass after that of the event is over, or all is at rest, by this event; `never` if the trace tells
/// neither.
std::size_t end_of_next_pass(const History& history, std::size_t event);

}  // namespace cede
