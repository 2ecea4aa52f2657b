// A world by itself, without a loop that waits in it.
#include "adapters/world.h"

#include <gtest/gtest.h>

namespace cede {
namespace {

struct Indifferent : WaitObserver {
  void on_poll(Nanos) override {}
  void on_rest() override {}
  void on_stuck() override {}
};

struct Counting : WaitObserver {
  void on_poll(Nanos timeout) override { said = timeout; }
  void on_rest() override { ++rests; }
  void on_stuck() override { ++stuck; }
  Nanos said = 0;
  int rests = 0, stuck = 0;
};

TEST(World, lets_a_loop_that_is_late_see_one_moment_after_the_other) {
  Indifferent observer;
  World world(World::Pace::real);
  world.begin(observer);
  int happened = 0;
  const Nanos past = world.now() - millisecond;
  for (Nanos moment : {past, past, past + 1}) world.at(moment, [&] { ++happened; });
  auto attempt = [&](Nanos) { return long{happened}; };
  EXPECT_EQ(world.wait(forever, attempt), 2);
  EXPECT_EQ(world.wait(forever, attempt), 3);
  world.end();
}

TEST(World, lets_a_loop_rest_that_sets_its_timer_descriptor_for_minutes_again_and_again) {
  Counting observer;
  World world;
  world.begin(observer);
  world.expect_nothing_yet();
  bool expired = false;
  auto attempt = [&](Nanos) { return long{expired || observer.rests > 0}; };
  for (int waits = 0; waits < 3 && observer.rests == 0; ++waits) {
    expired = false;
    world.at_timer(world.now() + 300 * second, World::anybody, [&] { expired = true; });
    EXPECT_EQ(world.wait(forever, attempt), 1);
    EXPECT_EQ(observer.said, 300 * second);
  }
  EXPECT_EQ(observer.rests, 1);
  EXPECT_EQ(world.elapsed(), 300 * second);
  world.end();
}

TEST(World, ends_a_wait_at_once_when_a_timer_descriptor_has_expired_meanwhile) {
  Counting observer;
  World world;
  world.begin(observer);
  bool expired = false;
  world.at_timer(world.now() + millisecond, World::anybody, [&] { expired = true; });
  world.busy(2 * millisecond);
  EXPECT_EQ(world.wait(forever, [&](Nanos) { return long{expired}; }), 1);
  EXPECT_EQ(observer.said, 0);
  world.end();
}

TEST(World, knows_whose_waits_a_timer_descriptor_limits) {
  constexpr int one = 1, other = 2;
  Counting observer;
  World world;
  world.begin(observer);
  bool expired = false;
  world.at_timer(world.now() + millisecond, one, [&] { expired = true; });
  EXPECT_EQ(world.wait(10 * millisecond, [](Nanos) { return 0L; }, other), 0);
  EXPECT_EQ(observer.said, 10 * millisecond);
  EXPECT_TRUE(expired);
  EXPECT_EQ(world.wait(forever, [&](Nanos) { return long{expired}; }, one), 1);
  EXPECT_EQ(observer.said, 0) << "it expired while another loop waited";
  world.end();
}

TEST(World, finds_out_that_a_loop_is_stuck_which_would_wait_for_ever_and_is_woken_each_time) {
  Counting observer;
  World world;
  world.begin(observer);
  for (int waits = 0; waits < 10'000 && observer.stuck == 0; ++waits) world.wait(forever, [](Nanos) { return 1L; });
  EXPECT_EQ(observer.stuck, 1);
  world.end();
}

}  // namespace
}  // namespace cede
