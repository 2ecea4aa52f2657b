// A scenario: a flat list of steps, one a line, `WHO: VERB ARGS`. Text is its canonical form.
//
//     main: create_task t      # main acts before the loop runs
//     t: await f               # a step of script t, here played as a task
//     a: set_result f 7        # a step of script a
//
// The language is total: every list of steps means something (spec/README.md has the rules), so a
// generator may add any line, a shrinker drop any line and a fuzzer splice any two files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "spec/name.h"
#include "spec/value.h"
#include "spec/verb.h"

namespace cede {

/// One line. Which of the fields count is said by the verb's row.
struct Step {
  Name who;
  Verb verb = Verb::log;
  Name name;             // the first of the names: script, object, thing, handle or word
  Name script;           // the second: of add_done_callback the script, of `catch` its block
  Name other;            // the third
  Nanos time = 0;        // duration
  Value value;           // value, error or number

  /// Where the next name goes, in the order in which they are written; null if there is no place left.
  Name* next_name() { return !name ? &name : !script ? &script : !other ? &other : nullptr; }
  friend bool operator==(const Step&, const Step&) = default;
};

struct Scenario {
  std::vector<Step> steps;

  friend bool operator==(const Scenario&, const Scenario&) = default;
};

/// The script that acts before the loop runs, and between its runs.
inline constexpr Name main_script{"main"};

/// Jobs after which scripts fall silent, unless the scenario has a `limit`.
inline constexpr int callbacks_max = 64;

/// Where text is not a scenario, and what was expected there.
struct ParseError {
  int line = 0;
  int column = 0;
  std::string expected;
};

/// Either a scenario or the first error. Empty lines and `# comments` are skipped.
struct Parsed {
  Scenario scenario;
  std::optional<ParseError> error;
};

/// For people: the first line that is not a step is an error.
Parsed parse_scenario(std::string_view text);

/// For fuzzers: lines that are not steps are dropped, so that every byte string is a scenario.
Scenario parse_leniently(std::string_view text);

std::string to_string(const Step& step);
/// One line per step, each ended by a newline; `parse_scenario` gives the same scenario back.
std::string to_string(const Scenario& scenario);

/// `line 3, column 8: expected a duration such as 10ms`.
std::string to_string(const ParseError& error);

}  // namespace cede
