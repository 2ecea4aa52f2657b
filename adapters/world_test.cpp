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

}  // namespace
}  // namespace cede
