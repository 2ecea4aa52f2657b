// Loops side by side, clause by clause: what every table of a report is made of, and the one for a terminal.
#pragma once

#include <array>
#include <string>
#include <string_view>
#include <vector>

#include "ci/report.h"

namespace cede {

/// What a clause is on a loop, as a table shows it.
enum class Mark {
  verified,
  variant,
  departs,
  known,
  undecided,
  known_undecided,
  unsupported,
  out_of_scope,
  not_held,
  unasked
};

/// How it is shown: a letter for a terminal, a sign for a page, so that colour is never all that tells them apart.
struct Look {
  Mark mark;
  std::string_view name;  // also as a class in CSS
  char letter;
  std::string_view sign;
  std::string_view words;
};

inline constexpr std::array looks{
    Look{Mark::verified, "verified", '+', "✓", "verified"},
    Look{Mark::variant, "variant", 'v', "◆", "another of the outcomes that are permitted"},
    Look{Mark::departs, "departs", 'X', "✗", "departs"},
    Look{Mark::known, "known", 'x', "≠", "departs, as expected"},
    Look{Mark::undecided, "undecided", '?', "?", "decided too seldom"},
    Look{Mark::known_undecided, "known-undecided", 'u', "¿", "decided too seldom, as expected"},
    Look{Mark::unsupported, "unsupported", '-', "–", "unsupported"},
    Look{Mark::out_of_scope, "out-of-scope", 'o', "○", "decided by no program of this scope"},
    Look{Mark::not_held, "not-held", '.', "·", "not held to the exact order"},
    Look{Mark::unasked, "unasked", ' ', "", "not asked"},
};
inline const Look& look(Mark mark) { return looks[static_cast<std::size_t>(mark)]; }

/// Null is a clause that the run did not ask for.
Mark mark_of(const ClauseReport* clause);
/// Whether it makes a run fail: it was not expected, and it matters.
bool is_news(const ClauseReport& clause);

/// A loop of one of the runs.
struct Column {
  const RunReport* run;
  const LoopReport* loop;
  std::string head;  // the loop's name, with its version where two have the same
  std::string key;   // the same, fit for an address on a page

  const ClauseReport* cell(const Clause& clause) const;
};

struct Matrix {
  std::vector<Column> columns;
  std::vector<const Clause*> clauses;  // that any of the runs asked for, in the order of the chapters

  /// Whether some loop does not plainly verify it.
  bool differs(const Clause& clause) const;
};

/// The runs stay where they are.
Matrix matrix_of(const std::vector<RunReport>& runs);

/// How many clauses of a level a loop was asked for and can be, and how many of them are verified.
struct LevelCount {
  int asked = 0, verified = 0;
};
LevelCount count_level(const LoopReport& loop, std::string_view level);

/// How many departures, divergences and crashes nobody expected.
int count_news(const LoopReport& loop);
/// How many departures were expected.
int count_known(const LoopReport& loop);

/// Only clauses that differ, and how many do not; or all.
std::string matrix_text(const Matrix& matrix, bool all, bool color);
/// As one JSON object.
std::string matrix_json(const Matrix& matrix, bool all);

}  // namespace cede
