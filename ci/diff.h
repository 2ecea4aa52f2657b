// `cede diff`: what has changed between two reports.
#pragma once

#include <string>
#include <vector>

#include "ci/report.h"

namespace cede {

struct Change {
  std::string loop;
  std::string clause;  // empty for what is about the whole loop
  std::string before, after;  // for people; empty for what is not there
  bool worse = false;
};

/// Loops are compared by their names. Worse is a loop or a clause that is lost, a MUST that is decided too seldom now,
/// a departure, an unexplained divergence and a crash; expected or not, since expectations are no news of the loop.
std::vector<Change> changes(const RunReport& before, const RunReport& after);

/// Prints them. 1 if something is worse.
Exit diff(const std::string& before, const std::string& after, bool json);

}  // namespace cede
