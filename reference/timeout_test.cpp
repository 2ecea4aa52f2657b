// What a user of timeout scopes relies on: a deadline that ends what it should end and nothing else,
// a task that is none the worse for it, and no timer that is left behind.
#include "reference/timeout.h"

#include <gtest/gtest.h>

#include <string>

#include "reference/loop.h"
#include "reference/run.h"
#include "reference/virtual_time_test.h"

namespace cede::reference {
namespace {

constexpr Nanos second = 1'000'000'000;

struct TimeoutTest : testing::Test {
  /// Runs the body as a task, to its end.
  template <class T>
  T run(Coroutine<T> body) { return run_until_complete(loop, std::move(body)); }
  int cancelling() { return loop.current_task()->cancelling(); }
  Ref<Timeout> scope(Nanos delay) { return new Timeout(loop, deadline_after(loop, delay)); }

  VirtualTime world;
  Loop loop{world, world};
};

TEST_F(TimeoutTest, raises_a_timeout_error_at_the_deadline_and_leaves_the_task_usable) {
  auto program = [](TimeoutTest& test) -> Coroutine<> {
    EXPECT_THROW(co_await timeout(test.loop, second, sleep(test.loop, 10 * second)), TimeoutError);
    EXPECT_EQ(test.world.elapsed, second);
    EXPECT_EQ(test.cancelling(), 0);
    co_await sleep(test.loop, second);
    EXPECT_EQ(test.world.elapsed, 2 * second);
  };
  run(program(*this));
}

TEST_F(TimeoutTest, hands_on_what_its_body_returns_and_leaves_no_timer) {
  auto body = [](Loop& loop) -> Coroutine<int> {
    co_await sleep(loop, second);
    co_return 42;
  };
  EXPECT_EQ(run(timeout(loop, 5 * second, body(loop))), 42);
  loop.run_forever();
  EXPECT_EQ(world.elapsed, second);
}

TEST_F(TimeoutTest, a_cancellation_by_others_stays_one_also_when_the_deadline_comes_with_it) {
  for (bool both : {false, true}) {
    Ref<Timeout> deadline = scope(second);
    Task<> task = create_task(loop, within(deadline, sleep(loop, 10 * second)));
    Nanos moment = both ? world.elapsed + second : world.elapsed;
    loop.call_at(moment, [task] { task.cancel(); });
    loop.run_forever();
    EXPECT_TRUE(task.cancelled());
    EXPECT_EQ(deadline->expired(), both);
  }
}

TEST_F(TimeoutTest, of_nested_scopes_only_the_one_that_expires_turns_the_cancellation_into_its_error) {
  auto program = [](TimeoutTest& test, Nanos first, Nanos second_delay) -> Coroutine<std::string> {
    Ref<Timeout> outer = test.scope(first), inner = test.scope(second_delay);
    auto outer_body = [](TimeoutTest& test, Ref<Timeout> inner) -> Coroutine<> {
      auto caught = (co_await within(inner, sleep(test.loop, 10 * second)).settled()).error();
      if (caught.cancelled()) caught.raise();
      co_await yield();
    };
    Error error = (co_await within(outer, outer_body(test, inner)).settled()).error();
    co_return std::string(inner->expired() ? "inner" : outer->expired() ? "outer" : "none") +
        (error.kind() == Error::Kind::timeout ? " raised" : "");
  };
  EXPECT_EQ(run(program(*this, 5 * second, second)), "inner");
  EXPECT_EQ(run(program(*this, second, 5 * second)), "outer raised");
}

TEST_F(TimeoutTest, a_deadline_that_is_over_lets_the_body_run_up_to_its_first_suspension) {
  auto program = [](TimeoutTest& test) -> Coroutine<> {
    std::string log;
    auto suspends = [](std::string& log) -> Coroutine<> {
      log += "a";
      co_await yield();
      log += "b";
    };
    auto never_suspends = [](TimeoutTest& test, std::string& log) -> Coroutine<> {
      test.world.elapsed += 10 * second;
      log += "c";
      co_return;
    };
    EXPECT_THROW(co_await timeout(test.loop, 0, suspends(log)), TimeoutError);
    Ref<Timeout> late = test.scope(second);
    co_await within(late, never_suspends(test, log));
    EXPECT_FALSE(late->expired());
    EXPECT_EQ(log, "ac");
  };
  run(program(*this));
}

TEST_F(TimeoutTest, a_body_that_absorbs_the_cancellation_keeps_its_result_and_the_counter_is_restored) {
  auto program = [](TimeoutTest& test) -> Coroutine<> {
    auto body = [](Loop& loop) -> Coroutine<int> {
      EXPECT_TRUE((co_await sleep(loop, 10 * second).settled()).error().cancelled());
      co_return 7;
    };
    Ref<Timeout> deadline = test.scope(second);
    EXPECT_EQ(co_await within(deadline, body(test.loop)), 7);
    EXPECT_TRUE(deadline->expired());
    EXPECT_EQ(test.cancelling(), 0);
  };
  run(program(*this));
}

TEST_F(TimeoutTest, can_be_moved_and_switched_off_while_it_is_active_and_only_then) {
  auto program = [](TimeoutTest& test) -> Coroutine<> {
    Ref<Timeout> deadline = test.scope(second);
    EXPECT_THROW(deadline->reschedule(forever), RuntimeError);
    auto body = [](TimeoutTest& test, Ref<Timeout> deadline) -> Coroutine<> {
      deadline->reschedule(3 * second);
      co_await sleep(test.loop, 2 * second);
      deadline->reschedule(forever);
      co_await sleep(test.loop, 2 * second);
      deadline->reschedule(test.world.elapsed);
      co_await sleep(test.loop, second);
    };
    EXPECT_THROW(co_await within(deadline, body(test, deadline)), TimeoutError);
    EXPECT_EQ(test.world.elapsed, 4 * second);
    EXPECT_THROW(deadline->reschedule(forever), RuntimeError);
  };
  run(program(*this));
}

TEST_F(TimeoutTest, refuses_to_be_entered_twice_or_outside_of_a_task) {
  auto nothing = []() -> Coroutine<> { co_return; };
  Ref<Timeout> deadline = scope(second);
  EXPECT_TRUE(deadline->enter());
  auto twice = [](Ref<Timeout> deadline, Coroutine<> first, Coroutine<> again) -> Coroutine<> {
    co_await within(deadline, std::move(first));
    EXPECT_THROW(co_await within(deadline, std::move(again)), RuntimeError);
  };
  run(twice(deadline, nothing(), nothing()));
}

TEST_F(TimeoutTest, a_scope_in_a_frame_that_dies_with_its_loop_takes_its_timer_along) {
  VirtualTime other;
  {
    Loop dying(other, other);
    auto body = [](Loop& loop) -> Coroutine<> { co_await Future<>(loop); };
    create_task(dying, timeout(dying, 5 * second, body(dying)));
    dying.stop();
    dying.run_forever();
  }
  EXPECT_EQ(other.elapsed, 0);
}

}  // namespace
}  // namespace cede::reference
