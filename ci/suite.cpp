#include "ci/suite.h"

#include <algorithm>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "ci/terminal.h"
#include "ci/text.h"

namespace cede {
namespace {

/// The loop's report; made now if nobody has asked before.
const LoopReport& report_of(Suite& suite) {
  if (suite.report.clauses.empty()) suite.report = suite.make();
  return suite.report;
}

/// One clause on one loop, as GoogleTest sees it.
class ClauseTest : public testing::Test {
 public:
  ClauseTest(Suite& suite, const Clause& clause, const Terms& terms) : suite_(suite), clause_(clause), terms_(terms) {}

  void TestBody() override {
    const LoopReport& loop = report_of(suite_);
    const ClauseReport& report = *std::ranges::find(loop.clauses, &clause_, &ClauseReport::clause);
    switch (report.status) {
      case Status::verified: return expect_variant(report);
      case Status::failed:
        if (report.as_expected()) GTEST_SKIP() << "departs, as expected: " << report.expected->why;
        FAIL() << to_text(loop, report, terms_, false);
      case Status::not_verified:
        if (clause_.level != "MUST" || report.as_expected()) GTEST_SKIP() << "decisive in too few scenarios";
        FAIL() << fmt::format("decisive in {} scenarios, {} are needed", report.decisive, loop.floor);
      case Status::unsupported: GTEST_SKIP() << report.reason;
      case Status::out_of_scope: GTEST_SKIP() << "no program of the scope decides it";
      case Status::not_held: GTEST_SKIP() << "the loop does not declare the exact order";
    }
  }

 private:
  void expect_variant(const ClauseReport& report) {
    auto others = report.unexpected_variants();
    if (!others.empty())
      FAIL() << fmt::format("{} was expected alone, but not {}", report.expected->variant, fmt::join(others, ", "));
  }

  Suite& suite_;
  const Clause& clause_;
  const Terms& terms_;
};

/// The whole traces of one loop that declares the exact order.
class OrderTest : public testing::Test {
 public:
  OrderTest(Suite& suite, const Terms& terms) : suite_(suite), terms_(terms) {}

  void TestBody() override {
    const LoopReport& report = report_of(suite_);
    if (!report.order) GTEST_SKIP() << "there is nothing to compare with";
    if (report.order->divergence) FAIL() << divergence_text(report, terms_, false);
  }

 private:
  Suite& suite_;
  const Terms& terms_;
};

/// Whether the loop stays alive.
class CrashTest : public testing::Test {
 public:
  CrashTest(Suite& suite, const Terms& terms) : suite_(suite), terms_(terms) {}

  void TestBody() override {
    const LoopReport& report = report_of(suite_);
    for (const Crash& crash : report.crashes) ADD_FAILURE() << to_text(report, crash, terms_, false);
  }

 private:
  Suite& suite_;
  const Terms& terms_;
};

/// Whether all that was expected came about.
class ExpectationTest : public testing::Test {
 public:
  explicit ExpectationTest(Suite& suite) : suite_(suite) {}

  void TestBody() override {
    for (const std::string& stale : report_of(suite_).stale) ADD_FAILURE() << stale;
  }

 private:
  Suite& suite_;
};

/// GoogleTest's own printer is silent.
class Printer : public testing::EmptyTestEventListener {
 public:
  Printer(const std::vector<Suite>& suites, const Terms& terms, std::FILE* out)
      : suites_(suites), terms_(terms), out_(out) {}

  void OnTestSuiteEnd(const testing::TestSuite& done) override {
    bool color = colored(out_);
    for (const Suite& suite : suites_) {
      const LoopReport& report = suite.report;
      if (suite.loop != done.name() || report.clauses.empty()) continue;
      for (const Crash& crash : report.crashes) fmt::print(out_, "{}", to_text(report, crash, terms_, color));
      for (const ClauseReport& clause : report.clauses)
        if (clause.status == Status::failed && !clause.as_expected())
          fmt::print(out_, "{}", to_text(report, clause, terms_, color));
      if (report.order && report.order->divergence)
        fmt::print(out_, "{}", divergence_text(report, terms_, color));
      fmt::print(out_, "{} {}: {} scenarios\n{}", report.info.name, report.info.version, report.played,
                 summary(report, color));
      std::fflush(out_);
    }
  }

 private:
  const std::vector<Suite>& suites_;
  const Terms& terms_;
  std::FILE* out_;
};

/// GoogleTest's name of a clause: its filters take a hyphen for "but not".
std::string test_name(const Clause& clause) {
  std::string name = clause.id;
  std::ranges::replace(name, '-', '_');
  return name;
}

void register_tests(Suite& suite, const Terms& terms) {
  auto add = [&](const char* name, const char* file, int line, auto make) {
    testing::RegisterTest(suite.loop.c_str(), name, nullptr, nullptr, file, line, make);
  };
  for (const Clause* clause : terms.clauses())
    add(test_name(*clause).c_str(), clause->file.c_str(), clause->line,
        [&suite, &terms, clause]() -> testing::Test* { return new ClauseTest(suite, *clause, terms); });
  if (suite.compares)
    add("exact_order", __FILE__, __LINE__, [&]() -> testing::Test* { return new OrderTest(suite, terms); });
  add("stays_alive", __FILE__, __LINE__, [&]() -> testing::Test* { return new CrashTest(suite, terms); });
  add("expectations", __FILE__, __LINE__, [&]() -> testing::Test* { return new ExpectationTest(suite); });
}

}  // namespace

void run_suites(std::vector<Suite>& suites, const Terms& terms, const std::string& junit, std::FILE* out) {
  // GoogleTest reads GTEST_* from the environment; what the report needs is said here.
  int argc = 1;
  std::string name = "cede";
  char* argv[] = {name.data(), nullptr};
  if (!junit.empty()) testing::GTEST_FLAG(output) = "xml:" + junit;
  testing::InitGoogleTest(&argc, argv);  // here it makes up its mind about the output
  for (Suite& suite : suites) register_tests(suite, terms);
  auto& listeners = testing::UnitTest::GetInstance()->listeners();
  delete listeners.Release(listeners.default_result_printer());
  listeners.Append(new Printer(suites, terms, out));
  (void)RUN_ALL_TESTS();
}

}  // namespace cede
