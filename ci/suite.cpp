#include "ci/suite.h"

#include <algorithm>
#include <functional>
#include <utility>

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "ci/text.h"

namespace cede {
namespace {

/// A part of a loop's report, as GoogleTest sees it.
class ReportTest : public testing::Test {
 public:
  explicit ReportTest(std::function<void()> look_up) : look_up_(std::move(look_up)) {}
  void TestBody() override { look_up_(); }

 private:
  std::function<void()> look_up_;
};

void look_up(const LoopReport& loop, const ClauseReport& report, const Terms& terms) {
  auto fail = [&](const std::string& why) {
    ADD_FAILURE_AT(report.clause->file.c_str(), report.clause->line) << why;
  };
  switch (report.status) {
    case Status::verified:
      if (auto others = report.unexpected_variants(); !others.empty())
        fail(fmt::format("{} was expected alone, but not {}", report.expected->variant, fmt::join(others, ", ")));
      return;
    case Status::failed:
      if (report.as_expected()) GTEST_SKIP() << "departs, as expected: " << report.expected->why;
      return fail(to_text(loop, report, terms, false));
    case Status::not_verified:
      if (report.clause->level != "MUST" || report.as_expected()) GTEST_SKIP() << "decisive in too few scenarios";
      return fail(fmt::format("decisive in {} scenarios, {} are needed", report.decisive, loop.floor));
    case Status::unsupported: GTEST_SKIP() << report.reason;
    case Status::out_of_scope: GTEST_SKIP() << "no program of the scope decides it";
    case Status::not_held: GTEST_SKIP() << "the loop does not declare the exact order";
  }
}

/// GoogleTest's name of a clause: its filters take a hyphen for "but not".
std::string test_name(const Clause& clause) {
  std::string name = clause.id;
  std::ranges::replace(name, '-', '_');
  return name;
}

/// Of no clause, and at no place in a file.
void fail_as_a_whole(const std::string& loop, const std::string& why) {
  ADD_FAILURE_AT(loop.c_str(), -1) << why;
}

void register_test(const std::string& loop, const std::string& name, const char* file, int line,
                   std::function<void()> look_up) {
  testing::RegisterTest(loop.c_str(), name.c_str(), nullptr, nullptr, file, line,
                        [=]() -> testing::Test* { return new ReportTest(look_up); });
}

void register_tests(const LoopReport& loop, const Terms& terms) {
  auto add = [&](const std::string& name, const char* file, int line, std::function<void()> look_up) {
    register_test(loop.info.name, name, file, line, std::move(look_up));
  };
  for (const ClauseReport& report : loop.clauses)
    add(test_name(*report.clause), report.clause->file.c_str(), report.clause->line,
        [&] { look_up(loop, report, terms); });
  if (loop.order)
    add("exact_order", __FILE__, __LINE__, [&] {
      if (loop.order->divergence) fail_as_a_whole(loop.info.name, divergence_text(loop, terms, false));
    });
  add("stays_alive", __FILE__, __LINE__, [&] {
    for (const Crash& crash : loop.crashes) fail_as_a_whole(loop.info.name, to_text(loop, crash, terms, false));
  });
  add("expectations", __FILE__, __LINE__, [&] {
    for (const std::string& stale : loop.stale) fail_as_a_whole(loop.info.name, stale);
  });
}

void register_test(const Absent& absent) {
  register_test(absent.loop, "is_there", __FILE__, __LINE__, [&] { fail_as_a_whole(absent.loop, absent.why); });
}

}  // namespace

void write_junit(const std::vector<RunReport>& runs, const std::string& file) {
  testing::GTEST_FLAG(output) = "xml:" + file;
  int argc = 1;
  std::string name = "cede";
  char* argv[] = {name.data(), nullptr};
  testing::InitGoogleTest(&argc, argv);  // here it makes up its mind about the output
  // Whatever the environment says: a report is told whole.
  testing::GTEST_FLAG(filter) = "*";
  testing::GTEST_FLAG(fail_fast) = false;
  testing::GTEST_FLAG(break_on_failure) = testing::GTEST_FLAG(throw_on_failure) = false;
  testing::GTEST_FLAG(repeat) = 1;
  testing::GTEST_FLAG(shuffle) = false;
  for (const char* shards : {"GTEST_TOTAL_SHARDS", "GTEST_SHARD_INDEX", "GTEST_SHARD_STATUS_FILE"}) unsetenv(shards);
  for (const RunReport& run : runs) {
    for (const LoopReport& loop : run.loops) register_tests(loop, run.terms);
    for (const Absent& absent : run.absent) register_test(absent);
  }
  auto& listeners = testing::UnitTest::GetInstance()->listeners();
  delete listeners.Release(listeners.default_result_printer());
  (void)RUN_ALL_TESTS();
}

}  // namespace cede
