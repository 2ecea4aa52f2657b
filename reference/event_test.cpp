// What a user of events relies on: all who wait go on together, and one pulse loses nobody.
#include "reference/event.h"

#include <gtest/gtest.h>

#include <string>

#include "reference/loop.h"
#include "reference/virtual_time_test.h"

namespace cede::reference {
namespace {

Coroutine<> wait(Event& event, std::string& log, char name) {
  co_await event.wait();
  log += name;
}

TEST(Event, wakes_all_in_order_of_arrival_in_the_next_pass) {
  Loop loop;
  Event event(loop);
  std::string log;
  for (char name : {'a', 'b', 'c'}) create_task(loop, wait(event, log, name));
  turn(loop);
  event.set();
  event.set();
  EXPECT_EQ(log, "");
  turn(loop);
  EXPECT_EQ(log, "abc");
  EXPECT_TRUE(event.is_set());
}

TEST(Event, lets_those_pass_who_come_when_it_is_set) {
  Loop loop;
  Event event(loop);
  std::string log;
  event.set();
  create_task(loop, wait(event, log, 'a'));
  turn(loop);
  EXPECT_EQ(log, "a");
}

TEST(Event, releases_by_a_pulse_exactly_those_who_waited) {
  Loop loop;
  Event event(loop);
  std::string log;
  create_task(loop, wait(event, log, 'a'));
  turn(loop);
  event.set();
  event.clear();
  create_task(loop, wait(event, log, 'b'));
  for (int i = 0; i < 3; ++i) turn(loop);
  EXPECT_EQ(log, "a");
  EXPECT_FALSE(event.is_set());
}

TEST(Event, is_not_disturbed_by_a_waiter_that_is_cancelled) {
  Loop loop;
  Event event(loop);
  std::string log;
  Task<> a = create_task(loop, wait(event, log, 'a'));
  create_task(loop, wait(event, log, 'b'));
  turn(loop);
  a.cancel();
  event.set();
  turn(loop);
  EXPECT_EQ(log, "b");
  EXPECT_TRUE(a.cancelled());
}

}  // namespace
}  // namespace cede::reference
