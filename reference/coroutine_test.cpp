// What a user of coroutines relies on: nothing runs before it is started, an await is a call, errors
// surface where a call would throw, whatever a frame holds is destroyed exactly once, and a person
// may drive a coroutine by hand.
#include "reference/coroutine.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "reference/loop.h"
#include "reference/run.h"

namespace cede::reference {
namespace {

/// Runs a coroutine that never suspends.
template <class T>
T finish(Coroutine<T> coroutine) {
  Driver<T> driver(coroutine);
  EXPECT_TRUE(driver.send({}).ok());
  EXPECT_TRUE(coroutine.done());
  return coroutine.outcome().get();
}

/// Has as many owners as there are copies in frames and arguments, and one more.
using Witness = std::shared_ptr<int>;
Witness witness() { return std::make_shared<int>(0); }

Coroutine<int> number(int value) { co_return value; }
Coroutine<> nothing() { co_return; }
Coroutine<std::string> text() { co_return std::string("text"); }
Coroutine<> suspend_once() { co_await yield(); }
template <class Thrown>
Coroutine<int> failing(Thrown thrown) {
  throw thrown;
  co_return 0;
}

// Starting and awaiting.

Coroutine<> write_to(std::string& log) {
  log += "body";
  co_return;
}

TEST(Coroutine, does_nothing_until_it_is_started) {
  std::string log;
  Coroutine<> coroutine = write_to(log);
  EXPECT_EQ(log, "");
  EXPECT_FALSE(coroutine.started());
  finish(std::move(coroutine));
  EXPECT_EQ(log, "body");
}

TEST(Coroutine, gives_a_value_of_any_type_or_none) {
  finish(nothing());
  EXPECT_EQ(finish(number(3)), 3);
  EXPECT_EQ(finish(text()), "text");
}

Coroutine<int> sum() {
  co_await nothing();
  int first = co_await number(1);
  Coroutine<int> named = number(2);
  co_return first + co_await named + static_cast<int>((co_await text()).size());
}

TEST(Coroutine, is_awaited_as_a_temporary_or_by_name) { EXPECT_EQ(finish(sum()), 7); }

Coroutine<> log_around_an_await(std::string& log) {
  log += "before ";
  co_await write_to(log);
  log += " after";
}

TEST(Coroutine, runs_at_once_inside_whoever_awaits_it) {
  std::string log;
  Loop loop;
  Task<> task = create_task(loop, log_around_an_await(log));
  loop.call_soon([&] { log += ", then the loop"; });
  run_until_complete(loop, task);
  EXPECT_EQ(log, "before body after, then the loop");
}

Coroutine<> touch_awaiters(std::string& log) {
  Coroutine<> named = write_to(log);
  (void)named.operator co_await();
  (void)named.settled();
  log += "untouched ";
  co_await named;
}

TEST(Coroutine, is_not_started_by_the_mere_making_of_an_awaiter) {
  std::string log;
  finish(touch_awaiters(log));
  EXPECT_EQ(log, "untouched body");
}

TEST(Coroutine, can_be_moved_before_it_is_started_and_while_it_is_suspended) {
  Coroutine<> first = suspend_once();
  Coroutine<> second = std::move(first);
  Driver<void> driver(second);
  (void)driver.send({});
  EXPECT_FALSE(second.done());
  (void)driver.send({});
  EXPECT_TRUE(second.done());
}

// A second await.

Coroutine<int> await_twice(std::string& log) {
  Coroutine<> named = write_to(log);
  co_await named;
  try {
    co_await named;
  } catch (const RuntimeError&) {
    co_return 1;
  }
  co_return 0;
}

TEST(Coroutine, refuses_a_second_await_without_running_again) {
  std::string log;
  EXPECT_EQ(finish(await_twice(log)), 1);
  EXPECT_EQ(log, "body");
}

Coroutine<bool> await_through_two_awaiters(std::string& log) {
  Coroutine<> named = write_to(log);
  auto first = named.settled();
  auto second = named.settled();
  (void)co_await first;
  co_return (co_await second).error().kind() == Error::Kind::runtime;
}

TEST(Coroutine, refuses_a_second_await_through_an_awaiter_made_before_the_first) {
  std::string log;
  EXPECT_TRUE(finish(await_through_two_awaiters(log)));
  EXPECT_EQ(log, "body");
}

Coroutine<> await_named(Coroutine<>& named) { co_await named; }

TEST(Coroutine, refuses_a_second_task_and_leaves_the_first_alone) {
  Loop loop;
  Coroutine<> named = suspend_once();
  Task<> first = create_task(loop, await_named(named));
  Task<> second = create_task(loop, await_named(named));
  EXPECT_THROW(run_until_complete(loop, second), RuntimeError);
  EXPECT_NO_THROW(run_until_complete(loop, first));
}

// Errors.

template <class Thrown>
Coroutine<bool> catches(Thrown thrown) {
  try {
    co_await failing(thrown);
  } catch (const Thrown&) {
    co_return true;
  }
  co_return false;
}

TEST(Coroutine, raises_at_the_await_whatever_was_thrown) {
  EXPECT_TRUE(finish(catches(std::out_of_range("far"))));
  EXPECT_TRUE(finish(catches(42)));
  EXPECT_TRUE(finish(catches(CancelledError{})));
  EXPECT_TRUE(finish(catches(ExitError{1})));
  EXPECT_TRUE(finish(catches(UserError(7))));
}

Coroutine<int> fail_below(int levels, Witness held) {
  if (levels == 0) throw std::out_of_range("deep");
  co_return co_await fail_below(levels - 1, held);
}

TEST(Coroutine, an_exception_passes_all_frames_and_destroys_what_they_hold) {
  Witness held = witness();
  EXPECT_THROW(finish(fail_below(10, held)), std::out_of_range);
  EXPECT_EQ(held.use_count(), 1);
}

TEST(Coroutine, a_cancellation_passes_handlers_of_std_exception) {
  auto deaf = []() -> Coroutine<> {
    try {
      co_await failing(CancelledError{});
    } catch (const std::exception&) {
      ADD_FAILURE();
    }
  };
  EXPECT_THROW(finish(deaf()), CancelledError);
}

Coroutine<int> returned_error() { co_return Error::user(7); }
Coroutine<std::int64_t> payload_as_value() {
  Outcome<int> outcome = co_await returned_error().settled();
  co_return outcome.error().payload();
}
Coroutine<std::int64_t> payload_as_exception() {
  try {
    co_await returned_error();
  } catch (const UserError& error) {
    co_return error.payload;
  }
  co_return 0;
}

TEST(Coroutine, may_return_an_error_which_its_caller_takes_as_a_value_or_as_an_exception) {
  EXPECT_EQ(finish(payload_as_value()), 7);
  EXPECT_EQ(finish(payload_as_exception()), 7);
}

// Lifetimes.

Coroutine<> hold(Witness argument) {
  Witness local = argument;
  co_await yield();
}

TEST(Coroutine, that_was_never_started_destroys_its_arguments) {
  Witness held = witness();
  {
    Coroutine<> never = hold(held);
    EXPECT_EQ(held.use_count(), 2);
  }
  EXPECT_EQ(held.use_count(), 1);
}

TEST(Coroutine, that_is_suspended_destroys_what_it_holds_once) {
  Witness held = witness();
  {
    Coroutine<> suspended = hold(held);
    Driver<void> driver(suspended);
    (void)driver.send({});
    EXPECT_EQ(held.use_count(), 3);
  }
  EXPECT_EQ(held.use_count(), 1);
}

TEST(Coroutine, that_is_assigned_to_destroys_what_it_held) {
  Witness held = witness();
  Coroutine<> coroutine = hold(held);
  coroutine = nothing();
  EXPECT_EQ(held.use_count(), 1);
}

Coroutine<> nested(int levels, Witness held) {
  if (levels == 0) co_await yield();
  else co_await nested(levels - 1, held);
}

TEST(Coroutine, that_is_suspended_takes_the_frames_it_awaits_with_it) {
  Witness held = witness();
  {
    Coroutine<> outermost = nested(20, held);
    Driver<void> driver(outermost);
    (void)driver.send({});
    EXPECT_EQ(held.use_count(), 22);
  }
  EXPECT_EQ(held.use_count(), 1);
}

// A driver by hand.

Coroutine<int> rock() {
  Sent first = co_await yield(7);
  Sent second = co_await yield(*first + 1);
  co_return second ? 0 : 23;
}
Coroutine<int> around_a_rock() { co_return co_await rock() + 1; }

TEST(Driver, exchanges_values_with_the_innermost_frame) {
  Coroutine<int> coroutine = around_a_rock();
  Driver<int> driver(coroutine);
  EXPECT_EQ(driver.send({}).value(), Sent(7));
  EXPECT_EQ(driver.send(42).value(), Sent(43));
  EXPECT_EQ(driver.send({}).value(), Sent());
  ASSERT_TRUE(coroutine.done());
  EXPECT_EQ(coroutine.outcome().value(), 24);
}

TEST(Driver, sends_nothing_into_a_beginning_and_nothing_after_the_end) {
  Coroutine<int> coroutine = number(1);
  Driver<int> driver(coroutine);
  EXPECT_EQ(driver.send(5).error().kind(), Error::Kind::runtime);
  EXPECT_FALSE(coroutine.started());
  EXPECT_TRUE(driver.send({}).ok());
  EXPECT_EQ(driver.send({}).error().kind(), Error::Kind::runtime);
}

TEST(Driver, refuses_a_coroutine_that_another_drives) {
  Coroutine<> coroutine = suspend_once();
  Driver<void> driver(coroutine), other(coroutine);
  (void)driver.send({});
  EXPECT_EQ(other.send({}).error().kind(), Error::Kind::runtime);
  EXPECT_TRUE(driver.send({}).ok());
  EXPECT_TRUE(coroutine.done());
}

Coroutine<> drive(Driver<void>& driver, Error& answer) {
  answer = driver.send({}).error();
  co_return;
}

TEST(Driver, refuses_a_coroutine_that_is_running) {
  Error answer;
  Coroutine<> coroutine = nothing();
  Driver<void> driver(coroutine);
  coroutine = drive(driver, answer);
  EXPECT_TRUE(driver.send({}).ok());
  EXPECT_EQ(answer.kind(), Error::Kind::runtime);
}

TEST(Driver, finds_an_exception_in_the_outcome) {
  Coroutine<int> coroutine = failing(std::out_of_range("far"));
  Driver<int> driver(coroutine);
  EXPECT_NO_THROW((void)driver.send({}));
  EXPECT_THROW(coroutine.outcome().get(), std::out_of_range);
}

Coroutine<> wait_for(Future<> future) { co_await future; }

TEST(Driver, that_resumes_before_the_future_is_done_gets_an_error_into_the_coroutine) {
  Loop loop;
  Future<> future(loop);
  Coroutine<> coroutine = wait_for(future);
  Driver<void> driver(coroutine);
  (void)driver.send({});
  EXPECT_FALSE(coroutine.done());
  (void)driver.send({});
  EXPECT_THROW(coroutine.outcome().get(), RuntimeError);
}

}  // namespace
}  // namespace cede::reference
