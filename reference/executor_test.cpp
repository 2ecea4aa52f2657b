// What a user relies on who shares work with other threads: results and errors come back, all that was
// submitted is done, and nobody waits for ever.
#include "reference/executor.h"

#include <gtest/gtest.h>

#include <array>
#include <atomic>

#include "reference/loop.h"
#include "reference/run.h"

namespace cede::reference {
namespace {

TEST(Executor, does_work_on_another_thread_and_brings_the_result_back) {
  Loop loop;
  ThreadPool pool(2);
  std::thread::id worked_on;
  Future<int> future = run_in_executor(loop, pool, [&] {
    worked_on = std::this_thread::get_id();
    return 7;
  });
  EXPECT_EQ(run_until_complete(loop, future), 7);
  EXPECT_NE(worked_on, std::this_thread::get_id());
}

TEST(Executor, brings_errors_back) {
  Loop loop;
  ThreadPool pool(1);
  Future<> future = run_in_executor(loop, pool, []() -> void { throw std::runtime_error("no"); });
  EXPECT_THROW(run_until_complete(loop, future), std::runtime_error);
}

TEST(Executor, lets_the_loop_go_on_meanwhile) {
  Loop loop;
  ThreadPool pool(1);
  std::atomic<bool> answered = false;
  loop.call_soon([&] { answered = true; });
  Future<> future = run_in_executor(loop, pool, [&] {
    while (!answered) std::this_thread::yield();  // for ever, if the loop waited for the work
  });
  run_until_complete(loop, future);
  EXPECT_TRUE(answered);
  EXPECT_TRUE(future.done());
}

TEST(Executor, does_all_that_was_submitted_before_it_ends) {
  std::atomic<int> done = 0;
  {
    ThreadPool pool(3);
    for (int i = 0; i < 100; ++i) pool.submit([&] { ++done; });
  }
  EXPECT_EQ(done, 100);
}

TEST(Executor, its_result_may_come_too_late_for_a_loop_that_was_closed_or_a_future_that_was_cancelled) {
  Loop loop;
  std::atomic<bool> closed = false;
  {
    ThreadPool pool(1);
    Future<int> cancelled = run_in_executor(loop, pool, [] { return 1; });
    cancelled.cancel();
    Future<int> late = run_in_executor(loop, pool, [&] {
      while (!closed) std::this_thread::yield();
      return 2;
    });
    loop.close();
    closed = true;
    EXPECT_TRUE(cancelled.cancelled());
  }
  EXPECT_THROW(run_in_executor(loop, *std::make_unique<ThreadPool>(1), [] {}), RuntimeError);
}

Coroutine<int> seven(Loop& loop) {
  co_await sleep(loop, 1000);
  co_return 7;
}
Coroutine<> failing() {
  Error(Error::Kind::runtime).raise();
  co_return;
}

TEST(Threadsafe, another_thread_waits_for_the_outcome_of_a_coroutine) {
  Loop loop;
  std::thread other([&] {
    EXPECT_EQ(run_coroutine_threadsafe(loop, seven(loop)).get().get(), 7);
    EXPECT_EQ(run_coroutine_threadsafe(loop, failing()).get().error().kind(), Error::Kind::runtime);
    loop.call_soon_threadsafe([&] { loop.stop(); });
  });
  loop.run_forever();
  other.join();
}

TEST(Threadsafe, nobody_waits_for_ever_when_the_loop_is_closed) {
  Loop loop;
  auto outcome = run_coroutine_threadsafe(loop, seven(loop));
  loop.close();
  EXPECT_EQ(outcome.get().error().kind(), Error::Kind::runtime);
}

TEST(Threadsafe, calls_from_three_threads_all_run_once_in_the_order_of_each) {
  constexpr int threads = 3, calls = 2000;
  Loop loop;
  std::array<std::vector<int>, threads> seen;
  int left = threads * calls;
  std::vector<std::thread> callers;
  for (int thread = 0; thread < threads; ++thread) {
    callers.emplace_back([&, thread] {
      for (int call = 0; call < calls; ++call) {
        Ref<Handle> handle = loop.call_soon_threadsafe([&, thread, call] {
          seen[thread].push_back(call);
          if (--left == 0) loop.stop();
        });
        EXPECT_TRUE(handle);  // held on two threads
      }
    });
  }
  loop.run_forever();
  for (std::thread& caller : callers) caller.join();
  for (const std::vector<int>& numbers : seen) {
    ASSERT_EQ(numbers.size(), std::size_t{calls});
    for (int call = 0; call < calls; ++call) ASSERT_EQ(numbers[call], call);
  }
}

TEST(Threadsafe, on_the_loops_own_thread_a_call_has_its_place_among_the_plain_ones) {
  Loop loop;
  std::string order;
  loop.call_soon([&] { order += '1'; });
  loop.call_soon_threadsafe([&] { order += '2'; });
  loop.call_soon([&] { order += '3'; });
  loop.call_soon_threadsafe([&] { order += 'x'; })->cancel();
  loop.stop();
  loop.run_forever();
  EXPECT_EQ(order, "123");
}

}  // namespace
}  // namespace cede::reference
