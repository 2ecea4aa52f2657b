// What a trace tells of gathers, shields, waits and as_completed: who was given what, and what has
// become of each. Futures are cancelled without a word by tasks and gathers that are cancelled; about
// those whose end was not seen nothing is said.
#pragma once

#include <vector>

#include "properties/history.h"

namespace cede {

/// One of those that a combinator was given.
struct Source {
  Id id = 0;
  std::size_t completed = never;
  Answer outcome;
  bool task = false;
  bool known = false;  // whether all that could become of it is in the trace

  bool done_before(std::size_t event) const { return completed < event; }
  bool failed() const { return completed != never && outcome.is_raised(); }
  bool cancelled() const { return completed != never && outcome.is_raised(ErrorKind::cancelled); }
};

/// One use of a combinator.
struct Combination {
  Verb verb = Verb::gather;
  std::size_t asked = never;
  Id id = 0;                     // of the derived future; 0 for wait and as_completed
  const Wait* wait = nullptr;    // of wait and as_completed
  std::vector<Source> sources;   // as they were given
  std::vector<Source> distinct;  // each once
  bool known = true;             // all of them are

  bool about(Id object) const {
    return std::ranges::find(distinct, object, &Source::id) != distinct.end();
  }
  /// When the source counts as completed: those that were done before do from the beginning.
  std::size_t counted(const Source& source) const {
    return source.completed == never ? never : std::max(source.completed, asked);
  }
  /// When all have completed, or `never`.
  std::size_t all_completed() const;
  /// The first to fail, in the order in which the loop tells of them; null if none has.
  const Source* first_failure() const;
};

/// All uses of the verbs.
std::vector<Combination> combinations(const History& history, const Verbs& verbs);

/// The waits of tasks for a derived future.
std::vector<const Wait*> waits_for(const History& history, Id id);

/// The results that the wait delivered one by one.
std::vector<std::size_t> items_of(const History& history, const Wait& wait);

/// A request to cancel a task while it waited, or the derived future itself.
struct Request {
  std::size_t asked = never;
  const Wait* wait = nullptr;  // of the task that was asked; null for a future
};
/// Those that were granted, of the futures or waits of one combination.
std::vector<Request> requests(const History& history, const Combination& combination);

/// Whether nobody has asked the object to cancel, by name or by way of those who wait for it: of these
/// one combination does not count.
bool unasked(const History& history, Id object, const Combination* except = nullptr);

/// The first step that cancels others than a plain future named in it; never if there is none.
std::size_t first_request(const History& history);

/// What may not happen to a source that is to be left alone: asked for by name, it is neither done nor
/// cancelled before its own end, nor was its task asked to cancel. Gives each place where it shows, and
/// whether it was left alone there.
struct Glimpse {
  std::size_t event = never;
  bool left_alone = true;
};
std::vector<Glimpse> glimpses(const History& history, const Source& source, std::size_t since);

}  // namespace cede
