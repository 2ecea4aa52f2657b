// However many coroutines and tasks wait for each other: the stack stays small.
#include <gtest/gtest.h>
#include <pthread.h>

#include <functional>

#include "reference/loop.h"
#include "reference/run.h"
#include "reference/virtual_time_test.h"

namespace cede::reference {
namespace {

/// One pass.
Coroutine<int> number(int value) { co_return value; }
Coroutine<> wait_for(Future<> future) { co_await future; }

// Sanitizers make frames larger, but what is constant stays below this size with them, too.

/// Tasks are abandoned on purpose.
void say_nothing(Loop& loop) {
  loop.set_exception_handler([](const Report&) {});
}

/// Calls it on a thread with a stack of 256 KiB.
void on_a_small_stack(std::function<void()> body) {
  pthread_attr_t attributes;
  pthread_attr_init(&attributes);
  pthread_attr_setstacksize(&attributes, 256 * 1024);
  pthread_t thread;
  auto call = [](void* body) -> void* {
    (*static_cast<std::function<void()>*>(body))();
    return nullptr;
  };
  ASSERT_EQ(pthread_create(&thread, &attributes, call, &body), 0);
  pthread_join(thread, nullptr);
  pthread_attr_destroy(&attributes);
}

Coroutine<int> await_coroutines(int times) {
  int sum = 0;
  for (int i = 0; i < times; ++i) sum += co_await number(1);
  co_return sum;
}
Coroutine<int> await_done(Future<int> done, int times) {
  int sum = 0;
  for (int i = 0; i < times; ++i) sum += co_await done;
  co_return sum;
}

TEST(SmallStack, holds_a_million_awaits_one_after_another) {
  on_a_small_stack([] {
    Loop loop;
    EXPECT_EQ(run_until_complete(loop, await_coroutines(1'000'000)), 1'000'000);
    Future<int> done(loop);
    done.set_result(1);
    EXPECT_EQ(run_until_complete(loop, await_done(done, 1'000'000)), 1'000'000);
  });
}

/// Frames inside frames, the innermost of which waits.
Coroutine<int> nested(int levels, Future<> future) {
  if (levels > 0) co_return 1 + co_await nested(levels - 1, future);
  co_await future;
  co_return 0;
}

TEST(SmallStack, holds_a_million_nested_awaits) {
  on_a_small_stack([] {
    Loop loop;
    Future<> future(loop);
    Task<int> task = create_task(loop, nested(1'000'000, future));
    turn(loop);
    future.set_result();
    EXPECT_EQ(run_until_complete(loop, task), 1'000'000);
  });
}

TEST(SmallStack, holds_an_exception_and_a_cancellation_through_ten_thousand_nested_awaits) {
  on_a_small_stack([] {
    Loop loop;
    Future<> future(loop);
    Task<int> fails = create_task(loop, nested(10'000, future));
    Task<int> is_cancelled = create_task(loop, nested(10'000, Future<>(loop)));
    turn(loop);
    future.set_exception(Error::user(7));
    is_cancelled.cancel();
    EXPECT_THROW(run_until_complete(loop, fails), UserError);
    EXPECT_THROW(run_until_complete(loop, is_cancelled), CancelledError);
  });
}

TEST(SmallStack, holds_the_destruction_of_a_million_nested_awaits) {
  on_a_small_stack([] {
    Loop loop;
    say_nothing(loop);
    create_task(loop, nested(1'000'000, Future<>(loop)));
    turn(loop);
    Coroutine<int> by_hand = nested(1'000'000, Future<>(loop));
    Driver driver(by_hand);
    EXPECT_TRUE(driver.send({}).ok());
    EXPECT_FALSE(driver.close());
    EXPECT_TRUE(by_hand.done());
  });
}

/// Each task waits for the one before; the first waits for the future.
Task<> chain(Loop& loop, const Future<>& future, int length) {
  Task<> last = create_task(loop, wait_for(future));
  for (int i = 1; i < length; ++i) last = create_task(loop, wait_for(last));
  turn(loop);
  return last;
}
/// The same made from the other end: each task makes the one it waits for.
Coroutine<> chain_downwards(Loop& loop, Future<> future, int length) {
  if (length == 0) co_await future;
  else co_await create_task(loop, chain_downwards(loop, future, length - 1));
}

TEST(SmallStack, holds_the_completion_of_a_hundred_thousand_tasks_that_wait_for_each_other) {
  on_a_small_stack([] {
    Loop loop;
    Future<> future(loop);
    Task<> last = chain(loop, future, 100'000);
    future.set_result();
    run_until_complete(loop, last);
    Task<> first = create_task(loop, chain_downwards(loop, future, 100'000));
    run_until_complete(loop, first);
    EXPECT_TRUE(last.done());
    EXPECT_TRUE(first.done());
    EXPECT_EQ(loop.all_tasks().size(), 0u);
  });
}

TEST(SmallStack, holds_the_cancellation_of_a_hundred_thousand_tasks_that_wait_for_each_other) {
  on_a_small_stack([] {
    Loop loop;
    Future<> future(loop);
    Task<> last = chain(loop, future, 100'000);
    last.cancel();
    EXPECT_TRUE(future.cancelled());
    EXPECT_THROW(run_until_complete(loop, last), CancelledError);
  });
}

TEST(SmallStack, holds_the_end_of_a_loop_with_a_hundred_thousand_tasks_that_wait_for_each_other) {
  on_a_small_stack([] {
    {
      Loop loop;
      say_nothing(loop);
      chain(loop, Future<>(loop), 100'000);
    }
    Loop loop;
    say_nothing(loop);
    create_task(loop, chain_downwards(loop, Future<>(loop), 100'000));
    for (int pass = 0; pass <= 100'000; ++pass) turn(loop);
    EXPECT_EQ(loop.all_tasks().size(), 100'001u);
  });
}

}  // namespace
}  // namespace cede::reference
