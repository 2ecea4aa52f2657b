// What a user of conditions relies on: nobody comes back without the lock, and no notification is lost.
#include "reference/condition.h"

#include <gtest/gtest.h>

#include <string>

#include "reference/loop.h"
#include "reference/run.h"
#include "reference/virtual_time_test.h"

namespace cede::reference {
namespace {

Coroutine<> wait(Condition& condition, std::string& log, char name) {
  co_await condition.acquire();
  Outcome<bool> waited = co_await condition.wait().settled();
  log += condition.locked() ? name : '!';
  condition.release();
  waited.get();
}
Coroutine<> notify(Condition& condition, std::size_t count) {
  co_await condition.acquire();
  condition.notify(count);
  condition.release();
}
Coroutine<> acquire(Condition& condition) { co_await condition.acquire(); }

TEST(Condition, wakes_as_many_as_it_is_told_in_order_of_arrival) {
  Loop loop;
  Condition condition(loop);
  std::string log;
  for (char name : {'0', '1', '2'}) create_task(loop, wait(condition, log, name));
  turn(loop, 6);
  run_until_complete(loop, notify(condition, 2));
  turn(loop, 6);
  EXPECT_EQ(log, "01");
  run_until_complete(loop, notify(condition, 1));
  turn(loop, 3);
  EXPECT_EQ(log, "012");
}

TEST(Condition, forgets_a_notification_when_nobody_waits) {
  Loop loop;
  Condition condition(loop);
  std::string log;
  run_until_complete(loop, notify(condition, 1));
  create_task(loop, wait(condition, log, 'a'));
  turn(loop, 6);
  EXPECT_EQ(log, "");
}

TEST(Condition, keeps_the_notified_waiting_until_the_lock_is_free) {
  Loop loop;
  Condition condition(loop);
  std::string log;
  create_task(loop, wait(condition, log, 'w'));
  turn(loop, 2);
  run_until_complete(loop, acquire(condition));
  condition.notify_all();
  turn(loop, 3);
  EXPECT_EQ(log, "");
  condition.release();
  turn(loop, 2);
  EXPECT_EQ(log, "w");
}

TEST(Condition, is_of_no_use_to_those_who_do_not_hold_the_lock) {
  Loop loop;
  Condition condition(loop);
  EXPECT_THROW(condition.notify(), RuntimeError);
  EXPECT_THROW(run_until_complete(loop, condition.wait()), RuntimeError);
}

TEST(Condition, comes_back_from_a_cancelled_wait_with_the_lock) {
  Loop loop;
  Condition condition(loop);
  std::string log;
  Task<> task = create_task(loop, wait(condition, log, 'w'));
  turn(loop, 2);
  run_until_complete(loop, acquire(condition));
  for (int i = 0; i < 2; ++i) {  // cancelled once more while it waits for the lock
    task.cancel();
    turn(loop, 3);
    EXPECT_FALSE(task.done());
  }
  condition.release();
  turn(loop, 3);
  EXPECT_EQ(log, "w");
  EXPECT_TRUE(task.cancelled());
  EXPECT_FALSE(condition.locked());
}

TEST(Condition, passes_the_notification_of_a_cancelled_waiter_on) {
  Loop loop;
  Condition condition(loop);
  std::string log;
  Task<> a = create_task(loop, wait(condition, log, 'a'));
  create_task(loop, wait(condition, log, 'b'));
  turn(loop, 3);
  run_until_complete(loop, acquire(condition));
  condition.notify();
  a.cancel();
  condition.release();
  turn(loop, 6);
  EXPECT_EQ(log, "ab");
  EXPECT_TRUE(a.cancelled());
}

TEST(Condition, asks_its_predicate_after_each_wake_up) {
  Loop loop;
  Condition condition(loop);
  int value = 0, asked = 0;
  Task<int> task = create_task(loop, with(condition, condition.wait_for([&] {
    ++asked;
    return value;
  })));
  turn(loop, 2);
  run_until_complete(loop, notify(condition, 1));
  turn(loop, 3);
  EXPECT_EQ(asked, 2);
  value = 7;
  run_until_complete(loop, notify(condition, 1));
  EXPECT_EQ(run_until_complete(loop, task), 7);
}

}  // namespace
}  // namespace cede::reference
