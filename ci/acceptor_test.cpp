// Whole traces: every order that the contract allows is accepted, and what is not is told apart.
#include "ci/acceptor.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "ci/any_choices.h"
#include "ci/campaign.h"
#include "ci/stream.h"
#include "ci/text.h"
#include "properties/for_all.h"

namespace cede {
namespace {

using enum Acceptor::Judgement;

Trace played(const Scenario& scenario, reference::Choices* choices = nullptr) {
  World world;
  world.let_choose(choices);
  Trace trace;
  reference_adapter().run(reference_adapter(), scenario, world, trace);
  return trace;
}

Scenario scenario_of(std::string_view text) {
  Parsed parsed = parse_scenario(text);
  EXPECT_FALSE(parsed.error) << text;
  return parsed.scenario;
}

/// Always the last instead of the first.
struct LastFirst : reference::Choices {
  std::size_t pick(std::size_t n) override { return n - 1; }
};

const char* const five_sleepers =
    "main: create_task t\nmain: create_task u\nmain: create_task v\nmain: create_task w\nmain: create_task x\n"
    "t: sleep 10ms\nu: sleep 10ms\nv: sleep 10ms\nw: sleep 10ms\nx: sleep 10ms\n";

TEST(Acceptor, accepts_every_order_of_equal_deadlines) {
  Acceptor acceptor(reference_adapter());
  LastFirst last;
  const char* three_timers = "main: call_later 10ms a\nmain: call_later 10ms b\nmain: call_later 10ms c\n";
  for (const char* text : {three_timers, five_sleepers}) {
    Scenario scenario = scenario_of(text);
    Trace reversed = played(scenario, &last);
    EXPECT_TRUE(parting(reversed, played(scenario))) << text;
    EXPECT_EQ(acceptor.judge(scenario, reversed), accepts) << text;
  }
}

TEST(Acceptor, rejects_another_order_of_different_deadlines_and_says_where_it_begins) {
  Scenario scenario = scenario_of("main: call_later 10ms a\nmain: call_later 9ms b\nmain: busy 10ms\n");
  Trace wrong = played(scenario);
  auto enters = [&](std::size_t job) {
    for (std::size_t i = 0; i < wrong.events.size(); ++i)
      if (wrong.events[i].what == What::enter && job-- == 0) return i;
    return wrong.events.size();
  };
  std::size_t first = enters(0), second = enters(1);
  std::rotate(wrong.events.begin() + first, wrong.events.begin() + second, wrong.events.begin() + second + 2);
  Acceptor acceptor(reference_adapter());
  EXPECT_EQ(acceptor.judge(scenario, wrong), rejects);
  EXPECT_EQ(acceptor.parted().seen, first);
  EXPECT_EQ(acceptor.closest().events[acceptor.parted().expected].step.who, Name("b"));
}

TEST(Acceptor, does_not_mind_how_a_loop_polls) {
  Scenario scenario = scenario_of("main: call_soon a\na: call_later 10ms b\n");
  Trace trace = played(scenario);
  std::erase_if(trace.events, [](const Event& event) { return event.what == What::poll; });
  EXPECT_FALSE(parting(trace, played(scenario)));
  EXPECT_EQ(Acceptor(reference_adapter()).judge(scenario, trace), accepts);
}

TEST(Acceptor, minds_answers_times_and_what_is_missing) {
  Scenario scenario = scenario_of("main: call_soon a\na: done f\na: busy 1ms\na: log x\n");
  Acceptor acceptor(reference_adapter());
  for (auto spoil : {+[](Trace& trace) { trace.events[4].answer = Answer::of(Value::of(true)); },
                     +[](Trace& trace) { trace.events[6].at += 1; }, +[](Trace& trace) { trace.events.pop_back(); },
                     +[](Trace& trace) { trace.events.push_back(trace.events.back()); }}) {
    Trace wrong = played(scenario);
    spoil(wrong);
    EXPECT_EQ(acceptor.judge(scenario, wrong), rejects) << to_string(wrong);
  }
}

TEST(Acceptor, holds_a_loop_only_to_what_it_can_do) {
  Adapter loop = reference_adapter();
  loop.unsupported = {{Verb::busy, "it cannot be held up"}};
  Scenario scenario = scenario_of("main: busy 10ms\nmain: call_later 10ms a\n");
  World world;
  Trace trace;
  loop.run(loop, scenario, world, trace);
  EXPECT_EQ(Acceptor(loop).judge(scenario, trace), accepts);
  EXPECT_EQ(Acceptor(reference_adapter()).judge(scenario, trace), rejects);
}

TEST(Acceptor, accepts_the_reference_whatever_it_chooses_in_any_scenario) {
  Acceptor acceptor(reference_adapter());
  AnyChoices any;
  int given_up = 0, otherwise = 0;
  for_all_scenarios(7, 20'000, [&](const Scenario& scenario) {
    any.begin(scenario);
    Trace trace = played(scenario, &any);
    otherwise += parting(trace, played(scenario)).has_value();
    auto judgement = acceptor.judge(scenario, trace);
    given_up += judgement == undecided;
    EXPECT_NE(judgement, rejects) << to_string(scenario) << to_string(trace);
    return judgement != rejects;
  });
  EXPECT_GT(otherwise, 100);
  EXPECT_LT(given_up, 20);
}

/// A loop whose `log` has an answer, which no clause forbids.
Adapter talkative() {
  Adapter adapter = reference_adapter();
  adapter.name = "talkative";
  adapter.run = [](const Adapter&, const Scenario& scenario, World& world, Trace& trace) {
    reference_adapter().run(reference_adapter(), scenario, world, trace);
    for (Event& event : trace.events)
      if (event.what == What::did && event.step.verb == Verb::log)
        event.answer = Answer::of(Value::of(std::int64_t{7}));
  };
  return adapter;
}

TEST(Campaign, finds_what_no_clause_explains_and_makes_it_small) {
  Adapter loop = talkative();
  Campaign campaign(loop, World::Pace::frozen, matching_clauses({}));
  ASSERT_TRUE(campaign.compares());
  campaign.play_random(1, 5000, [] { return true; });
  for (const ClauseResult& result : campaign.results()) EXPECT_EQ(result.violated, 0u) << result.clause->id;
  EXPECT_GT(campaign.order().unexplained, 0u);
  EXPECT_GT(campaign.order().first_unexplained, 0u);
  Scenario smallest = campaign.smallest_unexplained();
  EXPECT_EQ(smallest.steps.size(), 1u) << to_string(smallest);
  EXPECT_EQ(smallest.steps[0].verb, Verb::log);

  LoopReport report{.info = loop, .order = OrderReport{1, 0, 1, {}}};
  ASSERT_TRUE(campaign.is_unexplained(smallest));
  const Acceptor& acceptor = campaign.acceptor();
  report.order->divergence =
      Divergence{smallest, shown(campaign.trace()), shown(acceptor.closest()), acceptor.parted()};
  RunReport run;
  run.loops.push_back(report);
  EXPECT_NE(divergence_text(report, run.terms, false).find("> "), std::string::npos);
  EXPECT_EQ(worst(exits(run)), Exit::departs);
  EXPECT_NE(to_json_lines(run).find("\"kind\":\"order\",\"loop\":\"talkative\""), std::string::npos);
}

TEST(Campaign, compares_no_loop_that_does_not_declare_the_order_nor_the_reference_with_itself) {
  Adapter other = talkative();
  other.exact_order = false;
  EXPECT_FALSE(Campaign(other, World::Pace::frozen, {}).compares());
  EXPECT_FALSE(Campaign(reference_adapter(), World::Pace::frozen, {}).compares());
  EXPECT_FALSE(Campaign(other, World::Pace::real, {}).compares());
}

TEST(Campaign, with_free_choices_at_random_holds_every_clause_and_shows_the_variants) {
  Campaign campaign(reference_adapter(), World::Pace::frozen, matching_clauses({}));
  campaign.choose_at_random();
  campaign.play_random(1, 20'000, [] { return true; });
  for (const ClauseResult& result : campaign.results()) {
    EXPECT_EQ(result.violated, 0u) << result.clause->id;
    if (result.clause->id != "TIMER-4") continue;
    ASSERT_TRUE(result.variants.contains("any"));
    EXPECT_LT(result.variants.at("any"), result.decisive) << "not constant";
  }
}

}  // namespace
}  // namespace cede
