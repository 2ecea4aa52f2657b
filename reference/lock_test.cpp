// What a user of locks relies on: a free lock costs nothing, turns are taken in order and passed on
// when their owners are cancelled, and a scope releases whatever happens in it.
#include "reference/lock.h"

#include <gtest/gtest.h>

#include <string>

#include "reference/loop.h"
#include "reference/run.h"
#include "reference/virtual_time_test.h"

namespace cede::reference {
namespace {

/// One pass.
Coroutine<> hold_for_a_pass(Lock& lock, std::string& log, char name) {
  co_await lock.acquire();
  log += name;
  co_await yield();
  lock.release();
}
Coroutine<> acquire(Lock& lock) { co_await lock.acquire(); }

TEST(Lock, is_taken_at_once_when_it_is_free) {
  Loop loop;
  Lock lock(loop);
  bool held = false;
  create_task(loop, [](Lock& lock, bool& held) -> Coroutine<> { held = co_await lock.acquire(); }(lock, held));
  turn(loop);
  EXPECT_TRUE(held);
  EXPECT_TRUE(lock.locked());
}

TEST(Lock, makes_its_holder_wait_too_and_can_be_released_by_anybody) {
  Loop loop;
  Lock lock(loop);
  Task<> task = create_task(loop, [](Lock& lock) -> Coroutine<> {
    co_await lock.acquire();
    co_await lock.acquire();
  }(lock));
  turn(loop);
  turn(loop);
  EXPECT_FALSE(task.done());
  lock.release();
  run_until_complete(loop, task);
  EXPECT_TRUE(lock.locked());
}

TEST(Lock, cannot_be_released_when_it_is_free) {
  Loop loop;
  Lock lock(loop);
  EXPECT_THROW(lock.release(), RuntimeError);
}

TEST(Lock, is_handed_on_in_order_of_arrival_one_holder_every_two_passes) {
  Loop loop;
  Lock lock(loop);
  std::string log;
  for (char name : {'0', '1', '2'}) create_task(loop, hold_for_a_pass(lock, log, name));
  for (std::string expected : {"0", "0", "01", "01", "012"}) {
    turn(loop);
    EXPECT_EQ(log, expected);
  }
}

Coroutine<> acquire_twice(Lock& lock, std::string& log) {
  co_await lock.acquire();
  co_await yield();
  lock.release();
  co_await lock.acquire();
  log += "again";
}

TEST(Lock, lets_nobody_overtake_the_one_that_it_woke) {
  Loop loop;
  Lock lock(loop);
  std::string log;
  create_task(loop, acquire_twice(lock, log));
  create_task(loop, hold_for_a_pass(lock, log, 'b'));
  for (int i = 0; i < 6; ++i) turn(loop);
  EXPECT_EQ(log, "bagain");
}

TEST(Lock, goes_to_the_next_when_waiters_are_cancelled_before_or_after_its_release) {
  for (bool released_first : {true, false}) {
    Loop loop;
    Lock lock(loop);
    std::string log;
    run_until_complete(loop, acquire(lock));
    Task<> a = create_task(loop, hold_for_a_pass(lock, log, 'a'));
    Task<> b = create_task(loop, hold_for_a_pass(lock, log, 'b'));
    turn(loop);
    if (released_first) lock.release();
    a.cancel();
    if (!released_first) lock.release();
    run_until_complete(loop, b);
    EXPECT_EQ(log, "b");
    EXPECT_TRUE(a.cancelled());
    EXPECT_FALSE(lock.locked());
  }
}

TEST(Lock, has_one_holder_when_one_behind_the_woken_is_cancelled) {
  Loop loop;
  Lock lock(loop);
  std::string log;
  run_until_complete(loop, acquire(lock));
  Task<> a = create_task(loop, hold_for_a_pass(lock, log, 'a'));
  Task<> b = create_task(loop, acquire(lock));
  Task<> c = create_task(loop, hold_for_a_pass(lock, log, 'c'));
  turn(loop);
  b.cancel();
  lock.release();
  turn(loop);
  EXPECT_EQ(log, "a");
  run_until_complete(loop, c);
  EXPECT_EQ(log, "ac");
}

TEST(Lock, is_released_at_the_end_of_a_scope_also_by_an_error) {
  Loop loop;
  Lock lock(loop);
  EXPECT_EQ(run_until_complete(loop, with(lock, [](Lock& lock) -> Coroutine<int> {
    co_return lock.locked() ? 7 : 0;
  }(lock))), 7);
  EXPECT_THROW(run_until_complete(loop, with(lock, []() -> Coroutine<> {
    throw UserError(1);
    co_return;
  }())), UserError);
  EXPECT_FALSE(lock.locked());
}

TEST(Lock, refuses_at_the_end_of_a_scope_that_has_released_it) {
  Loop loop;
  Lock lock(loop);
  EXPECT_THROW(run_until_complete(loop, with(lock, [](Lock& lock) -> Coroutine<> {
    lock.release();
    co_return;
  }(lock))), RuntimeError);
}

TEST(Lock, does_not_begin_a_scope_that_is_cancelled_while_it_waits) {
  Loop loop;
  Lock lock(loop);
  std::string log;
  run_until_complete(loop, acquire(lock));
  Task<> task = create_task(loop, with(lock, [](std::string& log) -> Coroutine<> {
    log += "in";
    co_return;
  }(log)));
  turn(loop);
  task.cancel();
  turn(loop);
  EXPECT_TRUE(task.cancelled());
  EXPECT_EQ(log, "");
  EXPECT_TRUE(lock.locked());
}

TEST(Lock, may_be_destroyed_before_the_frames_that_wait_for_it) {
  Loop loop;
  {
    Lock lock(loop);
    create_task(loop, acquire(lock));
    create_task(loop, acquire(lock));
    turn(loop);
  }
  EXPECT_EQ(loop.all_tasks().size(), 1u);
}

}  // namespace
}  // namespace cede::reference
