// What the adapter of libuv makes of a few scenarios.
#include <gtest/gtest.h>

#include <string>
#include <string_view>

#include "adapters/adapter.h"
#include "adapters/virtual_time.h"

namespace cede {
namespace {

/// The trace of a scenario on libuv, as text.
std::string played(std::string_view text, World::Pace pace = World::Pace::frozen) {
  Adapter adapter;
  EXPECT_TRUE(cede_adapter("", adapter));
  Parsed parsed = parse_scenario(text);
  EXPECT_FALSE(parsed.error) << to_string(*parsed.error);
  World world(pace);
  Trace trace;
  adapter.run(adapter, parsed.scenario, world, trace);
  EXPECT_EQ(current_world(), nullptr);
  return to_string(trace);
}

TEST(LibuvAdapter, two_runs_give_the_same_bytes) {
  constexpr std::string_view scenario =
      "main: call_soon a\nmain: call_later 10ms b\nmain: call_at 10ms c\nmain: create_task t\n"
      "a: call_soon a\nb: cancel c\nt: sleep 5ms\nt: call_later 1500us d\n";
  EXPECT_EQ(played(scenario), played(scenario));
}

TEST(LibuvAdapter, timers_that_set_timers_of_no_delay_let_nobody_poll) {
  std::string trace = played("main: limit 4\nmain: call_later 0ms a\na: call_later 0ms a\n");
  auto silent = trace.find("silent");
  ASSERT_NE(silent, std::string::npos) << trace;
  EXPECT_GT(trace.find("poll"), silent) << trace;
}

TEST(LibuvAdapter, a_delay_counts_from_the_cached_time_so_that_a_timer_may_be_early) {
  std::string trace = played("main: call_soon a\na: busy 20ms\na: call_later 10ms b\na: call_soon c\n");
  EXPECT_NE(trace.find("enter b"), std::string::npos) << trace;
  EXPECT_EQ(trace.find("30ms"), std::string::npos) << trace;  // when it would be due
}

TEST(LibuvAdapter, every_run_ends_at_rest_however_many_there_are) {
  std::string scenario;
  for (int i = 0; i < 40; ++i) scenario += "main: run\n";
  std::string trace = played(scenario);
  int rests = 0;
  for (auto at = trace.find("rest"); at != std::string::npos; at = trace.find("rest", at + 1)) ++rests;
  EXPECT_EQ(rests, 41);
}

TEST(LibuvAdapter, a_fatal_error_leaves_run_and_what_was_queued_stays) {
  std::string trace = played("main: call_soon a\nmain: call_soon b\nmain: run\na: raise exit\n");
  auto left = trace.find("raises exit"), b = trace.find("enter b");
  ASSERT_NE(left, std::string::npos) << trace;
  ASSERT_NE(b, std::string::npos) << trace;
  EXPECT_LT(left, b) << trace;
}

}  // namespace
}  // namespace cede
