// What a user of wait_for relies on: the operation's own outcome if it is in time, and otherwise an
// operation that has really ended before the error is told.
#include "reference/wait_for.h"

#include <gtest/gtest.h>

#include <string>

#include "reference/loop.h"
#include "reference/run.h"
#include "reference/virtual_time_test.h"

namespace cede::reference {
namespace {

constexpr Nanos second = 1'000'000'000;

struct WaitForTest : testing::Test {
  VirtualTime world;
  Loop loop{world, world};
  std::string log;
};

Coroutine<int> number(WaitForTest& test, Nanos delay) {
  co_await sleep(test.loop, delay);
  co_return 5;
}

/// Cleans up for a while when it is cancelled, and ends with the error.
Coroutine<int> cleans_up(WaitForTest& test, Error error) {
  if (!(co_await sleep(test.loop, 100 * second).settled()).error()) co_return 0;
  test.log += "cancelled ";
  co_await sleep(test.loop, 3 * second);
  test.log += "clean ";
  co_return error;
}

TEST_F(WaitForTest, gives_the_outcome_of_what_ends_in_time_and_leaves_no_timer) {
  EXPECT_EQ(run_until_complete(loop, wait_for(loop, number(*this, second), 9 * second)), 5);
  Task<int> task = create_task(loop, number(*this, second));
  EXPECT_EQ(run_until_complete(loop, wait_for<int>(loop, task, forever)), 5);
  loop.run_forever();
  EXPECT_EQ(world.elapsed, 2 * second);
}

TEST_F(WaitForTest, raises_only_when_the_cancelled_operation_has_ended) {
  auto wait = wait_for(loop, cleans_up(*this, Error(Error::Kind::cancelled)), second);
  EXPECT_THROW(run_until_complete(loop, std::move(wait)), TimeoutError);
  EXPECT_EQ(log, "cancelled clean ");
  EXPECT_EQ(world.elapsed, 4 * second);

  Task<int> task = create_task(loop, cleans_up(*this, Error(Error::Kind::cancelled)));
  EXPECT_THROW(run_until_complete(loop, wait_for<int>(loop, task, second)), TimeoutError);
  EXPECT_TRUE(task.cancelled());
}

TEST_F(WaitForTest, tells_another_error_of_the_cleanup_instead) {
  EXPECT_THROW(run_until_complete(loop, wait_for(loop, cleans_up(*this, Error::user(1)), second)), UserError);
  Task<int> task = create_task(loop, cleans_up(*this, Error::user(1)));
  EXPECT_THROW(run_until_complete(loop, wait_for<int>(loop, task, second)), UserError);
}

TEST_F(WaitForTest, without_time_never_enters_a_body_and_takes_what_is_done) {
  auto body = [](std::string& log) -> Coroutine<int> {
    log += "body";
    co_return 1;
  };
  EXPECT_THROW(run_until_complete(loop, wait_for(loop, body(log), 0)), TimeoutError);
  EXPECT_EQ(log, "");

  Future<int> done(loop), pending(loop);
  done.set_result(3);
  EXPECT_EQ(run_until_complete(loop, wait_for(loop, done, -second)), 3);
  EXPECT_THROW(run_until_complete(loop, wait_for(loop, pending, 0)), TimeoutError);
  EXPECT_TRUE(pending.cancelled());
}

TEST_F(WaitForTest, without_time_waits_for_the_cleanup_of_a_task) {
  Task<int> task = create_task(loop, cleans_up(*this, Error::user(1)));
  loop.stop();
  loop.run_forever();
  EXPECT_THROW(run_until_complete(loop, wait_for<int>(loop, task, 0)), UserError);
  EXPECT_EQ(log, "cancelled clean ");
}

TEST_F(WaitForTest, cancels_the_operation_when_the_waiter_is_cancelled) {
  Task<int> inner = create_task(loop, cleans_up(*this, Error(Error::Kind::cancelled)));
  Task<int> waiter = create_task(loop, wait_for<int>(loop, inner, 50 * second));
  loop.call_later(second, [waiter] { waiter.cancel(); });
  loop.run_forever();
  EXPECT_EQ(log, "cancelled clean ");
  EXPECT_TRUE(inner.cancelled());
  EXPECT_TRUE(waiter.cancelled());
  EXPECT_EQ(world.elapsed, 4 * second);
}

}  // namespace
}  // namespace cede::reference
