// The drivers that are shipped, where their languages are here: each plays all examples of the chapters, and says of
// the loop what is the loop's own.
#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include <fmt/format.h>

#include "adapters/adapters.h"
#include "adapters/driver.h"
#include "adapters/expectations.h"
#include "adapters/wire.h"
#include "ci/shell_test.h"
#include "properties/property.h"
#include "spec/chapters.h"

namespace cede {
namespace {

Expectations expected_of(const Adapter& loop) {
  std::vector<std::string> complaints;
  Expectations expected = read_expectations(expectations_file(loop_of(loop.name)), complaints).value_or(Expectations{});
  EXPECT_TRUE(complaints.empty()) << complaints.front();
  return expected;
}

/// Plays examples on one loop.
class Examples {
 public:
  explicit Examples(const Adapter& loop) : loop_(loop), expected_(expected_of(loop)) {}

  void play_all() {
    for (const Clause& clause : chapters().clauses)
      for (const Example& example : clause.examples) {
        SCOPED_TRACE(fmt::format("{}, {}:{}\n{}", loop_.name, clause.file, example.line, example.scenario));
        play(parse_scenario(example.scenario).scenario);
      }
  }

  int played() const { return played_; }

 private:
  void play(const Scenario& scenario) {
    ASSERT_NO_THROW(loop_.run(loop_, scenario, world_, trace_));
    if (trace_.events.empty()) return;  // it cannot play this one, and says so
    ++played_;
    history_.read(trace_);
    for (const Property& property : properties()) {
      if (find_clause(chapters(), property.clause)->tier == "X" && !loop_.exact_order) continue;
      const Verdict verdict = property.judge(history_);
      const Expectation* expectation = expected_.of(property.clause, loop_);
      const bool is_expected = expectation && expectation->fails();
      EXPECT_TRUE(!verdict.violated() || is_expected) << property.clause << ": " << verdict.text;
    }
  }

  const Adapter& loop_;
  const Expectations expected_;
  World world_{pace_for(loop_, World::Pace::frozen)};
  Trace trace_;
  History history_;
  int played_ = 0;
};

TEST(Drivers, play_the_examples_of_the_chapters) {
  std::string absent;
  for (const char* name : {"asyncio", "node", "node/10", "tokio", "io-async"}) {
    std::string why;
    const Adapter* loop = find_adapter(name, why);
    if (!loop) {
      absent += fmt::format("\n{}: {}", name, why);
      continue;
    }
    Examples examples(*loop);
    examples.play_all();
    EXPECT_GE(examples.played(), 200) << name;
  }
  end_drivers();
  if (!absent.empty()) GTEST_SKIP() << "absent:" << absent;
}

/// Plays on a loop, where that is not absent.
class OneDriver : public testing::TestWithParam<const char*> {
 protected:
  void SetUp() override {
    const Said info = cede(fmt::format("adapter info {}", GetParam()));
    if (info.exit != 0) GTEST_SKIP() << info;
  }

  void replay(const std::string& scenario, const std::string& environment = "") {
    const std::string file = write(folder_ / "s", scenario).string();
    said_ = shell(fmt::format("{} {} replay --loop {} {}", environment, CEDE_COMMAND, GetParam(), file));
  }
  bool says(std::string_view part) const { return contains(said_.text, part); }

  Folder folder_;
  Said said_;
};

class NodesDriver : public OneDriver {};
INSTANTIATE_TEST_SUITE_P(, NodesDriver, testing::Values("node", "node/10"));

TEST_P(NodesDriver, hands_delays_on_that_node_takes_for_a_millisecond) {
  for (const char* scenario : {"main: call_later forever a\n", "main: call_later 2147484s a\n"}) {
    replay(scenario);
    EXPECT_TRUE(says("1ms  enter a")) << said_;
    EXPECT_TRUE(says("violated  TIMER-1")) << said_;
  }
}

TEST_P(NodesDriver, goes_on_behind_who_is_busy_for_ever) {
  replay("main: call_soon a\na: busy forever\na: call_later 1ms b\n");
  EXPECT_TRUE(says("a: busy forever -> unsupported")) << said_;
  EXPECT_TRUE(says("1ms  enter b")) << said_;
  EXPECT_TRUE(says("got main: run")) << said_;
}

TEST_P(NodesDriver, takes_its_own_errors_upon_itself) {
  write(folder_ / "broken.js", "clearImmediate = () => { throw new Error('out of paper'); };\n");
  replay("main: call_soon a\na: cancel a\n", "NODE_OPTIONS='--require " + (folder_ / "broken.js").string() + "'");
  EXPECT_TRUE(says("gave up")) << said_;
  EXPECT_TRUE(says("out of paper")) << said_;
}

class PerlsDriver : public OneDriver {};
INSTANTIATE_TEST_SUITE_P(, PerlsDriver, testing::Values("io-async"));

TEST_P(PerlsDriver, takes_its_own_errors_upon_itself) {
  write(folder_ / "Broken.pm",
        "package Broken;\nuse IO::Async::Loop;\nno warnings;\n"
        "sub IO::Async::Loop::later { die qq{out of paper\\n} }\n1;\n");
  const std::string broken = "PERL5OPT='-I" + (folder_ / "").string() + " -MBroken'";
  for (const char* scenario : {"main: call_soon a\n", "main: call_later 1ms a\na: call_soon b\n",
                               "main: call_later 1ms a\na: create_task t\n"}) {
    replay(scenario, broken);
    EXPECT_TRUE(says("gave up: out of paper")) << said_;
  }
}

TEST_P(PerlsDriver, leaves_the_step_of_a_task_that_is_dropped_in_it) {
  replay("main: create_task a\na: cancel_task a\na: call b\nb: yield\n");
  EXPECT_TRUE(says("enter a\n") && says("end b\n") && says("destroyed a\n")) << said_;
  EXPECT_FALSE(says("never left")) << said_;
}

TEST_P(PerlsDriver, leaves_to_the_loop_what_is_the_loops) {
  replay("main: create_future f\nmain: result f\nmain: cancel_future f\nmain: result f\nmain: set_result f 1\n"
         "main: create_future g\nmain: set_result g 1\nmain: set_result g 2\n");
  EXPECT_TRUE(says("main: result f -> raises invalid_state")) << said_;
  EXPECT_TRUE(says("main: result f -> raises cancelled")) << said_;
  EXPECT_TRUE(says("main: set_result g 2 -> raises invalid_state")) << said_;
}

TEST(TokiosDriver, says_nothing_that_tokio_cannot) {
  std::string why;
  const Adapter* loop = find_adapter("tokio", why);
  if (!loop) GTEST_SKIP() << why;
  for (Verb verb : {Verb::stop, Verb::add_done_callback, Verb::cancel_future})
    EXPECT_TRUE(std::ranges::count(loop->unsupported, verb, &Unsupported::verb)) << spelling(verb);
  end_drivers();
}

}  // namespace
}  // namespace cede
