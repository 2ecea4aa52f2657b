// What a runner does before it comes back, and what it refuses.
#include "reference/runner.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace cede::reference {
namespace {

constexpr Nanos second = 1'000'000'000;

Coroutine<> sleep_on(Loop& loop, std::vector<std::string>& log) {
  try {
    co_await sleep(loop, second);
    log.push_back("hello");
  } catch (const CancelledError&) {
    log.push_back("cancelled");
    throw;
  }
}

TEST(Runner, gives_what_main_returns_and_cancels_what_is_left) {
  std::vector<std::string> log;
  int result = run([&](Loop& loop) -> Coroutine<int> {
    create_task(loop, sleep_on(loop, log));
    co_await yield();
    co_return 7;
  });
  EXPECT_EQ(result, 7);
  EXPECT_EQ(log, std::vector<std::string>{"cancelled"});
}

TEST(Runner, throws_what_main_throws) {
  EXPECT_THROW(run([](Loop&) -> Coroutine<> { Error::user(7).raise(); co_return; }), UserError);
}

Coroutine<> fail_when_cancelled(Loop& loop) {
  Outcome<void> slept = co_await sleep(loop, second).settled();
  if (!slept.ok()) Error::user(3).raise();
}

TEST(Runner, tells_the_errors_of_what_is_left_once) {
  std::vector<Report::About> told;
  run([&](Loop& loop) -> Coroutine<> {
    loop.set_exception_handler([&](const Report& report) { told.push_back(report.about); });
    create_task(loop, fail_when_cancelled(loop));
    co_await yield();
  });
  EXPECT_EQ(told, std::vector{Report::About::left_over});
}

TEST(Runner, is_refused_inside_a_running_loop_and_begins_nothing) {
  bool began = false, refused = false, runs = false;
  run([&](Loop& loop) -> Coroutine<> {
    Loop inner;
    Outcome<void> outcome = try_run(inner, [&] {
      began = true;
      return Future<>(inner);
    });
    refused = !outcome.ok() && outcome.error().kind() == Error::Kind::runtime;
    runs = AbstractLoop::get_running_loop() == &loop;
    co_return;
  });
  EXPECT_FALSE(began);
  EXPECT_TRUE(refused && runs);
}

}  // namespace
}  // namespace cede::reference
