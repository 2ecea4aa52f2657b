// How a trace looks when it is printed, line by line as the table in spec/README.md has it.
#include "spec/trace.h"

#include <gtest/gtest.h>

namespace cede {
namespace {

Event event(What what, std::string_view step = "a: log x", Answer answer = {}) {
  Event event;
  event.what = what;
  event.step = parse_scenario(step).scenario.steps.at(0);
  event.answer = answer;
  return event;
}

TEST(Trace, a_step_is_printed_with_its_answer) {
  Value seven = Value::of(std::int64_t{7});
  EXPECT_EQ(to_string(event(What::did, "a: set_result f 7")), "a: set_result f 7");
  EXPECT_EQ(to_string(event(What::did, "a: result f", Answer::of(seven))), "a: result f -> 7");
  EXPECT_EQ(to_string(event(What::did, "a: result f", Answer::raised(ErrorKind::key))), "a: result f -> raises key");
  EXPECT_EQ(to_string(event(What::did, "a: exception f", Answer::of(Value{}))), "a: exception f -> none");
  EXPECT_EQ(to_string(event(What::did, "a: done f", Answer::of(Value::of(true)))), "a: done f -> true");
  EXPECT_EQ(to_string(event(What::did, "a: done f", Answer::of(Value::of(false)))), "a: done f -> false");
  EXPECT_EQ(to_string(event(What::did, "a: current_task", Answer::of(Value::of(Name("t"))))), "a: current_task -> t");
  EXPECT_EQ(to_string(event(What::did, "a: time", Answer::of(Value::of_duration(1500 * microsecond)))),
            "a: time -> 1500us");
  EXPECT_EQ(to_string(event(What::did, "a: exception f", Answer::of(Value::of(ErrorKind::timeout)))),
            "a: exception f -> timeout");
  EXPECT_EQ(to_string(event(What::did, "a: run", {Answer::Kind::unsupported, {}})), "a: run -> unsupported");
  EXPECT_EQ(to_string(event(What::did, "a: yield", {Answer::Kind::ignored, {}})), "a: yield -> ignored");
}

TEST(Trace, what_the_loop_does_is_printed_in_a_word_or_two) {
  EXPECT_EQ(to_string(event(What::got, "t: await f", Answer::of(Value::of(std::int64_t{7})))), "got t: await f -> 7");
  EXPECT_EQ(to_string(event(What::enter)), "enter a");
  EXPECT_EQ(to_string(event(What::leave)), "leave a");
  EXPECT_EQ(to_string(event(What::end, "t: log x", Answer::of(Value::of(std::int64_t{3})))), "end t -> 3");
  EXPECT_EQ(to_string(event(What::end)), "end a");
  EXPECT_EQ(to_string(event(What::error, "a: log x", Answer::of(Value::of(ErrorKind::key)))), "error key x a");
  EXPECT_EQ(to_string(event(What::rest)), "rest");
  EXPECT_EQ(to_string(event(What::stuck)), "stuck");
  EXPECT_EQ(to_string(event(What::silent)), "silent");
  Event poll = event(What::poll);
  poll.time = 10 * millisecond;
  EXPECT_EQ(to_string(poll), "poll 10ms");
  poll.time = forever;
  EXPECT_EQ(to_string(poll), "poll forever");
}

TEST(Trace, jobs_are_indented_and_a_line_with_only_a_time_says_that_it_moved_on) {
  Trace trace;
  auto add = [&](Event event, Nanos at) {
    event.at = at;
    trace.events.push_back(event);
  };
  add(event(What::did, "main: run"), 0);
  add(event(What::enter), 10 * millisecond);
  add(event(What::did, "a: log x"), 10 * millisecond);
  add(event(What::enter, "b: log x"), 10 * millisecond);
  add(event(What::leave, "b: log x"), 12 * millisecond);
  add(event(What::leave), 12 * millisecond);
  add(event(What::rest), 12 * millisecond);
  EXPECT_EQ(to_string(trace),
            "main: run\n"
            "10ms\n"
            "enter a\n"
            "  a: log x\n"
            "  enter b\n"
            "12ms\n"
            "  leave b\n"
            "leave a\n"
            "rest\n");
}

TEST(Trace, there_is_a_line_for_each_event_so_that_a_report_can_mark_one) {
  Trace trace;
  trace.events = {event(What::enter), event(What::did), event(What::leave), event(What::rest)};
  for (Event& event : trace.events) event.at = second;  // times are not lines here
  EXPECT_EQ(lines(trace), (std::vector<std::string>{"enter a", "  a: log x", "leave a", "rest"}));
}

TEST(Trace, a_leave_without_an_enter_is_printed_all_the_same) {
  Trace trace;
  trace.events = {event(What::leave), event(What::leave), event(What::rest)};
  EXPECT_EQ(to_string(trace), "leave a\nleave a\nrest\n");
}

}  // namespace
}  // namespace cede
