// In which ways CPython parts from the reference: each has a scenario that shows it, and is what explains that.
#include <gtest/gtest.h>

#include <algorithm>
#include <string_view>

#include "adapters/adapters.h"
#include "adapters/wire.h"
#include "ci/campaign.h"
#include "ci/shell_test.h"
#include "ci/terms.h"

namespace cede {
namespace {

struct Way {
  std::string_view name, scenario;
  std::string_view way;  // how its description begins; empty where versions differ, or the traces agree whole
  std::string_view loop = "asyncio";
};

constexpr Way ways[] = {
    {"current_task_within_wait_for",
     "main: create_task a\na: current_task\nmain: create_coroutine a\na: wait_for 1ms a\n", ""},
    {"runner_that_leaves_tasks_behind",
     "a: call_soon b\nb: call_soon a\na: create_task a\nmain: runner a\n", "LIFE-8: a runner gathers"},
    {"shutdown_asyncgens_of_one_that_is_over",
     "main: create_task a\nmain: create_generator a a\na: aclose a\na: shutdown_asyncgens\n", "AGEN-4: generators"},
    {"shutdown_asyncgens_that_is_cancelled",
     "main: create_task a\na: cancel_task a\nmain: create_generator a a\na: produce\na: anext a\n"
     "a: shutdown_asyncgens\n", "AGEN-4: a shutdown that is cancelled"},
    {"a_stopped_run_whose_future_fails_fatally",
     "main: call_soon a\nmain: stop\nmain: run_until_complete a\na: set_exception a exit\n", "PASS-12: nor"},
    {"a_fatal_error_behind_the_end",
     "main: create_task a\nmain: call_soon b\nmain: call_soon a\nmain: run_until_complete a\n"
     "a: run_until_complete a\nb: raise exit\n", "PASS-8"},
    {"a_fatal_error_of_a_handler",
     "main: call_soon a\nmain: set_exception_handler b\na: raise runtime\nb: raise exit\n", "PASS-7"},
    {"a_lost_task_with_a_handler",
     "main: create_task a\na: yield\nmain: set_exception_handler a\nmain: stop\nmain: drop a\n", "LIFE-3"},
    {"days_for_nothing", "main: call_at forever a\nmain: write_later 0ms a 0\n", ""},
    {"days_for_nothing_that_a_signal_does_not_end", "main: call_at forever a\nmain: send_signal 1ms a\n", ""},
    {"what_comes_behind_days", "main: call_at forever a\nmain: run\nmain: call_at 1ms a\n", "TIMER-15"},
    {"a_circle_that_is_cancelled_from_within",
     "main: create_task b\nmain: create_task a\na: cancel_task a\na: await b\nb: await a\n", "CANCEL-22: a request",
     "asyncio-pure"},
    {"a_task_that_fails_fatally", "main: create_task a\na: raise exit\nmain: drop a\n", "LIFE-3"},
    {"a_coroutine_that_is_resumed_too_soon",
     "main: call_soon a\nmain: call_soon a\nmain: create_coroutine a\na: send a\na: wait_for 1ms a\n", ""},
    {"a_wait_that_nobody_goes_on_with",
     "main: create_task a\nmain: create_coroutine b\na: send b\nb: wait_first_completed 1ms a a a\n", "WAIT-3"},
    {"signals_behind_calls_from_threads",
     "main: call_soon_threadsafe a\nmain: add_signal_handler usr1 b\na: raise_signal usr1\na: call_soon c\n"
     "c: call_soon d\n", "THR-8"},
    {"a_thread_that_waits_beside_one_whose_call_returns",
     "a: busy 1ms\na: thread 0ms a\nmain: run_coroutine_threadsafe 0ms a\nmain: add_signal_handler usr1 a\n"
     "main: raise_signal usr1\n", ""},
};

class Agreement : public testing::TestWithParam<Way> {};

TEST_P(Agreement, with_CPython_is_whole_but_for_ways_of_its_own) {
  const Way& way = GetParam();
  if (!is_installed("python3")) GTEST_SKIP() << "no python3";
  std::string why;
  const Adapter* asyncio = find_adapter(way.loop, why);
  if (!asyncio) GTEST_SKIP() << why;
  Campaign campaign(*asyncio, World::Pace::frozen, {});
  campaign.play(parse_scenario(way.scenario).scenario);
  EXPECT_EQ(campaign.order().compared, 1u);
  EXPECT_EQ(campaign.order().unexplained, 0u);
  const auto& seen = campaign.order().ways;
  std::string all;
  for (const auto& [what, times] : seen) all += what + "\n";
  const auto it = std::ranges::find_if(seen, [&](const auto& one) { return one.first.starts_with(way.way); });
  EXPECT_TRUE(way.way.empty() || it != seen.end()) << all;
}

/// What asyncio was accused of once, wrongly.
struct Acquittal {
  std::string_view clause, scenario;
};

constexpr std::array acquittals{
    Acquittal{"CORO-6",  // main resumes it by hand, in no job
              "main: create_coroutine a\nmain: create_task b\nmain: create_task b\nb: await a\n"
              "main: run_until_complete b\na: receive a\nmain: send a 6\n"},
    Acquittal{"TO-5",  // the task that has the scope is one of wait_for's
              "main: create_task a\nmain: create_coroutine b\na: wait_for 1ms b\nb: timeout 0ms c\n"
              "c: reschedule c 0ms\n"},
    Acquittal{"TIMER-1",  // so far away doubles of seconds are two nanoseconds apart
              "main: limit 26\nmain: call_soon a\na: call_later 1000000s a\na: thread 5ms b\n"},
};

TEST(Judges, accuse_asyncio_of_nothing_that_it_did_not_do) {
  std::string why;
  const Adapter* asyncio = is_installed("python3") ? find_adapter("asyncio", why) : nullptr;
  if (!asyncio) GTEST_SKIP() << "no python3: " << why;
  for (const Acquittal& acquittal : acquittals) {
    Campaign campaign(*asyncio, World::Pace::frozen, matching_clauses({}));
    campaign.play(parse_scenario(acquittal.scenario).scenario);
    auto result = std::ranges::find_if(campaign.results(), [&](const ClauseResult& one) {
      return one.clause->id == acquittal.clause;
    });
    ASSERT_NE(result, campaign.results().end()) << acquittal.clause;
    EXPECT_EQ(result->violated, 0u) << acquittal.scenario;
  }
  end_drivers();
}

INSTANTIATE_TEST_SUITE_P(all, Agreement, testing::ValuesIn(ways),
                         [](const auto& way) { return std::string(way.param.name); });

}  // namespace
}  // namespace cede
