// What a run found. As lines of JSON it is in stream.h, for a terminal in text.h.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "adapters/expectations.h"
#include "ci/campaign.h"
#include "ci/exit.h"
#include "ci/terms.h"

namespace cede {

/// What became of a clause on a loop.
enum class Status {
  verified,      // it holds, and was decisive often enough
  failed,        // a scenario violates it
  not_verified,  // decisive too seldom to say
  unsupported,   // the loop cannot do what the clause is about
  out_of_scope,  // no program of the small scope decides it
  not_held,      // tier X, and the loop does not declare the exact order
};

std::string_view spelling(Status status);

/// A trace as it is shown, each event with its time on the loop's clock.
struct ShownEvent {
  Nanos at = 0;
  std::string text;  // indented while a job runs
};
using ShownTrace = std::vector<ShownEvent>;
ShownTrace shown(const Trace& trace);

/// The smallest scenario that violates a clause, and how it goes.
struct Finding {
  Scenario scenario;
  std::string why;
  std::size_t event = 0;  // of `seen`, the one that decides
  ShownTrace seen;
  ShownTrace expected;  // the reference's
};

struct ClauseReport : Tally {
  const Clause* clause = nullptr;
  bool judged = false;   // not so tier X on a loop that does not declare the exact order
  std::optional<Finding> finding;

  // What is made of it in the end.
  Status status = Status::not_verified;
  std::string reason;    // why it is unsupported
  bool layered = false;  // the loop's own part is only to call back
  std::optional<Expectation> expected;  // what is said of it in the loop's file

  /// Whether it fails, or is decided too seldom, and just that was expected.
  bool as_expected() const;
  /// Whether it is expected to fail, but more seldom than it does.
  bool departs_too_often() const;
  /// How often each permitted outcome was seen. The first of them is the rule itself, which a judge has no name for.
  std::vector<std::pair<std::string, std::uint64_t>> variants_seen() const;
  /// The variants that it has shown though another was expected.
  std::vector<std::string> unexpected_variants() const;
};

/// Whether a failure was expected, and there is none. Of what is seldom seen nobody can say so.
bool is_stale(const ClauseReport& clause);

/// The smallest scenario whose trace is none that the reference could have, though no clause is
/// violated, and where they part.
struct Divergence {
  Scenario scenario;
  ShownTrace seen;
  ShownTrace expected;  // the reference's that goes along furthest
  Parting parting;
};

/// What came of comparing whole traces with the reference's.
struct OrderReport {
  std::uint64_t compared = 0;
  std::uint64_t undecided = 0;
  std::uint64_t varied = 0;  // they part in a way of CPython's
  std::uint64_t unexplained = 0;
  std::optional<Divergence> divergence;
  std::map<std::string, std::uint64_t, std::less<>> ways;  // of what has varied, in which
};

/// A scenario in which the loop took its process down, or never came back.
struct Crash {
  std::string how;   // such as `aborted`: how its process ended (child.h)
  std::string what;  // the same for people
  std::uint64_t number = 0;  // of the scenario, the first of those that came down to the same one
  Scenario scenario;
  std::string said;  // what it wrote before
  std::uint64_t times = 1;
};

struct LoopReport {
  LoopInfo info;
  std::uint64_t played = 0;
  std::map<std::string, std::uint64_t, std::less<>> unplayed;  // how many scenarios it could not play, and why
  std::vector<ClauseReport> clauses;
  std::optional<OrderReport> order;  // if it is held to the exact order
  std::vector<Crash> crashes;
  std::uint64_t restarts = 0;  // of processes that somebody else has killed

  // What is made of it in the end.
  std::uint64_t floor = 0;  // decisive scenarios that a MUST clause needs
  std::string outdated;  // of what was expected, if it was written for another version
  std::vector<std::string> stale;  // what was expected in vain, each with the edit to make
};

/// Whether so much was played that what was not seen is not there: who plays less than by default, or small programs
/// alone, may just not have come across it.
bool shows_what_is_not(const LoopReport& loop, const Terms& terms);

/// A loop that could not be judged at all.
struct Absent {
  std::string loop;
  std::string why;  // and what to do
};

struct RunReport {
  Terms terms;
  std::optional<Shard> shard;  // of a run that several machines share
  std::vector<LoopReport> loops;
  std::vector<Absent> absent;
  bool interrupted = false;
};

/// Adds a crash to those that are known, in the order of their scenarios.
void add(std::vector<Crash>& crashes, Crash&& crash);

/// Adds what another part of the same run has found on the same loop. It does not matter in which order parts are
/// added.
void add(LoopReport& sum, LoopReport&& part);

/// Notes what is expected of each clause; null if nothing is.
void expect(LoopReport& loop, const Expectations* expectations);
/// Makes of what was counted what became of each clause, and compares it with what was expected.
void conclude(LoopReport& loop, const Terms& terms);

std::string_view spelling(World::Pace pace);

/// What the shell gets, from the statuses of all clauses.
std::vector<Exit> exits(const RunReport& report);

}  // namespace cede
