// What is sent ahead: it is handed on in order, the blame is the right one's, and nothing is lost with who is killed.
#include "ci/in_turn.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdio>
#include <string>
#include <vector>

#include "adapters/driver.h"
#include "adapters/wire.h"

namespace cede {
namespace {

std::size_t sent = 0;  // ahead, to the loop below

/// A loop that counts what is sent ahead of it.
Adapter counting() {
  sent = 0;
  Adapter adapter;
  adapter.send_ahead = [](const Adapter&, const Scenario&, World::Pace) { ++sent; };
  return adapter;
}

Scenario numbered(std::uint64_t number) {
  return {{{.who = main_script, .verb = Verb::limit, .value = Value::of(static_cast<std::int64_t>(number))}}};
}

TEST(InTurn, hands_on_in_order_what_was_sent_some_before) {
  const Adapter adapter = counting();
  std::vector<std::uint64_t> numbers;
  InTurn in_turn(adapter, World::Pace::frozen, [&](std::uint64_t number, const Scenario& scenario) {
    numbers.push_back(number);
    EXPECT_EQ(scenario, numbered(number));
  });
  for (std::uint64_t number = 1; number <= 100; ++number) {
    in_turn.come(number, numbered(number));
    EXPECT_EQ(sent, number);
    EXPECT_EQ(numbers.size(), number <= 16 ? 0 : number - 16);
  }
  in_turn.finish();
  ASSERT_EQ(numbers.size(), 100u);
  for (std::uint64_t number = 1; number <= 100; ++number) EXPECT_EQ(numbers[number - 1], number);
}

TEST(InTurn, hands_on_at_once_in_real_time_and_to_who_takes_nothing_ahead) {
  Adapter adapter = counting();
  std::size_t played = 0;
  auto play = [&](std::uint64_t, const Scenario&) { ++played; };
  InTurn(adapter, World::Pace::real, play).come(1, {});
  EXPECT_EQ(played, 1u);
  adapter.send_ahead = nullptr;
  InTurn(adapter, World::Pace::frozen, play).come(1, {});
  EXPECT_EQ(played, 2u);
  EXPECT_EQ(sent, 0u);
}

constexpr const char* ends_at_the_second = R"(
read hello; echo '{"protocol":1,"loop":"a","version":"1","mapping":"all","prompt":true}'
read run; echo '{"seq":"1","trace":[["silent",7]]}'
read run; kill -SEGV $$
)";

TEST(Wire, blames_the_first_that_is_not_answered_of_what_was_sent_ahead) {
  std::string why;
  const Adapter* adapter = open_driver("ends", {"/bin/sh", "-c", ends_at_the_second}, why);
  ASSERT_TRUE(adapter && adapter->send_ahead) << why;
  World world;
  Trace trace;
  for (std::uint64_t number : {1, 2, 3}) adapter->send_ahead(*adapter, numbered(number), world.pace());
  adapter->run(*adapter, numbered(1), world, trace);
  EXPECT_EQ(trace.events.at(0).at, 7);
  EXPECT_THROW(adapter->run(*adapter, numbered(2), world, trace), DriverFailure);
}

TEST(Wire, asks_again_what_a_killed_driver_has_not_answered) {
  const std::string count = testing::TempDir() + "in_turn." + std::to_string(getpid());
  const std::string script = R"(
read hello; echo '{"protocol":1,"loop":"a","version":"1","mapping":"all","prompt":true}'
while read run; do
  case $run in *bye*) exit;; esac
  seq=${run#*seq\":\"}; seq=${seq%%\"*}
  [ $seq = 3 ] && ! [ -e )" + count + " ] && : > " + count + R"( && kill -KILL $$
  echo "{\"seq\":\"$seq\",\"trace\":[[\"silent\",$seq]]}"
done
)";
  std::string why;
  const Adapter* adapter = open_driver("killed", {"/bin/sh", "-c", script}, why);
  ASSERT_TRUE(adapter) << why;
  const std::uint64_t restarts = drivers_restarted();
  World world;
  Trace trace;
  for (std::uint64_t number = 1; number <= 5; ++number)
    adapter->send_ahead(*adapter, numbered(number), world.pace());
  for (std::uint64_t number = 1; number <= 5; ++number) {
    adapter->run(*adapter, numbered(number), world, trace);
    EXPECT_EQ(trace.events.at(0).at, static_cast<Nanos>(number));
  }
  EXPECT_EQ(drivers_restarted(), restarts + 1);
  std::remove(count.c_str());
}

}  // namespace
}  // namespace cede
