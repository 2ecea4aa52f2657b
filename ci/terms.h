// On which terms loops are judged: which scenarios are played and how, and the parts that they are played in.
#pragma once

#include <cstdint>
#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/world.h"
#include "spec/chapters.h"
#include "spec/scenario.h"

namespace cede {

/// Scenarios, seconds, or every small program. `20000cases`, `30s`, `exhaustive:4`.
struct Budget {
  std::uint64_t cases = 150'000;
  double seconds = 0;     // 0: no limit
  std::size_t steps = 0;  // not 0: every program of at most so many, and nothing else

  std::string text() const;
  friend bool operator==(const Budget&, const Budget&) = default;
  /// Whether it ends after a number of scenarios that is known.
  bool is_counted() const { return seconds == 0 && cases < UINT32_MAX; }
};

/// False if the text is no budget.
bool parse_budget(const std::string& text, Budget& budget);

/// How many decisive scenarios a MUST clause needs: one in 500, at most 200; enough that a rule which is
/// broken now and then shows. Where every program is played, once is enough.
std::uint64_t floor_for(const Budget& budget, std::uint64_t played);

struct Terms {
  std::vector<std::string> globs;    // clause ids; empty for all
  std::vector<std::string> without;  // verbs that random scenarios do not say
  Budget budget;
  std::uint64_t seed = 0;
  World::Pace pace = World::Pace::frozen;
  bool random_choices = false;  // where the contract leaves a loop a choice

  friend bool operator==(const Terms&, const Terms&) = default;
  /// The clauses that match any of the globs, in order.
  std::vector<const Clause*> clauses() const;
};

/// Whether `text` as a whole matches; `*` and `?` are wild.
bool matches(std::string_view glob, std::string_view text);
/// The clauses that match any of the globs, in order; all if there are none.
std::vector<const Clause*> matching_clauses(const std::vector<std::string>& globs);

/// Scenarios that one process plays: `count` of them behind the first `skipped`, and before them the examples of
/// all clauses if it is the first.
struct Slice {
  std::uint64_t index = 0;
  std::uint64_t skipped = 0;
  std::uint64_t count = 0;
};

/// The slice of this index; one without scenarios when the budget has no more. Which they are depends on the budget
/// alone, so that the same scenarios are played and kept whoever plays how many of them at a time.
Slice slice_of(const Budget& budget, std::uint64_t index);

/// Gives `check` the number of each scenario of the slice, from 1 in the whole run, and the scenario, until it
/// returns false. `skipping` is called now and then on the way to the first of them.
void for_all_of(const Slice& slice, const Terms& terms,
                const std::function<bool(std::uint64_t, const Scenario&)>& check,
                const std::function<void()>& skipping = [] {});

/// One of several machines that share a run: it plays each `of`-th slice.
struct Shard {
  std::uint64_t index = 1;  // from 1
  std::uint64_t of = 1;

  std::string text() const;
};

/// Reads `2/3`; false if it is none.
bool parse_shard(const std::string& text, Shard& shard);

}  // namespace cede
