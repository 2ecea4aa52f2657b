// What Asio's own coroutines do with scripts, and that nothing is left of them.

// Asio 1.22 looks for coroutines where clang had them before C++20.
#define ASIO_HAS_CO_AWAIT 1

#include <asio.hpp>
#include <asio/experimental/channel.hpp>

#include <gtest/gtest.h>

#include <algorithm>

#include "adapters/allocations.h"

namespace cede {
namespace library = asio;
using ErrorCode = asio::error_code;
using SystemError = asio::system_error;
}  // namespace cede

#include "adapters/asio_adapter.h"

namespace cede {
namespace {

const Adapter& awaitables() {
  static const Adapter adapter = [] {
    Adapter adapter;
    adapter.name = "asio/awaitable";
    EXPECT_TRUE(adapt("awaitable", adapter));
    return adapter;
  }();
  return adapter;
}

/// The trace until the loop waits for ever, or as long as Asio waits at a time.
std::string played(const std::string& text) {
  Parsed parsed = parse_scenario(text);
  EXPECT_FALSE(parsed.error) << text << to_string(*parsed.error);
  World world;
  Trace trace;
  awaitables().run(awaitables(), parsed.scenario, world, trace);
  std::string whole = to_string(trace);
  return whole.substr(0, std::min(whole.find("poll forever\n"), whole.find("poll 300s\n")));
}

const std::string blocked =
    "main: create_task t\nmain: create_task u\nmain: create_coroutine d\nt: call c\nc: finally b e\nb: await f\n"
    "u: await t\nu: log never\n";

TEST(AsioAwaitable, awaiting_a_coroutine_does_not_cede) {
  EXPECT_EQ(played("main: create_task t\nmain: call_soon a\nt: call c\nt: log back\nc: log inside\nc: return 7\n"),
            "main: create_task t\nmain: call_soon a\nmain: run\npoll 0ms\n"
            "enter t\n  t: call c\n  c: log inside\n  c: return 7\n  end c -> 7\n  t: log back\n"
            "  end t -> 7\nleave t\nenter a\nleave a\npoll 0ms\n");
}

TEST(AsioAwaitable, a_step_ends_where_the_innermost_coroutine_is_suspended) {
  EXPECT_EQ(played("main: create_task t\nmain: call_soon a\nt: call c\nc: sleep 10ms 3\n"),
            "main: create_task t\nmain: call_soon a\nmain: run\npoll 0ms\n"
            "enter t\n  t: call c\n  c: sleep 10ms 3\nleave t\nenter a\nleave a\npoll 10ms\n"
            "10ms\nenter t\n  got c: sleep 10ms 3 -> 3\n  end c -> 3\n  end t -> 3\nleave t\n");
}

TEST(AsioAwaitable, cancellation_reaches_the_coroutine_that_waits_and_is_caught_by_who_awaits_it) {
  EXPECT_EQ(played("main: create_task t\nmain: call_soon a\na: cancel_task t\nt: catch cancelled c\nt: log caught\n"
                   "c: await f\n"),
            "main: create_task t\nmain: call_soon a\nmain: run\npoll 0ms\n"
            "enter t\n  t: catch cancelled c\n  c: await f\nleave t\n"
            "enter a\n  a: cancel_task t -> true\nleave a\npoll 0ms\n"
            "enter t\n  got c: await f -> raises cancelled\n  end c -> raises cancelled\n"
            "  t: log caught\n  end t\nleave t\n");
}

TEST(AsioAwaitable, who_was_cancelled_is_not_suspended_any_more) {
  std::string trace = played(
      "main: create_task t\nmain: call_soon a\na: cancel_task t\nt: catch cancelled c\nt: sleep 10ms\nc: await f\n");
  EXPECT_NE(trace.find("  t: sleep 10ms\n  got t: sleep 10ms -> raises cancelled\n"), std::string::npos) << trace;
}

TEST(AsioAwaitable, a_task_that_is_cancelled_before_it_begins_has_a_step_without_its_script) {
  std::string trace = played("main: create_task t\nmain: cancel_task t\nmain: create_task u\nt: log no\nu: await t\n");
  EXPECT_NE(trace.find("enter t\nleave t\n"), std::string::npos) << trace;
  EXPECT_NE(trace.find("got u: await t -> raises cancelled\n"), std::string::npos) << trace;
}

TEST(AsioAwaitable, a_task_that_a_task_creates_begins_within_its_step) {
  std::string trace = played("main: create_task t\nt: create_task u\nt: log on\nt: yield\nu: yield\n");
  EXPECT_NE(trace.find("enter t\n  t: create_task u\n  enter u\n    u: yield\n  leave u\n  t: log on\n  t: yield\n"
                       "leave t\npoll 0ms\nenter u\n"),
            std::string::npos)
      << trace;
}

TEST(AsioAwaitable, an_awaitable_is_awaited_once) {
  std::string trace = played("main: create_coroutine c\nmain: create_task t\nt: await c\nt: await c\nt: log on\n");
  EXPECT_NE(trace.find("  t: await c\n  end c\n  got t: await c\n  t: await c -> unsupported\n  t: log on\n"),
            std::string::npos)
      << trace;
}

TEST(AsioAwaitable, two_plays_give_the_same_trace) {
  std::string once = played(blocked);
  EXPECT_EQ(played(blocked), once);
}

TEST(AsioAwaitable, what_is_suspended_goes_with_the_loop) {
  std::size_t events = played(blocked).size();  // what is kept for good is there from now on
  std::int64_t before = allocations().alive;
  EXPECT_EQ(played(blocked).size(), events);
  EXPECT_EQ(allocations().alive, before);
}

TEST(AsioAwaitable, what_a_coroutine_says_is_played_or_unsupported) {
  constexpr std::array own{Verb::await, Verb::call,   Verb::yield,   Verb::sleep,
                           Verb::catch_, Verb::repeat, Verb::finally_};
  for (const VerbRow& row : verbs()) {
    if (row.speaker != Speaker::coroutine || row.verb == Verb::raise || row.verb == Verb::return_) continue;
    bool played = std::ranges::find(own, row.verb) != own.end();
    bool unsupported = std::ranges::find(awaitables().unsupported, row.verb, &Unsupported::verb) !=
                       awaitables().unsupported.end();
    EXPECT_NE(played, unsupported) << row.spelling;
  }
}

}  // namespace
}  // namespace cede
