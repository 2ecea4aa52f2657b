// Who runs the body of a generator, and how it ends.
#include "reference/async_generator.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "reference/loop.h"
#include "reference/run.h"
#include "reference/runner.h"

namespace cede::reference {
namespace {

using Log = std::vector<std::string>;

AsyncGenerator<int> count_to(int last) {
  for (int i = 0; i < last; ++i) co_yield i;
}

TEST(AsyncGenerator, hands_out_its_values_in_one_step) {
  Log log;
  run([&](Loop& loop) -> Coroutine<> {
    AsyncGenerator<int> numbers = count_to(3);
    loop.call_soon([&] { log.push_back("callback"); });
    while (std::optional<int> i = co_await numbers.next()) log.push_back(std::to_string(*i));
    EXPECT_TRUE(numbers.finished());
    EXPECT_EQ(co_await numbers.next(), std::nullopt);
    co_await yield();
  });
  EXPECT_EQ(log, (Log{"0", "1", "2", "callback"}));
}

TEST(AsyncGenerator, a_million_values_need_no_stack) {
  run([](Loop&) -> Coroutine<> {
    AsyncGenerator<int> numbers = count_to(1'000'000);
    int n = 0;
    while (co_await numbers.next()) ++n;
    EXPECT_EQ(n, 1'000'000);
  });
}

/// Yields once; what it awaits before and behind that goes on in the loop.
AsyncGenerator<int> with_cleanup(Log& log) {
  co_await yield();
  bool closing = false;
  try {
    co_yield 1;
  } catch (const GeneratorExit&) {
    closing = true;
  }
  log.push_back(closing ? "closing" : "asked again");
  co_await yield();
  log.push_back("cleaned up");
}

TEST(AsyncGenerator, closing_runs_the_cleanup_once_and_waits_for_it) {
  Log log;
  run([&](Loop&) -> Coroutine<> {
    AsyncGenerator<int> generator = with_cleanup(log);
    EXPECT_EQ(co_await generator.next(), 1);
    co_await generator.aclose();
    log.push_back("closed");
    co_await generator.aclose();
    EXPECT_EQ(co_await generator.next(), std::nullopt);
  });
  EXPECT_EQ(log, (Log{"closing", "cleaned up", "closed"}));
}

TEST(AsyncGenerator, a_second_request_is_refused_while_one_is_open) {
  run([](Loop& loop) -> Coroutine<> {
    Log log;
    AsyncGenerator<int> generator = with_cleanup(log);
    auto ask = [](AsyncGenerator<int> generator) -> Coroutine<bool> {
      auto outcome = co_await generator.settled_next();
      co_return outcome.ok();
    };
    Task<bool> first = create_task(loop, ask(generator)), second = create_task(loop, ask(generator));
    EXPECT_FALSE(co_await second);
    EXPECT_TRUE(co_await first);
    co_await generator.aclose();
  });
}

TEST(AsyncGenerator, the_loop_cleans_up_behind_one_that_is_abandoned) {
  Log log;
  run([&](Loop&) -> Coroutine<> {
    {
      AsyncGenerator<int> generator = with_cleanup(log);
      co_await generator.next();
    }
    log.push_back("abandoned");
    for (int i = 0; i < 3; ++i) co_await yield();
  });
  EXPECT_EQ(log, (Log{"abandoned", "closing", "cleaned up"}));
}

TEST(AsyncGenerator, a_runner_closes_what_is_alive_at_its_end) {
  Log log;
  std::optional<AsyncGenerator<int>> generator;
  run([&](Loop&) -> Coroutine<> {
    generator = with_cleanup(log);
    co_await generator->next();
  });
  EXPECT_EQ(log, (Log{"closing", "cleaned up"}));
}

TEST(AsyncGenerator, one_that_outlives_its_loop_or_never_met_one_just_goes) {
  Log log;
  std::optional<AsyncGenerator<int>> generator;
  {
    Loop loop;
    Task<> task = create_task(loop, [](auto& generator, Log& log) -> Coroutine<> {
      generator = with_cleanup(log);
      co_await generator->next();
    }(generator, log));
    run_until_complete(loop, task);
  }
  generator.reset();
  AsyncGenerator<int> never_asked = with_cleanup(log);
  EXPECT_EQ(log, Log{});
}

AsyncGenerator<int> failing() {
  co_yield 1;
  Error::user(7).raise();
}

TEST(AsyncGenerator, errors_of_the_body_reach_who_asked) {
  run([](Loop&) -> Coroutine<> {
    AsyncGenerator<int> generator = failing();
    co_await generator.next();
    auto outcome = co_await generator.settled_next();
    EXPECT_EQ(outcome.error().payload(), 7);
    EXPECT_TRUE(generator.finished());
  });
}

}  // namespace
}  // namespace cede::reference
