// What a user of semaphores relies on: never too many holders, turns in order, no permit lost.
#include "reference/semaphore.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <string>

#include "reference/loop.h"
#include "reference/run.h"
#include "reference/virtual_time_test.h"

namespace cede::reference {
namespace {

struct Entries {
  std::string log;
  int holders = 0, most = 0;
};

Coroutine<> hold_for_a_pass(Semaphore& semaphore, Entries& entries, char name) {
  co_await semaphore.acquire();
  entries.log += name;
  entries.most = std::max(entries.most, ++entries.holders);
  co_await yield();
  --entries.holders;
  semaphore.release();
}
Coroutine<> acquire(Semaphore& semaphore) { co_await semaphore.acquire(); }

TEST(Semaphore, admits_as_many_as_it_has_permits_in_order_of_arrival) {
  Loop loop;
  Semaphore semaphore(loop, 2);
  Entries entries;
  for (char name = '0'; name < '7'; ++name) create_task(loop, hold_for_a_pass(semaphore, entries, name));
  turn(loop, 16);
  EXPECT_EQ(entries.log, "0123456");
  EXPECT_EQ(entries.most, 2);
  EXPECT_FALSE(semaphore.locked());
}

TEST(Semaphore, lets_nobody_overtake_the_one_that_it_woke) {
  Loop loop;
  Semaphore semaphore(loop);
  Entries entries;
  create_task(loop, [](Semaphore& semaphore, Entries& entries) -> Coroutine<> {
    co_await semaphore.acquire();
    co_await yield();
    semaphore.release();
    co_await semaphore.acquire();
    entries.log += "again";
  }(semaphore, entries));
  create_task(loop, hold_for_a_pass(semaphore, entries, 'b'));
  turn(loop, 6);
  EXPECT_EQ(entries.log, "bagain");
}

TEST(Semaphore, gives_the_permit_of_a_cancelled_waiter_to_the_next_or_takes_it_back) {
  for (bool others : {true, false}) {
    Loop loop;
    Semaphore semaphore(loop, 0);
    Task<> a = create_task(loop, acquire(semaphore));
    Task<> b = create_task(loop, acquire(semaphore));
    turn(loop);
    if (!others) b.cancel();
    semaphore.release();
    a.cancel();
    turn(loop, 3);
    EXPECT_TRUE(a.cancelled());
    EXPECT_TRUE(b.done());
    EXPECT_EQ(b.cancelled(), !others);
    EXPECT_EQ(semaphore.locked(), others);
  }
}

TEST(Semaphore, wakes_those_who_queued_up_behind_a_woken_one_while_a_permit_was_free) {
  Loop loop;
  Semaphore semaphore(loop, 0);
  Task<> a = create_task(loop, acquire(semaphore));
  turn(loop);
  Task<> b = create_task(loop, acquire(semaphore));  // whose step comes before that of `a`
  semaphore.release();
  semaphore.release();
  turn(loop, 3);
  EXPECT_TRUE(a.done());
  EXPECT_TRUE(b.done());
}

TEST(Semaphore, refuses_less_than_no_permits_and_when_bounded_surplus_ones) {
  Loop loop;
  EXPECT_THROW(Semaphore(loop, -1), ValueError);
  BoundedSemaphore bounded(loop, 1);
  EXPECT_THROW(bounded.release(), ValueError);
  run_until_complete(loop, bounded.acquire());
  bounded.release();
}

}  // namespace
}  // namespace cede::reference
