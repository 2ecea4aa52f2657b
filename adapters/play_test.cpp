// Every list of steps means something: the rules of spec/README.md, one by one, on the reference.
#include "adapters/play.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <sstream>

#include "adapters/adapters.h"
#include "reference/loop.h"

namespace cede {
namespace {

Trace trace_of(const std::string& text, World::Pace pace = World::Pace::frozen,
               const Adapter& adapter = reference_adapter()) {
  Parsed parsed = parse_scenario(text);
  EXPECT_FALSE(parsed.error) << text << to_string(*parsed.error);
  World world(pace);
  Trace trace;
  adapter.run(adapter, parsed.scenario, world, trace);
  return trace;
}

std::string played(const std::string& text, const Adapter& adapter = reference_adapter()) {
  return to_string(trace_of(text, World::Pace::frozen, adapter));
}

/// The events of everybody but main and the loop's polls, without the way out.
std::string jobs_in(const std::string& text) {
  std::string jobs;
  std::istringstream lines(played(text));
  for (std::string line; std::getline(lines, line);)
    if (line.find("main:") == std::string::npos && line.find("poll") == std::string::npos && line != "rest")
      jobs += line + "\n";
  return jobs;
}

/// How main's implicit end looks when nothing is left to do.
const std::string run_and_close = "main: run\npoll forever\nrest\ngot main: run\nmain: close\n";

// Rule 1: main runs the loop until it rests, then closes it.

TEST(Play, after_its_last_step_main_runs_the_loop_until_it_rests_and_closes_it) {
  EXPECT_EQ(played(""), run_and_close);
  EXPECT_EQ(played("main: log a"), "main: log a\n" + run_and_close);
}

TEST(Play, if_main_closed_the_loop_it_is_neither_run_nor_closed_again) {
  EXPECT_EQ(played("main: call_soon a\nmain: close\n"), "main: call_soon a\nmain: close\n");
  EXPECT_EQ(played("main: close\nmain: log a\nmain: close\n"), "main: close\nmain: log a\nmain: close\n");
}

TEST(Play, main_may_run_the_loop_itself_and_go_on) {
  EXPECT_EQ(played("main: stop\nmain: run\nmain: log a\n"),
            "main: stop\nmain: run\npoll 0ms\ngot main: run\nmain: log a\n" + run_and_close);
}

// Rule 2: names.

TEST(Play, a_name_under_which_nothing_was_made_is_a_pending_future) {
  EXPECT_EQ(played("main: done f\nmain: cancelled f\nmain: result f\nmain: set_result f 1\nmain: result f\n"),
            "main: done f -> false\nmain: cancelled f -> false\nmain: result f -> raises invalid_state\n"
            "main: set_result f 1\nmain: result f -> 1\n" +
                run_and_close);
}

TEST(Play, a_name_stands_for_the_newest_object_that_was_made_under_it) {
  EXPECT_EQ(jobs_in("main: set_result f 1\nmain: create_future f\nmain: call_soon a\na: done f\n"),
            "enter a\n  a: done f -> false\nleave a\n");
  EXPECT_EQ(jobs_in("main: set_result t 1\nmain: create_task t\nmain: call_soon a\na: result t\nt: return 2\n"),
            "enter t\n  t: return 2\n  end t -> 2\nleave t\nenter a\n  a: result t -> 2\nleave a\n");
}

TEST(Play, handles_have_names_of_their_own_and_cancel_concerns_the_newest) {
  EXPECT_EQ(jobs_in("main: call_soon a\nmain: call_later 20ms a\nmain: cancel a\na: log x\n"),
            "enter a\n  a: log x\nleave a\n");
  EXPECT_EQ(jobs_in("main: set_result a 1\nmain: call_soon a\nmain: cancel a\nmain: call_soon b\nb: result a\n"),
            "enter b\n  b: result a -> 1\nleave b\n");
}

TEST(Play, cancelling_what_was_never_scheduled_does_nothing) {
  EXPECT_EQ(played("main: cancel a\nmain: when a\n"), "main: cancel a\nmain: when a -> none\n" + run_and_close);
}

TEST(Play, a_script_without_steps_does_nothing_and_one_that_is_never_started_never_runs) {
  EXPECT_EQ(jobs_in("main: call_soon a\nmain: create_task t\nb: log never\n"),
            "enter a\nleave a\nenter t\n  end t\nleave t\n");
}

TEST(Play, a_script_may_be_a_callback_and_a_task_and_be_awaited) {
  EXPECT_EQ(jobs_in("main: call_soon a\nmain: create_task a\nmain: create_task t\nt: call a\na: log x\n"),
            "enter a\n  a: log x\nleave a\nenter a\n  a: log x\n  end a\nleave a\n"
            "enter t\n  t: call a\n  a: log x\n  end a\n  end t\nleave t\n");
}

// Rule 3: what can raise into a script.

TEST(Play, a_refusal_is_only_an_answer_and_the_script_goes_on) {
  EXPECT_EQ(
      jobs_in("main: call_soon a\na: set_result f 1\na: set_result f 2\na: set_exception f key\na: run\na: close\n"
              "a: log x\n"),
      "enter a\n  a: set_result f 1\n  a: set_result f 2 -> raises invalid_state\n"
      "  a: set_exception f key -> raises invalid_state\n"
      "  a: run\n  got a: run -> raises runtime\n  a: close -> raises runtime\n  a: log x\nleave a\n");
}

TEST(Play, an_await_a_call_and_a_repeat_raise_into_their_script) {
  for (std::string raises : {"t: await f", "t: call p", "t: repeat 3 p", "t: raise key"})
    EXPECT_EQ(
        jobs_in("main: set_exception f key\nmain: create_task t\n" + raises + "\nt: log never\np: raise key\n")
            .find("never"),
        std::string::npos)
        << raises;
}

TEST(Play, catch_goes_on_after_its_error_and_not_after_another) {
  auto after = [](const std::string& caught, const std::string& raised) {
    return jobs_in("main: create_task t\nt: catch " + caught + " p\nt: log on\np: raise " + raised + "\n")
               .find("log on") != std::string::npos;
  };
  EXPECT_TRUE(after("key", "key"));
  EXPECT_FALSE(after("key", "value"));
  EXPECT_TRUE(after("generic", "timeout"));
  EXPECT_FALSE(after("generic", "cancelled"));
  EXPECT_FALSE(after("generic", "exit"));
  EXPECT_TRUE(after("cancelled", "cancelled"));
}

TEST(Play, finally_plays_its_second_script_whatever_came_of_the_first) {
  EXPECT_EQ(jobs_in("main: create_task t\nt: finally c d\nt: log e\nc: raise key\n"),
            "enter t\n  t: finally c d\n  c: raise key\n  end c -> raises key\n  end d\n"
            "  end t -> raises key\nleave t\n");
  EXPECT_EQ(jobs_in("main: create_task t\nt: finally c d\nc: raise key\nd: raise value\n"),
            "enter t\n  t: finally c d\n  c: raise key\n  end c -> raises key\n  d: raise value\n"
            "  end d -> raises value\n  end t -> raises value\nleave t\n");
}

TEST(Play, a_message_is_seen_with_its_cancellation_and_tasks_alone_are_uncancelled) {
  EXPECT_EQ(played("main: cancel_task f m\nmain: result f\nmain: uncancel f\n"),
            "main: cancel_task f m -> true\nmain: result f -> raises cancelled m\nmain: uncancel f -> ignored\n" +
                run_and_close);
}

// Rule 4: where errors go.

TEST(Play, an_error_that_leaves_a_coroutine_reaches_who_awaits_it) {
  EXPECT_EQ(jobs_in("main: create_task t\nt: create_task u\nt: await u\nu: raise key\n"),
            "enter t\n  t: create_task u\n  t: await u\nleave t\nenter u\n  u: raise key\n  end u -> raises "
            "key\nleave u\n"
            "enter t\n  got t: await u -> raises key\n  end t -> raises key\nleave t\n");
}

TEST(Play, an_error_that_leaves_a_callback_reaches_the_error_handler) {
  EXPECT_EQ(jobs_in("main: call_soon a\nmain: call_soon b\na: raise key\na: log never\n"),
            "enter a\n  a: raise key\nleave a\nerror key\nenter b\nleave b\n");
  EXPECT_EQ(jobs_in("main: set_exception_handler h\nmain: call_soon a\na: raise key\nh: log x\n"),
            "enter a\n  a: raise key\nleave a\nerror key\nh: log x\n");
}

TEST(Play, an_error_that_leaves_main_ends_main) {
  EXPECT_EQ(played("main: raise key\nmain: log never\n"), "main: raise key\n" + run_and_close);
  EXPECT_EQ(played("main: return 1\nmain: log never\n"), "main: return 1\n" + run_and_close);
}

// Rule 5: verbs of coroutines.

TEST(Play, what_only_a_coroutine_can_do_is_ignored_elsewhere) {
  for (const VerbRow& row : verbs()) {
    if (row.speaker != Speaker::coroutine) continue;
    Step step{.who = main_script, .verb = row.verb, .value = Value::of(std::int64_t{1})};
    for (Arg arg : row.args)
      if (is_name(arg)) *step.next_name() = Name("p");
    if (row.args[0] == Arg::error) step.value = Value::of(ErrorKind::key);
    std::string in_main = to_string(step);
    step.who = Name("a");
    std::string in_callback = to_string(step);
    EXPECT_EQ(played(in_main + "\nmain: log on\n"), in_main + " -> ignored\nmain: log on\n" + run_and_close);
    EXPECT_EQ(jobs_in("main: call_soon a\n" + in_callback + "\na: log on\n"),
              "enter a\n  " + in_callback + " -> ignored\n  a: log on\nleave a\n");
  }
}

// Rule 6: silence.

TEST(Play, after_64_jobs_scripts_fall_silent) {
  Trace trace = trace_of("main: call_soon a\na: call_soon a\n");
  EXPECT_EQ(std::ranges::count(trace.events, What::enter, &Event::what), 64);
  EXPECT_EQ(trace.events.back().what, What::silent);
}

TEST(Play, a_scenario_may_say_another_limit) {
  for (int limit : {0, 1, 5, 200}) {
    Trace trace = trace_of("main: limit " + std::to_string(limit) + "\nmain: call_soon a\na: call_soon a\n");
    EXPECT_EQ(std::ranges::count(trace.events, What::enter, &Event::what), limit);
  }
  EXPECT_EQ(trace_of("main: limit 9223372036854775807\nmain: call_soon a\na: call_soon a\n").events.back().what,
            What::silent);
}

TEST(Play, a_script_that_is_started_inline_counts_like_a_job) {
  EXPECT_EQ(jobs_in("main: limit 3\nmain: create_task t\nt: call t\n"),
            "enter t\n  t: call t\n  t: call t\n  t: call t\n  silent\n");
  EXPECT_EQ(
      jobs_in("main: limit 4\nmain: create_task t\nt: repeat 9223372036854775807 p\np: log x\n"),
      "enter t\n  t: repeat 9223372036854775807 p\n  p: log x\n  end p\n  p: log x\n  end p\n  p: log x\n  end p\n"
      "  silent\n");
}

TEST(Play, a_coroutine_that_is_driven_by_hand_counts_each_send) {
  EXPECT_EQ(played("main: limit 2\nmain: create_coroutine p\nmain: send p\nmain: send p\nmain: send p\np: yield "
                   "1\np: yield 2\n"),
            "main: limit 2\nmain: create_coroutine p\nmain: send p\np: yield 1\ngot main: send p -> 1\n"
            "main: send p\ngot p: yield 1\np: yield 2\ngot main: send p -> 2\nmain: send p\nsilent\n");
}

TEST(Play, a_deep_recursion_ends_like_any_other) {
  EXPECT_EQ(trace_of("main: limit 1000\nmain: create_task t\nt: call t\n").events.back().what, What::silent);
}

// Rule 7: what is not everybody's.

TEST(Play, limit_is_mains) {
  EXPECT_EQ(jobs_in("main: call_soon a\na: limit 1\na: call_soon b\n"),
            "enter a\n  a: limit 1 -> ignored\n  a: call_soon b\nleave a\nenter b\nleave b\n");
}

TEST(Play, a_step_that_a_loop_cannot_perform_is_answered_unsupported) {
  Adapter adapter = reference_adapter();
  adapter.unsupported = {{Verb::stop, "it never stops"}, {Verb::call_later, "it has no timers"}};
  EXPECT_EQ(
      played("main: stop\nmain: call_later 1ms a\nmain: call_soon b\nb: stop\nb: log on\n", adapter),
      "main: stop -> unsupported\nmain: call_later 1ms a -> unsupported\nmain: call_soon b\nmain: run\npoll 0ms\n"
      "enter b\n  b: stop -> unsupported\n  b: log on\nleave b\npoll forever\nrest\ngot main: run\nmain: close\n");
  adapter.unsupported = {{Verb::close, "it cannot be closed"}};
  EXPECT_EQ(played("main: log a\n", adapter), "main: log a\nmain: run\npoll forever\nrest\ngot main: run\n");
}

// What every trace has in common.

const std::string some_scenarios[] = {
    "main: call_later 2ms a\nmain: call_later 1ms b\nmain: call_soon c\na: call_soon b\nb: log x\nc: busy 5ms\n",
    "main: create_task t\nmain: create_task u\nt: await f\nt: sleep 1ms\nu: yield\nu: set_result f 7\nu: call "
    "p\np: sleep 2ms\n",
    "main: call_soon a\nmain: call_later 3ms b\na: add_done_callback f b\na: set_result f\nb: stop\nb: call_soon "
    "c\n",
    "main: create_task t\nt: catch cancelled p\np: await f\nt: log on\nmain: call_later 1ms a\na: cancel_task t\n",
};

TEST(Play, the_same_scenario_gives_the_same_trace) {
  World world;  // one world for many, as in a campaign
  for (const std::string& text : some_scenarios) {
    Trace trace;
    for (int i = 0; i < 3; ++i) {
      reference_adapter().run(reference_adapter(), parse_scenario(text).scenario, world, trace);
      EXPECT_EQ(to_string(trace), played(text));
    }
  }
}

TEST(Play, whatever_the_pace_things_happen_in_the_same_order) {
  auto order = [](const std::string& text, World::Pace pace) {
    std::string order;
    for (const Event& event : trace_of(text, pace).events)
      if (event.what != What::poll) order += to_string(event) + "\n";
    return order;
  };
  for (const std::string& text : some_scenarios) {
    std::string frozen = order(text, World::Pace::frozen);
    EXPECT_EQ(order(text, World::Pace::creeping), frozen) << text;
    EXPECT_EQ(order(text, World::Pace::real), frozen) << text;
  }
}

TEST(Play, times_at_the_ends_of_their_range_are_times_too) {
  for (std::string time : {"-9223372036854775808ns", "9223372036854775806ns", "9223372036s", "-9223372036s", "-1ns",
                           "forever", "1ns", "4611686018427387904ns"}) {
    Trace trace =
        trace_of("main: call_later " + time + " a\nmain: call_at " + time + " b\nmain: create_task t\nmain: busy " +
                 time + "\nt: sleep " + time + "\na: busy " + time + "\na: time\nb: when a\nb: call_at " + time +
                 " c\nc: call_later " + time + " d\nmain: when a\nmain: when b\n");
    EXPECT_EQ(to_string(trace.events.back()), "main: close") << time << "\n" << to_string(trace);
  }
}

// Loops that do not end.

/// Polls and polls, whatever it is told about waiting.
class RestlessSelector : public reference::Selector {
 public:
  explicit RestlessSelector(World& world) : world_(world) {}
  bool add(int, reference::Interest) override { return true; }
  void remove(int, reference::Interest) override {}
  void select(Nanos, std::vector<reference::Ready>&) override {
    world_.wait(0, [](Nanos) { return 0L; });
  }
  void wake() override {}

 private:
  World& world_;
};

struct WorldClock : reference::Clock {
  explicit WorldClock(World& world) : world(world) {}
  Nanos now() override { return world.read_clock(); }
  World& world;
};

struct Restless {
  explicit Restless(World& world) : clock(world), selector(world) {}
  WorldClock clock;
  RestlessSelector selector;
};

struct RestlessLoop : private Restless, public reference::Loop {
  explicit RestlessLoop(World& world) : Restless(world), reference::Loop(clock, selector) {}
  ~RestlessLoop() override { abandon_tasks(); }
};

struct DeafLoop : RestlessLoop {
  using RestlessLoop::RestlessLoop;
  void stop() override {}
};

template <class L>
Adapter adapter_of() {
  Adapter adapter = reference_adapter();
  adapter.run = [](const Adapter& self, const Scenario& scenario, World& world, Trace& trace) {
    play(
        scenario, self,
        [](World& w, const Adapter&) -> std::unique_ptr<reference::AbstractLoop> { return std::make_unique<L>(w); },
        world, trace);
  };
  return adapter;
}

TEST(Play, a_loop_that_polls_and_polls_is_stuck) {
  Trace trace = trace_of("main: call_soon a\n", World::Pace::frozen, adapter_of<RestlessLoop>());
  EXPECT_EQ(trace.events.back().what, What::stuck);
  EXPECT_EQ(std::ranges::count(trace.events, What::enter, &Event::what), 1);
}

TEST(Play, a_loop_that_cannot_be_stopped_is_ended_all_the_same) {
  Trace trace = trace_of("main: call_soon a\n", World::Pace::frozen, adapter_of<DeafLoop>());
  EXPECT_EQ(trace.events.back().what, What::stuck);
}

TEST(Play, a_loop_that_was_stuck_leaves_nothing_behind_for_the_next_scenario) {
  World world;
  Trace trace;
  Adapter restless = adapter_of<RestlessLoop>();
  restless.run(restless, parse_scenario("main: create_task t\nt: await f\n").scenario, world, trace);
  reference_adapter().run(reference_adapter(), {}, world, trace);
  EXPECT_EQ(to_string(trace), run_and_close);
}

}  // namespace
}  // namespace cede
