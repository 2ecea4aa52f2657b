// Reports that the tests of what is made of reports begin with.
#pragma once

#include <string>

#include "ci/report.h"
#include "ci/stream.h"
#include "ci/version.h"

namespace cede {

/// Text that would be more than text in HTML, SVG, Markdown and XML, and is no UTF-8.
inline const std::string hostile = "</pre></style><script>alert('x')</script> | `a` **b** ``` & \"q\" \x01 \xff";

/// One that says all that a report can say, in a stranger's words.
inline RunReport strange_report() {
  RunReport run;
  run.terms.seed = 7;
  run.shard = Shard{2, 3};
  run.absent = {{"lost", "install it " + hostile}};
  LoopReport& loop = run.loops.emplace_back();
  loop.info.name = "exec:python3 loop.py " + hostile;
  loop.info.version = "1 " + hostile;
  loop.info.mapping = hostile;
  loop.info.exact_order = true;
  loop.info.layered = {"task"};
  loop.info.language = loop.info.bugs = hostile;
  loop.restarts = 2;
  loop.info.unsupported = {{Verb::call_soon, hostile}};
  loop.played = 1000;
  loop.floor = 2;
  loop.outdated = hostile;
  loop.stale = {hostile};
  const Scenario scenario = parse_scenario("main: call_soon a\na: call_later 0ms a\n").scenario;
  const ShownTrace trace{{0, "main: run"}, {0, "enter a"}, {5, "  a: " + hostile}, {5, "leave a"}};
  for (std::string_view id : {"PASS-2", "TIMER-8", "TASK-9", "TIMER-1", "PASS-16"}) {
    ClauseReport& report = loop.clauses.emplace_back();
    report.clause = find_clause(chapters(), id);
    report.judged = true;
    report.reached = report.decisive = 100;
    report.status = Status::verified;
  }
  for (int departing : {0, 1}) {
    loop.clauses[departing].status = Status::failed;
    loop.clauses[departing].violated = 3;
    loop.clauses[departing].first_violation = 9;
    loop.clauses[departing].finding = Finding{scenario, hostile, 2, trace, trace};
  }
  loop.clauses[1].expected =
      Expectation{{"TIMER-8"}, Expectation::Kind::fail, "", hostile, "javascript:alert(1)", {}, "", true};
  loop.clauses[2].variants[loop.clauses[2].clause->variants.back()] = 40;
  loop.clauses[3].status = Status::not_verified;
  loop.clauses[4].status = Status::unsupported;
  loop.clauses[4].reason = hostile;
  loop.order = OrderReport{50, 1, 0, 2, Divergence{scenario, trace, trace, {1, 1}}};
  loop.crashes = {{"aborted", "aborted " + hostile, 12, scenario, hostile}, {"left", "left", 0, {}, ""}};
  return run;
}

}  // namespace cede
