// What a user of cancellation relies on: a request reaches whatever a task waits for, is raised once, can
// be absorbed, counted and taken back, and is never lost.
#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "reference/loop.h"
#include "reference/run.h"
#include "reference/virtual_time_test.h"

namespace cede::reference {
namespace {

constexpr Nanos second = 1'000'000'000;

template <class T>
Coroutine<T> wait_for(Future<T> future) {
  co_return co_await future;
}
Coroutine<> wait_for(Future<> future) { co_await future; }

Coroutine<int> number(int value) { co_return value; }

TEST(Cancellation, interrupts_a_sleep_and_takes_its_timer_away) {
  VirtualTime time;
  Loop loop(time, time);
  Task<> task = create_task(loop, sleep(loop, 100 * second));
  turn(loop);
  EXPECT_TRUE(task.cancel());
  EXPECT_FALSE(task.done()) << "it is only asked";
  EXPECT_THROW(run_until_complete(loop, task), CancelledError);
  EXPECT_TRUE(task.cancelled());
  loop.run_forever();
  EXPECT_EQ(time.elapsed, 0) << "nobody waits for the timer any more";
}

Coroutine<> hold(std::shared_ptr<int> argument) {
  std::shared_ptr<int> local = argument;
  co_await yield();
  ADD_FAILURE();
}

TEST(Cancellation, before_the_first_step_keeps_the_body_from_running_and_frees_its_arguments) {
  Loop loop;
  auto held = std::make_shared<int>(0);
  Task<> task = create_task(loop, hold(held));
  task.cancel();
  EXPECT_THROW(run_until_complete(loop, task), CancelledError);
  EXPECT_EQ(held.use_count(), 1);
}

TEST(Cancellation, of_a_task_that_is_done_does_nothing) {
  Loop loop;
  Task<int> task = create_task(loop, number(3));
  run_until_complete(loop, task);
  EXPECT_FALSE(task.cancel());
  EXPECT_EQ(task.cancelling(), 0);
  EXPECT_EQ(task.result(), 3);
}

struct Log {
  ~Log() { log += name; }
  std::string& log;
  char name;
};
Coroutine<> inner(Future<> future, std::string& log) {
  Log farewell{log, 'i'};
  co_await future;
}
Coroutine<> outer(Future<> future, std::string& log) {
  Log farewell{log, 'o'};
  co_await inner(future, log);
}

TEST(Cancellation, unwinds_all_frames_innermost_first_in_one_pass) {
  Loop loop;
  std::string log;
  Future<> future(loop);
  Task<> task = create_task(loop, outer(future, log));
  turn(loop);
  task.cancel();
  EXPECT_TRUE(future.cancelled());
  EXPECT_EQ(log, "");
  turn(loop);
  EXPECT_EQ(log, "io");
  EXPECT_TRUE(task.cancelled());
}

Coroutine<int> absorb(Future<> future, Future<int> second) {
  try {
    co_await future;
  } catch (const CancelledError&) {
  }
  co_return co_await second;
}

TEST(Cancellation, may_be_absorbed_and_does_not_come_back) {
  Loop loop;
  Future<> future(loop);
  Future<int> second(loop);
  Task<int> task = create_task(loop, absorb(future, second));
  turn(loop);
  task.cancel();
  turn(loop);
  second.set_result(3);
  EXPECT_EQ(run_until_complete(loop, task), 3);
  EXPECT_EQ(task.cancelling(), 1);
  EXPECT_FALSE(task.cancelled());
}

Coroutine<Error::Kind> settle(Future<> future) { co_return (co_await future.settled()).error().kind(); }

TEST(Cancellation, reaches_those_who_take_errors_as_values) {
  Loop loop;
  Task<Error::Kind> task = create_task(loop, settle(Future<>(loop)));
  turn(loop);
  task.cancel();
  EXPECT_EQ(run_until_complete(loop, task), Error::Kind::cancelled);
}

struct Pause {  // an awaitable that knows nothing of tasks
  bool await_ready() { return false; }
  void await_suspend(std::coroutine_handle<>) {}
  void await_resume() {}
};
Coroutine<> pause_and_wait(Future<> future) {
  co_await Pause{};
  co_await future;
}

TEST(Cancellation, that_an_awaitable_of_others_does_not_raise_is_raised_at_the_next_suspension) {
  Loop loop;
  Future<> future(loop);
  Task<> task = create_task(loop, pause_and_wait(future));
  turn(loop);
  task.cancel();
  turn(loop);
  turn(loop);
  EXPECT_TRUE(task.cancelled());
}

Coroutine<int> message_of(Future<> future) {
  try {
    co_await future;
  } catch (const CancelledError& cancelled) {
    co_return static_cast<int>(cancelled.message);
  }
  co_return 0;
}
Coroutine<> pass_on(Task<> inner) { co_await inner; }

TEST(Cancellation, carries_the_message_of_the_first_request_that_cancelled_a_future) {
  Loop loop;
  Task<int> task = create_task(loop, message_of(Future<>(loop)));
  turn(loop);
  task.cancel(3);
  task.cancel(4);
  EXPECT_EQ(run_until_complete(loop, task), 3);
}

TEST(Cancellation, carries_the_message_of_the_last_request_while_the_step_stands_in_the_queue) {
  Loop loop;
  Future<> future(loop);
  Task<int> task = create_task(loop, message_of(future));
  turn(loop);
  future.set_result();
  task.cancel(3);
  task.cancel(4);
  EXPECT_EQ(run_until_complete(loop, task), 4);
}

TEST(Cancellation, carries_its_message_through_all_tasks_that_wait) {
  Loop loop;
  Task<> inner = create_task(loop, wait_for(Future<>(loop)));
  Task<> outer = create_task(loop, pass_on(inner));
  turn(loop);
  outer.cancel(3);
  EXPECT_THROW(run_until_complete(loop, outer), CancelledError);
  for (const Task<>& task : {inner, outer}) EXPECT_EQ(task.outcome().error().payload(), 3);
}

TEST(Cancellation, is_counted_and_the_requests_can_be_taken_back) {
  Loop loop;
  Task<> task = create_task(loop, wait_for(Future<>(loop)));
  EXPECT_EQ(task.uncancel(), 0);
  task.cancel();
  task.cancel();
  EXPECT_EQ(task.cancelling(), 2);
  for (int left : {1, 0, 0}) EXPECT_EQ(task.uncancel(), left);
}

TEST(Cancellation, is_not_raised_once_all_requests_are_taken_back_unless_a_future_was_cancelled) {
  for (bool began : {false, true}) {
    Loop loop;
    Future<> future(loop);
    Task<> task = create_task(loop, wait_for(future));
    if (began) turn(loop);
    task.cancel();
    task.uncancel();
    if (!began) future.set_result();
    while (!task.done()) turn(loop);
    EXPECT_EQ(task.cancelled(), began);
  }
}

}  // namespace
}  // namespace cede::reference
