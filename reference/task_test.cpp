// What a user of tasks relies on: steps that share the loop, outcomes that are kept, frames
// that are destroyed with their task or their loop, and a stack that stays small however many tasks
// there are.
#include "reference/task.h"

#include <gtest/gtest.h>
#include <pthread.h>

#include <functional>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "reference/loop.h"
#include "reference/run.h"
#include "reference/virtual_time_test.h"

namespace cede::reference {
namespace {

constexpr Nanos second = 1'000'000'000;

/// Has as many owners as there are copies in frames and arguments, and one more.
using Witness = std::shared_ptr<int>;
Witness witness() { return std::make_shared<int>(0); }

template <class T>
Coroutine<T> wait_for(Future<T> future) {
  co_return co_await future;
}
Coroutine<> wait_for(Future<> future) { co_await future; }

Coroutine<int> number(int value) { co_return value; }
Coroutine<> log_to(std::string& log, char name) {
  log += name;
  co_return;
}

// Steps.

TEST(Task, begins_in_the_next_pass_even_if_nobody_waits_for_it) {
  Loop loop;
  std::string log;
  create_task(loop, log_to(log, 't'));
  EXPECT_EQ(log, "");
  turn(loop);
  EXPECT_EQ(log, "t");
}

TEST(Task, shares_one_queue_with_plain_calls) {
  Loop loop;
  std::string log;
  create_task(loop, log_to(log, 'a'));
  loop.call_soon([&] { log += 'b'; });
  create_task(loop, log_to(log, 'c'));
  turn(loop);
  EXPECT_EQ(log, "abc");
}

Coroutine<> await_coroutines(std::string& log) {
  for (int i = 0; i < 3; ++i) co_await log_to(log, 'a');
}
Coroutine<> await_tasks(Loop& loop, std::string& log) {
  for (int i = 0; i < 3; ++i) co_await create_task(loop, log_to(log, 'a'));
}

TEST(Task, cedes_when_it_awaits_a_task_and_not_when_it_awaits_a_coroutine) {
  for (bool tasks : {false, true}) {
    Loop loop;
    std::string log;
    Task<> task = create_task(loop, tasks ? await_tasks(loop, log) : await_coroutines(log));
    create_task(loop, log_to(log, 'b'));
    run_until_complete(loop, task);
    EXPECT_EQ(log, tasks ? "baaa" : "aaab");
  }
}

Coroutine<> tell_task(Loop& loop, TaskBase*& told) {
  told = loop.current_task();
  co_return;
}
Coroutine<> tell_task_twice(Loop& loop, TaskBase*& outside, TaskBase*& inside) {
  outside = loop.current_task();
  co_await tell_task(loop, inside);
}

TEST(Task, is_the_current_one_in_all_its_frames_and_is_listed_until_it_is_done) {
  Loop loop;
  TaskBase *outside = nullptr, *inside = nullptr;
  Task<> task = create_task(loop, tell_task_twice(loop, outside, inside));
  loop.call_soon([&] { EXPECT_EQ(loop.current_task(), nullptr); });
  EXPECT_EQ(loop.all_tasks(), std::vector{static_cast<TaskBase*>(task.base().get())});
  turn(loop);
  EXPECT_EQ(outside, task.base().get());
  EXPECT_EQ(inside, task.base().get());
  EXPECT_TRUE(loop.all_tasks().empty());
}

// Outcomes.

Coroutine<> fail() {
  throw std::out_of_range("far");
  co_return;
}

TEST(Task, keeps_its_exception_and_bothers_nobody_with_it) {
  Loop loop;
  bool next = false;
  loop.set_exception_handler([](const Error&) { ADD_FAILURE(); });
  Task<> task = create_task(loop, fail());
  loop.call_soon([&] { next = true; });
  turn(loop);
  EXPECT_TRUE(next);
  for (int i = 0; i < 2; ++i) EXPECT_THROW(task.result(), std::out_of_range);
}

Coroutine<> leave() {
  throw ExitError{3};
  co_return;
}

TEST(Task, an_exit_error_ends_it_and_leaves_the_run) {
  Loop loop;
  Task<> task = create_task(loop, leave());
  bool later = false;
  loop.call_soon([&] { later = true; });
  EXPECT_THROW(loop.run_forever(), ExitError);
  EXPECT_FALSE(later);
  EXPECT_THROW(task.result(), ExitError);
  EXPECT_EQ(loop.current_task(), nullptr);
  turn(loop);
  EXPECT_TRUE(later);
}

TEST(Task, is_completed_by_its_coroutine_alone) {
  Loop loop;
  Task<int> task = create_task(loop, number(3));
  EXPECT_THROW(task.set_result(4), RuntimeError);
  EXPECT_THROW(task.set_exception(Error::user(1)), RuntimeError);
  EXPECT_EQ(run_until_complete(loop, task), 3);
  EXPECT_THROW(task.set_result(4), RuntimeError);
}

Coroutine<> await_itself(std::optional<Task<>>& itself) { co_await *itself; }

TEST(Task, may_not_await_itself) {
  Loop loop;
  std::optional<Task<>> task;
  task = create_task(loop, await_itself(task));
  EXPECT_THROW(run_until_complete(loop, *task), RuntimeError);
}

TEST(Task, may_not_await_what_belongs_to_another_loop) {
  Loop loop, other;
  EXPECT_THROW(run_until_complete(loop, wait_for(Future<>(other))), RuntimeError);
}

// Running until something is complete.

TEST(RunUntilComplete, gives_the_result_or_throws_what_it_failed_with) {
  Loop loop;
  EXPECT_EQ(run_until_complete(loop, number(3)), 3);
  EXPECT_THROW(run_until_complete(loop, fail()), std::out_of_range);
  EXPECT_THROW(run_until_complete(loop, leave()), ExitError);
  Future<> cancelled(loop);
  cancelled.cancel();
  EXPECT_THROW(run_until_complete(loop, wait_for(cancelled)), CancelledError);
  EXPECT_EQ(try_run_until_complete(loop, create_task(loop, fail())).error().kind(), Error::Kind::user);
}

TEST(RunUntilComplete, makes_one_pass_for_a_future_that_is_done) {
  Loop loop;
  Future<> done(loop);
  done.set_result();
  std::string log;
  loop.call_soon([&] {
    log += 'a';
    loop.call_soon([&] { log += 'b'; });
  });
  run_until_complete(loop, done);
  EXPECT_EQ(log, "a");
}

/// Makes a pass and then another unless a stop was left behind.
void expect_that_no_stop_is_left(Loop& loop) {
  std::string log;
  loop.call_soon([&] {
    loop.call_soon([&] {
      log += "second pass";
      loop.stop();
    });
  });
  loop.run_forever();
  EXPECT_EQ(log, "second pass");
}

TEST(RunUntilComplete, fails_when_the_loop_is_stopped_before_and_leaves_no_stop_behind) {
  Loop loop;
  Future<> future(loop);
  loop.call_soon([&] { loop.stop(); });
  EXPECT_THROW(run_until_complete(loop, future), RuntimeError);
  EXPECT_FALSE(future.done());
  future.set_result();
  expect_that_no_stop_is_left(loop);
}

TEST(RunUntilComplete, is_refused_inside_a_running_loop_and_leaves_no_stop_behind) {
  Loop loop, other;
  Future<> done(other);
  done.set_result();
  loop.call_soon([&] { EXPECT_THROW(run_until_complete(other, done), RuntimeError); });
  turn(loop);
  expect_that_no_stop_is_left(other);
}

// Sleeping.

Coroutine<> sleep_and_log(Loop& loop, Nanos delay, std::string& log, char name) {
  co_await sleep(loop, delay);
  log += name;
}

TEST(Sleep, lets_others_sleep_at_the_same_time) {
  VirtualTime time;
  Loop loop(time, time);
  std::string log;
  for (int delay : {3, 1, 2}) create_task(loop, sleep_and_log(loop, delay * second, log, '0' + delay));
  loop.run_forever();
  EXPECT_EQ(log, "123");
  EXPECT_EQ(time.elapsed, 3 * second);
}

TEST(Sleep, of_no_length_gives_up_one_pass) {
  VirtualTime time;
  Loop loop(time, time);
  std::string log;
  create_task(loop, sleep_and_log(loop, 0, log, 'a'));
  create_task(loop, sleep_and_log(loop, -second, log, 'b'));
  turn(loop);
  EXPECT_EQ(log, "");
  turn(loop);
  EXPECT_EQ(log, "ab");
  EXPECT_EQ(time.elapsed, 0);
}

std::vector<Task<>> circle_of_two(Loop& loop) {
  std::vector<Task<>> tasks;
  Future<std::vector<Task<>>> both(loop);
  auto await_one = [](Future<std::vector<Task<>>> both, int which) -> Coroutine<> {
    std::vector<Task<>> known = co_await both;
    co_await known[which];
  };
  for (int other : {1, 0}) tasks.push_back(create_task(loop, await_one(both, other)));
  both.set_result(tasks);
  for (int i = 0; i < 2; ++i) turn(loop);
  return tasks;
}

TEST(Cancellation, of_tasks_that_wait_for_each_other_comes_back) {
  Loop loop;
  std::vector<Task<>> tasks = circle_of_two(loop);
  EXPECT_TRUE(tasks[0].cancel());
}

// Lifetimes.

Coroutine<> hold(Witness argument) {
  Witness local = argument;
  co_await yield();
  ADD_FAILURE();
}

Coroutine<> hold_for(Witness held, Future<> future) {
  Witness local = held;
  co_await future;
}

TEST(Task, destroys_its_frame_when_it_is_done_though_somebody_holds_it) {
  Loop loop;
  Witness held = witness();
  Future<> done(loop);
  done.set_result();
  Task<> task = create_task(loop, hold_for(held, done));
  run_until_complete(loop, task);
  EXPECT_EQ(held.use_count(), 1);
}

TEST(Task, runs_to_its_end_though_nobody_holds_it) {
  VirtualTime time;
  Loop loop(time, time);
  std::string log;
  create_task(loop, sleep_and_log(loop, second, log, 'a'));
  loop.run_forever();
  EXPECT_EQ(log, "a");
}

Coroutine<> sleep_and_hold(Loop& loop, Witness held) {
  co_await sleep(loop, second);
  EXPECT_EQ(held.use_count(), 0);  // never reached
}
Coroutine<> hold_deep(int levels, Witness held, Future<> future) {
  if (levels == 0) co_await future;
  else co_await hold_deep(levels - 1, held, future);
}
Coroutine<> hold_a_task(Witness held, Task<> task) {
  co_await task;
  EXPECT_EQ(held.use_count(), 0);  // never reached
}

/// A task of every kind that is not done.
std::vector<Task<>> pending_tasks(Loop& loop, const Witness& held, const Future<>& never) {
  std::vector<Task<>> tasks = circle_of_two(loop);
  tasks.push_back(create_task(loop, hold_for(held, never)));
  tasks.push_back(create_task(loop, hold_for(held, Future<>(loop))));
  tasks.push_back(create_task(loop, hold_deep(10, held, never)));
  tasks.push_back(create_task(loop, sleep_and_hold(loop, held)));
  tasks.push_back(create_task(loop, hold_a_task(held, tasks.back())));
  for (int i = 0; i < 3; ++i) turn(loop);
  tasks.push_back(create_task(loop, hold(held)));
  return tasks;
}

TEST(Task, that_is_pending_is_destroyed_with_its_loop) {
  Witness held = witness();
  {
    Loop loop;
    Future<> never(loop);
    pending_tasks(loop, held, never);
    EXPECT_GT(held.use_count(), 15);
  }
  EXPECT_EQ(held.use_count(), 1);
}

TEST(Task, that_is_pending_is_destroyed_with_its_loop_after_a_close) {
  Witness held = witness();
  {
    Loop loop;
    Future<> never(loop);
    std::vector<Task<>> tasks = pending_tasks(loop, held, never);
    loop.close();
    EXPECT_NO_THROW(tasks[2].cancel());
  }
  EXPECT_EQ(held.use_count(), 1);
}

TEST(Task, may_outlive_its_loop_pending_for_ever) {
  Witness held = witness();
  auto loop = std::make_unique<Loop>();
  Future<> never(*loop);
  std::vector<Task<>> tasks = pending_tasks(*loop, held, never);
  tasks.push_back(create_task(*loop, hold_for(held, never)));
  loop.reset();
  EXPECT_EQ(held.use_count(), 1) << "their frames did not outlive it";
  for (const Task<>& task : tasks) {
    EXPECT_FALSE(task.done());
    EXPECT_THROW(task.result(), InvalidStateError);
    EXPECT_NO_THROW(task.cancel());
  }
}

TEST(Task, may_outlive_its_loop_with_its_result) {
  auto loop = std::make_unique<Loop>();
  Task<int> task = create_task(*loop, number(3));
  run_until_complete(*loop, task);
  loop.reset();
  EXPECT_EQ(task.result(), 3);
}

TEST(Task, a_future_that_a_task_waited_for_may_be_completed_after_the_loop_is_gone) {
  auto loop = std::make_unique<Loop>();
  Future<> future(*loop);
  Task<> task = create_task(*loop, wait_for(future));
  turn(*loop);
  loop.reset();
  future.set_result();
  EXPECT_TRUE(future.done());
  EXPECT_FALSE(task.done());
}

struct Farewell {
  ~Farewell() {
    timer->cancel();
    loop.call_soon([] { ADD_FAILURE(); });
    create_task(loop, hold(nullptr));
    bidden = true;
  }
  Loop& loop;
  Ref<Handle> timer;
  bool& bidden;
};
Coroutine<> bid_farewell(Loop& loop, Future<> future, bool& bidden) {
  Farewell farewell{loop, loop.call_later(second, [] { ADD_FAILURE(); }), bidden};
  co_await future;
}

TEST(Task, frames_that_use_the_loop_as_they_die_find_it_alive) {
  bool bidden = false;
  {
    Loop loop;
    create_task(loop, bid_farewell(loop, Future<>(loop), bidden));
    turn(loop);
  }
  EXPECT_TRUE(bidden);
}

}  // namespace
}  // namespace cede::reference
