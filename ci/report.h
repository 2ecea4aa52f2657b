// What a run found, and its forms: lines of JSON, which say everything, and text for a terminal.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ci/campaign.h"
#include "ci/exit.h"
#include "adapters/expectations.h"

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

/// The smallest scenario that violates a clause, and how it goes.
struct Finding {
  Scenario scenario;
  Trace seen;
  Trace expected;  // the reference's
  Verdict verdict;
};

struct ClauseReport {
  const Clause* clause = nullptr;
  Status status = Status::not_verified;
  std::string reason;    // why it is unsupported
  bool layered = false;  // the loop's own part is only to call back
  ClauseResult result;
  std::optional<Finding> finding;
  const Expectation* expected = nullptr;  // what is said of it in the loop's file

  /// Whether it fails, or is decided too seldom, and just that was expected.
  bool as_expected() const;
  /// The variants that it has shown though another was expected.
  std::vector<std::string> unexpected_variants() const;
};

/// Whether a failure was expected, and there is none. Of what is seldom seen nobody can say so.
bool is_stale(const ClauseReport& clause);

/// The smallest scenario whose trace is none that the reference could have, though no clause is
/// violated, and where they part.
struct Divergence {
  Scenario scenario;
  Trace seen;
  Trace expected;  // the reference's that goes along furthest
  Parting parting;
};

struct LoopReport {
  const Adapter* adapter = nullptr;
  std::uint64_t played = 0;
  std::uint64_t floor = 0;  // decisive scenarios that a MUST clause needs
  std::vector<ClauseReport> clauses;
  std::optional<OrderResult> order;  // if it is held to the exact order
  std::optional<Divergence> divergence;
  std::string options;  // that a replay has to repeat
  std::vector<std::string> stale;  // what was expected in vain, each with the edit to make
};

struct RunReport {
  std::uint64_t seed = 0;
  std::string budget;
  World::Pace pace = World::Pace::frozen;
  std::vector<LoopReport> loops;
  std::vector<std::string> absent;  // loops that could not be loaded, with the reason
  std::vector<Exit> exits;
};

std::string_view spelling(World::Pace pace);

/// What the shell gets, from the statuses of all clauses.
std::vector<Exit> exits(const RunReport& report);

/// One JSON object a line: the run, each loop, each clause, the end. The same run gives the same
/// bytes.
std::string to_json_lines(const RunReport& report);

/// A failure for people: clause, words, smallest scenario, expected and seen trace with the
/// deciding event marked, and a line to replay it.
std::string to_text(const LoopReport& loop, const ClauseReport& clause, bool color);
/// The same for a divergence that no clause explains.
std::string divergence_text(const LoopReport& loop, bool color);
/// A few lines per loop.
std::string summary(const LoopReport& loop, bool color);

/// How the command was called, as a shell can call it again; `cede` until somebody says otherwise.
const std::string& called_as();
void set_called_as(std::string command);

/// A shell command that plays the scenario again, by the name under which cede was called.
std::string replay_line(const Scenario& scenario, const LoopReport& loop, std::string_view command = called_as());

/// A trace with its times, the deciding event marked; long ones are cut around it, unless `whole`.
std::string marked(const Trace& trace, std::size_t event, bool whole = false);

}  // namespace cede
