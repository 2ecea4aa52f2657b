// Steps of a task that last: timeout scopes, wait_for and task groups, read from a history. When a
// deadline takes effect is not in the trace; what is known are moments before it and after it.
#pragma once

#include <ranges>
#include <vector>

#include "properties/history.h"

namespace cede {

struct Scope {
  const Wait* wait = nullptr;
  Id id = 0;                     // timeout: the scope; task_group: the group; wait_for: what is waited for
  const Frame* body = nullptr;   // the script inside, or the coroutine that wait_for drives; null if none began
  std::size_t set = never;       // the step that set the deadline, here or later
  Nanos earliest = forever;      // the deadline, between these moments
  Nanos latest = forever;
  const Scope* around = nullptr;  // the next one around it in the same task

  std::size_t asked() const { return wait->asked; }
  std::size_t got() const { return wait->got; }
  /// The end of its body; never while that lasts.
  std::size_t ended() const { return body ? body->ended : never; }
  bool active_at(std::size_t event) const { return asked() < event && event < got(); }
};

class Scopes {
 public:
  explicit Scopes(const History& history);

  const std::vector<Scope>& all() const { return scopes_; }

  /// Whether only verbs were said of which all that matters here is known, by tasks on one loop.
  bool plain() const { return plain_; }
  /// How often somebody asked a task to cancel.
  int requests() const { return requests_; }
  /// The first request to the scope's own task while it was active; never if there was none.
  std::size_t request_during(const Scope& scope) const;

  /// Whether the deadline was surely still to come at the event.
  bool ahead(const Scope& scope, std::size_t event) const;
  /// Whether it had surely taken effect: two polls saw it.
  bool passed(const Scope& scope, std::size_t event) const;
  /// Whether no other scope that could cancel something was active together with it, but for one.
  bool alone(const Scope& scope, const Scope* but = nullptr) const;
  /// Whether none at all that could cancel something was active in between.
  bool quiet(std::size_t from, std::size_t to) const;

  /// The wait in which the task stood at the poll; null if it did not wait for a moment, a pass or a
  /// plain future, all of which end at once when they are cancelled.
  const Wait* plain_wait(Id task, std::size_t poll) const;
  /// Whether the wait is one of those.
  bool is_plain(const Wait& wait) const;

 private:
  void read_deadline(Scope& scope) const;
  void enclose();

  const History& history_;
  std::vector<Scope> scopes_;
  bool plain_ = true;
  int requests_ = 0;
};

/// The scopes of one verb.
inline auto of(const History& history, const Scopes& scopes, Verb verb) {
  return scopes.all() |
         std::views::filter([&, verb](const Scope& scope) { return history[scope.asked()].step.verb == verb; });
}

/// Whether the answer of the event, if it happened, is this error.
bool raised(const History& history, std::size_t event, ErrorKind error);
/// Whether it is an error, and no cancellation.
bool failed(const Answer& answer);
/// Whether a script performed the verb there, about the thing with this id.
bool asks_about(const History& history, std::size_t event, Verb verb, Id id);
/// The poll that shows that a wait goes on although it was cancelled in the pass of this poll, so many
/// passes ago; never if it ended in time.
std::size_t undisturbed(const History& history, const Wait& wait, std::size_t poll, std::uint32_t passes = 3);

class Ruling;
/// After the scope nothing is left of its request: the counter is where it was, and the task waits in peace.
void require_a_usable_task(const History& history, const Scopes& scopes, const Scope& scope, Ruling& ruling);

}  // namespace cede
