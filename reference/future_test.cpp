// What a user of futures relies on: one transition and no more, callbacks that run later and are
// destroyed once, and an outcome that every waiter gets whole.
#include "reference/future.h"

#include <gtest/gtest.h>

#include <memory>
#include <string>

#include "reference/loop.h"
#include "reference/run.h"
#include "reference/virtual_time_test.h"

namespace cede::reference {
namespace {

/// One pass.
/// Has as many owners as there are copies, and one more.
using Witness = std::shared_ptr<int>;
Witness witness() { return std::make_shared<int>(0); }

// States.

TEST(Future, is_pending_until_it_has_a_result) {
  Loop loop;
  Future<int> future(loop);
  EXPECT_FALSE(future.done());
  future.set_result(3);
  EXPECT_TRUE(future.done());
  EXPECT_FALSE(future.cancelled());
  EXPECT_EQ(future.result(), 3);
  EXPECT_FALSE(future.exception());
}

TEST(Future, holds_any_type_or_none) {
  Loop loop;
  Future<std::string> text(loop);
  text.set_result("text");
  EXPECT_EQ(text.result(), "text");
  Future<> nothing(loop);
  nothing.set_result();
  EXPECT_NO_THROW(nothing.result());
  Future<Future<>> nested(loop);
  nested.set_result(Future<>(loop));
  EXPECT_FALSE(nested.result().done()) << "a result that is a future is only a value";
}

TEST(Future, refuses_to_tell_what_it_does_not_know_yet) {
  Loop loop;
  Future<int> future(loop);
  EXPECT_THROW(future.result(), InvalidStateError);
  EXPECT_THROW((void)future.exception(), InvalidStateError);
  EXPECT_EQ(future.outcome().error().kind(), Error::Kind::invalid_state);
}

TEST(Future, throws_what_it_failed_with_as_often_as_it_is_asked) {
  Loop loop;
  Future<int> future(loop);
  try {
    throw std::out_of_range("far");
  } catch (...) {
    future.set_exception(Error::current());
  }
  for (int i = 0; i < 2; ++i) EXPECT_THROW(future.result(), std::out_of_range);
  EXPECT_THROW(future.exception().raise(), std::out_of_range);
  EXPECT_FALSE(future.cancelled());
}

TEST(Future, throws_the_users_error_with_its_payload) {
  Loop loop;
  Future<int> future(loop);
  future.set_exception(Error::user(7));
  try {
    future.result();
    FAIL();
  } catch (const UserError& error) {
    EXPECT_EQ(error.payload, 7);
  }
}

TEST(Future, is_cancelled_at_once) {
  Loop loop;
  Future<int> future(loop);
  EXPECT_TRUE(future.cancel());
  EXPECT_TRUE(future.done());
  EXPECT_TRUE(future.cancelled());
  EXPECT_THROW(future.result(), CancelledError);
  EXPECT_THROW((void)future.exception(), CancelledError);
  EXPECT_FALSE(future.cancel());
}

TEST(Future, is_completed_once) {
  Loop loop;
  Future<int> future(loop);
  future.set_result(3);
  EXPECT_THROW(future.set_result(4), InvalidStateError);
  EXPECT_THROW(future.set_exception(Error::user(1)), InvalidStateError);
  EXPECT_FALSE(future.cancel());
  EXPECT_EQ(future.result(), 3);
}

TEST(Future, does_not_fail_with_no_error) {
  Loop loop;
  Future<int> future(loop);
  EXPECT_THROW(future.set_exception(Error{}), RuntimeError);
  EXPECT_FALSE(future.done());
}

// Callbacks.

TEST(Future, calls_back_in_the_next_pass_and_in_the_order_of_registration) {
  Loop loop;
  Future<int> future(loop);
  std::string order;
  future.add_done_callback([&](FutureBase& done) { order += done.done() ? 'a' : '-'; });
  future.add_done_callback([&](FutureBase&) { order += 'b'; });
  loop.call_soon([&] {
    future.set_result(1);
    order += '1';
  });
  loop.call_soon([&] { order += '2'; });
  turn(loop);
  EXPECT_EQ(order, "12");
  turn(loop);
  EXPECT_EQ(order, "12ab");
}

TEST(Future, calls_back_later_even_when_it_is_done) {
  Loop loop;
  Future<> future(loop);
  future.set_result();
  bool called = false;
  future.add_done_callback([&](FutureBase&) { called = true; });
  EXPECT_FALSE(called);
  turn(loop);
  EXPECT_TRUE(called);
}

TEST(Future, a_callback_may_register_another) {
  Loop loop;
  Future<> future(loop);
  std::string order;
  future.add_done_callback([&](FutureBase& done) {
    order += 'a';
    done.add_done_callback([&](FutureBase&) { order += 'c'; });
  });
  future.add_done_callback([&](FutureBase&) { order += 'b'; });
  future.set_result();
  turn(loop);
  EXPECT_EQ(order, "ab");
  turn(loop);
  EXPECT_EQ(order, "abc");
}

TEST(Future, a_callback_that_throws_is_reported_and_harms_nobody) {
  Loop loop;
  int errors = 0, calls = 0;
  loop.set_exception_handler([&](const Error&) { ++errors; });
  Future<int> future(loop);
  future.add_done_callback([](FutureBase&) { throw 1; });
  future.add_done_callback([&](FutureBase&) { ++calls; });
  future.set_result(3);
  turn(loop);
  EXPECT_EQ(errors, 1);
  EXPECT_EQ(calls, 1);
  EXPECT_EQ(future.result(), 3);
}

TEST(Future, forgets_all_callbacks_with_a_key) {
  Loop loop;
  Future<> future(loop);
  std::string order;
  for (int i = 0; i < 2; ++i) future.add_done_callback([&](FutureBase&) { order += 'a'; }, 1);
  future.add_done_callback([&](FutureBase&) { order += 'b'; }, 2);
  EXPECT_EQ(future.remove_done_callback(1), 2u);
  EXPECT_EQ(future.remove_done_callback(1), 0u);
  future.set_result();
  EXPECT_EQ(future.remove_done_callback(2), 0u) << "too late: it is queued";
  turn(loop);
  EXPECT_EQ(order, "b");
}

TEST(Future, takes_move_only_callbacks_and_destroys_them_once) {
  Loop loop;
  Witness held = witness();
  auto callback = [&] {
    return [held, owned = std::make_unique<int>(1)](FutureBase&) { EXPECT_EQ(*owned, 1); };
  };
  {
    Future<> called(loop);
    called.add_done_callback(callback());
    called.set_result();
    turn(loop);
    EXPECT_EQ(held.use_count(), 1) << "after the call, though the future lives";
  }
  Future<> removed(loop);
  removed.add_done_callback(callback(), 1);
  EXPECT_EQ(held.use_count(), 2);
  removed.remove_done_callback(1);
  EXPECT_EQ(held.use_count(), 1) << "after its removal";
  {
    Future<> dropped(loop);
    dropped.add_done_callback(callback());
  }
  EXPECT_EQ(held.use_count(), 1) << "when its future is dropped";
  {
    Future<> queued(loop);
    queued.add_done_callback(callback());
    queued.set_result();
  }
  EXPECT_EQ(held.use_count(), 2) << "a queued callback keeps its future";
  loop.close();
  EXPECT_EQ(held.use_count(), 1);
}

TEST(Future, lives_until_its_callbacks_have_run) {
  Loop loop;
  int result = 0;
  {
    Future<int> future(loop);
    future.add_done_callback([&](FutureBase& done) { result = done.done() ? 1 : 0; });
    future.set_result(3);
  }
  turn(loop);
  EXPECT_EQ(result, 1);
}

// Waiters.

Coroutine<int> wait_for(Future<int> future) { co_return co_await future; }
Coroutine<Witness> wait_for_witness(Future<Witness> future) { co_return co_await future; }

TEST(Future, gives_every_waiter_the_whole_result) {
  Loop loop;
  Future<Witness> future(loop);
  Task<Witness> first = create_task(loop, wait_for_witness(future));
  Task<Witness> second = create_task(loop, wait_for_witness(future));
  turn(loop);
  Witness held = witness();
  future.set_result(held);
  run_until_complete(loop, second);
  EXPECT_EQ(first.result(), held);
  EXPECT_EQ(second.result(), held);
  EXPECT_EQ(held.use_count(), 4) << "the future's, the two tasks' and ours";
}

TEST(Future, raises_the_same_exception_in_every_waiter_and_through_chains_of_tasks) {
  Loop loop;
  Future<int> future(loop);
  Task<int> first = create_task(loop, wait_for(future));
  Task<int> second = create_task(loop, wait_for(future));
  Task<int> behind = create_task(loop, wait_for(first));
  turn(loop);
  try {
    throw std::out_of_range("far");
  } catch (...) {
    future.set_exception(Error::current());
  }
  for (const Task<int>& task : {first, second, behind})
    EXPECT_THROW(run_until_complete(loop, task), std::out_of_range);
}

TEST(Future, passes_the_payload_of_an_error_through_chains_of_tasks) {
  Loop loop;
  Future<int> future(loop);
  Task<int> task = create_task(loop, wait_for(future));
  Task<int> behind = create_task(loop, wait_for(task));
  future.set_exception(Error::user(7));
  EXPECT_THROW(run_until_complete(loop, behind), UserError);
  EXPECT_EQ(behind.exception().payload(), 7);
}

Coroutine<> wait_often(Future<> done, std::string& order) {
  for (int i = 0; i < 3; ++i) co_await done;
  order += 'w';
}

TEST(Future, that_is_done_is_awaited_without_a_pass) {
  Loop loop;
  std::string order;
  Future<> done(loop);
  done.set_result();
  Task<> task = create_task(loop, wait_often(done, order));
  loop.call_soon([&] { order += 'c'; });
  turn(loop);
  EXPECT_EQ(order, "wc");
}

Coroutine<> wait_and_log(Future<> future, std::string& order, char name) {
  co_await future;
  order += name;
}

TEST(Future, wakes_waiters_and_callbacks_in_common_order) {
  Loop loop;
  std::string order;
  Future<> future(loop);
  future.add_done_callback([&](FutureBase&) { order += 'a'; });
  create_task(loop, wait_and_log(future, order, 'b'));
  turn(loop);
  future.add_done_callback([&](FutureBase&) { order += 'c'; });
  future.set_result();
  turn(loop);
  EXPECT_EQ(order, "abc");
}

Coroutine<bool> catch_cancellation(Future<> future) {
  try {
    co_await future;
  } catch (const CancelledError&) {
    co_return true;
  }
  co_return false;
}

TEST(Future, raises_its_cancellation_in_its_waiters_without_asking_them_to_end) {
  Loop loop;
  Future<> future(loop);
  Task<bool> task = create_task(loop, catch_cancellation(future));
  turn(loop);
  future.cancel();
  EXPECT_TRUE(run_until_complete(loop, task));
  EXPECT_EQ(task.cancelling(), 0);
}

TEST(Future, may_be_dropped_after_its_loop) {
  auto loop = std::make_unique<Loop>();
  Witness held = witness();
  Future<Witness> finished(*loop), pending(*loop);
  finished.set_result(held);
  pending.add_done_callback([held](FutureBase&) {});
  loop.reset();
  EXPECT_EQ(finished.result(), held);
  EXPECT_FALSE(pending.done());
}

}  // namespace
}  // namespace cede::reference
