// A trace on the wire says all that there is to say, through either door; and what is none is told.
#include "adapters/wire_trace.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "adapters/adapters.h"
#include "adapters/wire.h"
#include "properties/for_all.h"
#include "spec/chapters.h"

namespace cede {
namespace {

Trace trace_of(const Scenario& scenario, World::Pace pace = World::Pace::frozen) {
  World world(pace);
  Trace trace;
  reference_adapter().run(reference_adapter(), scenario, world, trace);
  return trace;
}

/// Every field; `==` of answers leaves messages of cancellations alone.
std::string everything(const Event& event) {
  const Answer& answer = event.answer;
  std::string text = to_string(event);
  for (std::int64_t number : {std::int64_t(event.what), event.at, std::int64_t(event.job), std::int64_t(event.id),
                              std::int64_t(event.made), std::int64_t(event.frame), std::int64_t(event.thread),
                              event.time, event.step.time, std::int64_t(answer.kind), std::int64_t(answer.value.kind),
                              std::int64_t(answer.value.error), answer.value.number, std::int64_t(event.among[0]),
                              std::int64_t(event.among[1]), std::int64_t(event.among[2])})
    text += " " + std::to_string(number);
  for (const Name& name : {event.step.who, event.step.name, event.step.script, event.step.other, answer.value.name})
    text += " " + std::string(name.text());
  return text + " " + to_string(event.step.value);
}

std::string everything(const Trace& trace) {
  std::string text;
  for (const Event& event : trace.events) text += everything(event) + "\n";
  return text;
}

std::string written(const Trace& trace, const Scenario& scenario) {
  std::string json;
  append_json(json, trace, scenario);
  return json;
}

TEST(WireTrace, loses_nothing_on_the_way) {
  auto survives = [](const Scenario& scenario) {
    const Trace trace = trace_of(scenario);
    const std::string json = written(trace, scenario);
    JsonReader reader(json);
    Trace again;
    read_trace(reader, scenario, again);
    reader.end();
    EXPECT_EQ(reader.error(), "") << to_string(scenario);
    EXPECT_TRUE(everything(again) == everything(trace)) << to_string(scenario) << json.substr(0, 4000);
    return !testing::Test::HasFailure();
  };
  for (const Clause& clause : chapters().clauses)
    for (const Example& example : clause.examples) ASSERT_TRUE(survives(parse_scenario(example.scenario).scenario));
  const char* no_script_takes_it = "main: create_task a\nmain: run_coroutine_threadsafe 0ms a\n";
  EXPECT_TRUE(survives(parse_scenario(no_script_takes_it).scenario)) << "of whose tasks the loop makes one";
  EXPECT_TRUE(for_all_scenarios(1, 5000, survives));
}

TEST(WireTrace, is_the_same_through_two_doors) {
  std::string why;
  const Adapter* served = find_adapter("exec:" CEDE_COMMAND " serve --loop reference", why);
  ASSERT_TRUE(served) << why;
  for (World::Pace pace : {World::Pace::frozen, World::Pace::creeping})
    EXPECT_TRUE(for_all_scenarios(2, 3000, [&](const Scenario& scenario) {
      World world(pace);
      Trace seen;
      served->run(*served, scenario, world, seen);
      EXPECT_TRUE(everything(seen) == everything(trace_of(scenario, pace))) << to_string(scenario);
      return !testing::Test::HasFailure();
    }));
  end_drivers();
}

/// What is wrong with it.
std::string error_in(const std::string& json) {
  const Scenario scenario = parse_scenario("main: call_soon a\na: stop\n").scenario;
  JsonReader reader(json);
  Trace trace;
  read_trace(reader, scenario, trace);
  reader.end();
  return reader.error();
}

struct Wrong {
  const char* json;
  const char* error;
};

TEST(WireTrace, says_which_event_is_none_and_what_was_expected) {
  const std::string good = R"(["enter",0,"a",1],)";
  for (const Wrong& wrong : {
           Wrong{R"(["jumped",0])", "event 1: there is no event jumped"},
           Wrong{R"([])", "event 1: expected what it is, and when and found the end of the event"},
           Wrong{R"(["rest"])", "event 1: expected what it is, and when and found the end of rest"},
           Wrong{R"(["rest",1.5])", "event 1: expected an integer and found 1.5]]"},
           Wrong{R"(["rest",0,1])", "event 1: expected rest to be over"},
           Wrong{R"(["poll",0])", "event 1: expected the limit of the wait and found the end of poll"},
           Wrong{R"(["did",0,2,1,0])", "event 1: there is no step 2: the scenario has 2, from 0"},
           Wrong{R"(["did",0,"main: jump",1,0])", "event 1: `main: jump` is no step"},
           Wrong{R"(["did",0,0,1])", "event 1: expected an id, a number from 0 and found the end of did"},
           Wrong{R"(["did",0,0,-1,0])", "event 1: expected a frame and found -1"},
           Wrong{R"(["did",0,0,1,0,{"raises":"oops"}])", "event 1: there is no error oops"},
           Wrong{R"(["did",0,0,1,0,{"value":1,"not":"ignored"}])",
                 "event 1: expected only one of value, raises and not"},
           Wrong{R"(["did",0,0,1,0,{"not":"done"}])", "event 1: expected unsupported or ignored and found done"},
           Wrong{R"(["did",0,0,0,1,{"made":1}])",
                 "event 1: expected a frame from 1: who takes a step of the scenario is a script"},
           Wrong{R"(["did",0,0,1,1])", "event 1: expected made with what call_soon made: the id of its handle"},
           Wrong{R"(["did",0,"main: call_at 0ms a",1,1,{"made":1}])",
                 "event 1: expected time with what call_at made: its deadline"},
           Wrong{R"(["did",0,0,1,0,{"value":[1]}])", "event 1: expected null and found [1]}]]"},
           Wrong{R"(["did",0,0,1,0,{"value":{}}])", "event 1: expected an object with error or ns"},
           Wrong{R"(["did",0,0,1,0,{"value":"no name"}])", "event 1: expected a name and found no name"},
           Wrong{R"(["did",0,0,1,0,{"thread":256}])", "event 1: expected a thread's number and found 256"},
           Wrong{R"(["enter",0,"",1])", "event 1: expected the name of a script and found "},
           Wrong{R"(["leave",0,"a",1],["leave",0,"a",1])", "event 2: it leaves, and nothing was entered"},
           Wrong{R"(["leave",0,"a",2])", "event 1: it leaves a 2, and what was entered last is a 1"},
           Wrong{R"(["leave",0,"b",1])", "event 1: it leaves b 1, and what was entered last is a 1"},
           Wrong{R"(["did",0,0,1,4294967295])", "event 1: expected an id and found 4294967295"},
           Wrong{R"(["poll",-1,0])", "event 1: expected when, nanoseconds since the beginning and found -1"},
           Wrong{R"(["rest",0])", "a 1 was entered and never left"},
           Wrong{R"({"what":"did"})", R"(event 1: expected an array and found {"what":"did"}])"},
       })
    EXPECT_EQ(error_in("[" + good + wrong.json + "]"), wrong.error) << wrong.json;
  EXPECT_EQ(error_in("[" + good.substr(0, good.size() - 1)), "event 0: expected a comma or ] and found the end");
  EXPECT_EQ(error_in("[] []"), "expected the end and found []");
}

TEST(WireTrace, may_end_in_a_job_that_never_ends) {
  for (const char* end : {"silent", "stuck"})
    EXPECT_EQ(error_in(fmt::format(R"([["enter",0,"a",1],["{}",0]])", end)), "");
}

TEST(WireTrace, leaves_alone_what_it_does_not_know) {
  EXPECT_EQ(error_in(R"([["did",0,1,1,0,{"mood":{"deep":[1.5e3,null,"\u00e9"]}}]])"), "");
}

TEST(WireTrace, has_no_depth_that_a_stack_could_end_in) {
  const std::string deep(100'000, '[');
  EXPECT_EQ(error_in(R"([["did",0,1,1,0,{"mood":)" + deep).substr(0, 28), "event 0: expected less depth");
}

}  // namespace
}  // namespace cede
