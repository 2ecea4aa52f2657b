// `cede run`: campaigns on loops, one GoogleTest a loop and clause.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "adapters/world.h"
#include "ci/exit.h"
#include "spec/chapters.h"

namespace cede {

/// How much to do: scenarios, seconds, or every small program. `20000cases`, `30s`, `exhaustive:4`.
struct Budget {
  std::uint64_t cases = 150'000;
  double seconds = 0;     // 0: no limit
  std::size_t steps = 0;  // not 0: every program of at most so many, and nothing else

  std::string text() const;
};

/// False if the text is no budget.
bool parse_budget(const std::string& text, Budget& budget);

struct RunOptions {
  std::vector<std::string> loops;
  std::vector<std::string> globs;  // clause ids; empty for all
  std::vector<std::string> without;  // verbs that random scenarios do not say
  Budget budget;
  std::uint64_t seed = 0;
  World::Pace pace = World::Pace::frozen;
  bool random_choices = false;  // where the contract leaves a loop a choice
  std::string json;   // file, - for standard output
  std::string junit;  // file
  bool list = false;
  std::vector<std::string> expect;  // files of expectations instead of those that are shipped
  bool no_expect = false;           // nothing is expected
};

Exit run(const RunOptions& options);

class Campaign;
struct Adapter;
struct Expectations;
struct LoopReport;
/// The same on one loop, without a word.
LoopReport report_on(const RunOptions& options, const Adapter& adapter, const Expectations* expectations);
/// Plays as much as the budget says, and shows how far it is; an interrupt ends it early.
void play_budget(Campaign& campaign, const RunOptions& options);
/// How many decisive scenarios a MUST clause needs: where every program is played, once is enough.
std::uint64_t floor_for(const Budget& budget, std::uint64_t played);
/// From here on Ctrl-C ends a campaign and leaves what it has found; a second one ends the process.
void listen_to_interrupts();

/// The clauses that match any of the globs, in order. `*` and `?` are wild.
std::vector<const Clause*> matching_clauses(const std::vector<std::string>& globs);

/// The loops there are, for messages.
std::string loop_names();

/// Whether `text` as a whole matches.
bool matches(std::string_view glob, std::string_view text);

}  // namespace cede
