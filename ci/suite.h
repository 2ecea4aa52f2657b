// One GoogleTest a loop and clause, so that its filters and its XML are at hand.
#pragma once

#include <cstdio>
#include <functional>
#include <string>
#include <vector>

#include "ci/report.h"

namespace cede {

/// A loop whose report is made when its first test begins.
struct Suite {
  std::string loop;
  bool compares = false;  // whole traces with the reference's
  std::function<LoopReport()> make;
  LoopReport report;  // without clauses until then; GTEST_FILTER may leave the loop out
};

/// Runs the tests of all loops, and shows each loop's failures and a summary once it is done. Writes JUnit XML if the
/// file has a name.
void run_suites(std::vector<Suite>& suites, const Terms& terms, const std::string& junit, std::FILE* out);

}  // namespace cede
