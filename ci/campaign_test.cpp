// The whole path, scenario by scenario: whatever the generator makes, and whatever is cut from it or
// pasted into it, is played to its end, told the same way twice, and read by every judge.
#include "ci/campaign.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>
#include <string>

#include "ci/exit.h"
#include "ci/run.h"
#include "properties/exhaustive.h"
#include "properties/for_all.h"
#include "properties/generator.h"

namespace cede {
namespace {

constexpr std::uint64_t seed = 20261122;

std::vector<const Clause*> all_clauses() { return matching_clauses({}); }

const ClauseResult* result_of(const Campaign& campaign, std::string_view id) {
  for (const ClauseResult& result : campaign.results())
    if (result.clause->id == id) return &result;
  return nullptr;
}

/// What is true of every trace, whatever the loop; empty if all is.
std::string disorder(const Trace& trace) {
  if (trace.events.empty()) return "nothing was seen";
  Nanos now = 0;
  std::vector<Id> open;
  for (const Event& event : trace.events) {
    if (event.at < now) return "time goes back at " + to_string(event);
    now = event.at;
    if (event.what == What::enter) {
      if (std::ranges::find(open, event.job) != open.end()) return "entered twice: " + to_string(event);
      open.push_back(event.job);
    }
    if (event.what == What::leave) {
      if (open.empty() || open.back() != event.job) return "left, but not entered last: " + to_string(event);
      open.pop_back();
    }
    if (event.what == What::did && event.step.who.empty()) return "nobody did: " + to_string(event);
  }
  bool cut_off = trace.events.back().what == What::silent || trace.events.back().what == What::stuck;
  if (!open.empty() && !cut_off) return "a job is never left";
  return {};
}

class Plays {
 public:
  /// On the reference, which can be told to do without some verbs.
  explicit Plays(std::vector<Unsupported> unsupported = {}) { loop_.unsupported = std::move(unsupported); }

  /// Plays it twice in a world that many have used, and reads it.
  bool operator()(const Scenario& scenario) {
    for (Trace* trace : {&first_, &second_}) loop_.run(loop_, scenario, world_, *trace);
    EXPECT_EQ(disorder(first_), "") << to_string(scenario) << to_string(first_);
    EXPECT_TRUE(to_string(first_) == to_string(second_)) << to_string(scenario) << "differs the second time";
    history_.read(first_);
    EXPECT_LE(history_.polls.size(), first_.events.size());
    for (const Wait& wait : history_.waits) EXPECT_LT(wait.asked, first_.events.size());
    for (const Job& job : history_.jobs) EXPECT_EQ(job.outer, 0u) << to_string(scenario);
    for (const Property& property : properties()) {
      Verdict verdict = property.judge(history_);
      EXPECT_FALSE(verdict.violated()) << property.clause << ": " << verdict.text << "\n" << to_string(scenario);
      if (verdict.decisive() && verdict.event != never) EXPECT_LT(verdict.event, first_.events.size());
    }
    ++played;
    return !testing::Test::HasFailure();
  }

  int played = 0;

 private:
  Adapter loop_ = reference_adapter();
  World world_;
  Trace first_, second_;
  History history_;
};

TEST(EveryScenario, that_the_generator_makes_is_played_to_its_end) {
  Plays plays;
  EXPECT_TRUE(for_all_scenarios(seed, 20'000, std::ref(plays)));
  EXPECT_EQ(plays.played, 20'000);
}

TEST(EveryScenario, of_which_lines_are_missing_means_something_too) {
  Plays plays;
  Random random(seed);
  for_all_scenarios(seed, 3000, [&](Scenario scenario) {
    while (scenario.steps.size() > 1) {
      scenario.steps.erase(scenario.steps.begin() + random.below(scenario.steps.size()));
      if (random.once_in(3) && !plays(scenario)) return false;
    }
    return true;
  });
  EXPECT_GT(plays.played, 5000);
}

TEST(EveryScenario, that_is_spliced_from_two_or_shuffled_means_something_too) {
  Plays plays;
  Random random(seed);
  Scenario last;
  for_all_scenarios(seed, 5000, [&](const Scenario& scenario) {
    Scenario spliced = last;
    last = scenario;
    spliced.steps.resize(random.below(spliced.steps.size() + 1));
    spliced.steps.insert(spliced.steps.end(), scenario.steps.begin() + random.below(scenario.steps.size()),
                         scenario.steps.end());
    if (random.once_in(4))
      for (Step& step : spliced.steps) std::swap(step, spliced.steps[random.below(spliced.steps.size())]);
    return plays(spliced);
  });
  EXPECT_GT(plays.played, 4000);
}

TEST(EveryScenario, says_nothing_against_a_loop_that_lacks_one_of_its_verbs) {
  for (const VerbRow& row : verbs()) {
    Plays plays({{row.verb, "it is not there"}});
    for_all_scenarios(seed, 5000, [&](const Scenario& scenario) {
      bool said = std::ranges::find(scenario.steps, row.verb, &Step::verb) != scenario.steps.end();
      return !said || plays(scenario);
    });
    if (HasFailure()) FAIL() << "without " << row.spelling;
  }
}

TEST(EveryScenario, whoever_says_what_to_whom_means_something_too) {
  Plays plays;
  Random random(seed);
  const Name names[] = {main_script, Name("a"), Name("b"), Name("t"), Name("f"), Name("p")};
  auto any_name = [&] { return names[random.below(std::size(names))]; };
  for (int i = 0; i < 10'000; ++i) {
    Scenario scenario;
    for (std::uint32_t steps = 1 + random.below(16); steps > 0; --steps) {
      Step step = any_step(random);
      step.who = any_name();
      if (step.name) step.name = any_name();
      if (step.script) step.script = any_name();
      scenario.steps.push_back(step);
    }
    if (!plays(scenario)) break;
  }
}

TEST(Campaign, plays_the_examples_of_all_clauses_and_counts_what_it_plays) {
  Campaign campaign(reference_adapter(), World::Pace::frozen, all_clauses());
  campaign.play_examples();
  std::size_t examples = 0;
  for (const Clause& clause : chapters().clauses) examples += clause.examples.size();
  EXPECT_EQ(campaign.played(), examples);
  campaign.play_random(1, 100, [] { return true; });
  EXPECT_EQ(campaign.played(), examples + 100);
  ASSERT_TRUE(result_of(campaign, "PASS-2"));
  const ClauseResult& result = *result_of(campaign, "PASS-2");
  EXPECT_GT(result.decisive, 0u);
  EXPECT_LE(result.decisive, result.reached);
  EXPECT_LE(result.reached, campaign.played());
  EXPECT_EQ(result.violated, 0u);
}

TEST(Campaign, holds_a_loop_to_the_exact_order_only_if_it_declares_it) {
  Adapter adapter = reference_adapter();
  adapter.exact_order = false;
  Campaign lenient(adapter, World::Pace::frozen, all_clauses());
  for (const ClauseResult& result : lenient.results()) EXPECT_NE(result.clause->tier, "X");
}

/// A loop that takes every future for pending, and each time if it does so `always`, else the first.
template <bool always>
Adapter liar() {
  Adapter adapter = reference_adapter();
  adapter.name = "liar";
  adapter.run = [](const Adapter&, const Scenario& scenario, World& world, Trace& trace) {
    static std::set<std::string> played;
    reference_adapter().run(reference_adapter(), scenario, world, trace);
    if (!played.insert(to_string(scenario)).second && !always) return;
    for (Event& event : trace.events)
      if (event.what == What::did && event.step.verb == Verb::done) event.answer = Answer::of(Value::of(false));
  };
  return adapter;
}

TEST(Campaign, tells_what_comes_a_second_time) {
  Adapter once = liar<false>(), always = liar<true>();
  Campaign doubted(once, World::Pace::frozen, all_clauses());
  Campaign convinced(always, World::Pace::frozen, all_clauses());
  for (Campaign* campaign : {&doubted, &convinced}) campaign->play_random(1, 2000, [] { return true; });
  std::uint64_t told = 0;
  for (const ClauseResult& result : doubted.results()) {
    EXPECT_EQ(result.violated, 0u) << result.clause->id;
    EXPECT_LE(result.decisive, result.reached);
  }
  for (const ClauseResult& result : convinced.results()) told += result.violated;
  EXPECT_GT(told, 0u);
}

TEST(Campaign, stops_when_it_is_told_to) {
  Campaign campaign(reference_adapter(), World::Pace::frozen, {});
  campaign.play_random(1, 1000, [&] { return campaign.played() < 10; });
  EXPECT_EQ(campaign.played(), 10u);
}

// What the command line says is read here too.

TEST(Glob, stars_and_question_marks_are_wild_and_all_of_the_text_has_to_match) {
  EXPECT_TRUE(matches("PASS-2", "PASS-2"));
  EXPECT_FALSE(matches("PASS-2", "PASS-20"));
  EXPECT_FALSE(matches("ASS-2", "PASS-2"));
  EXPECT_TRUE(matches("PASS-*", "PASS-20"));
  EXPECT_TRUE(matches("*", ""));
  EXPECT_TRUE(matches("*-?", "PASS-2"));
  EXPECT_FALSE(matches("*-?", "PASS-20"));
  EXPECT_TRUE(matches("*S*-*0", "PASS-20"));
  EXPECT_FALSE(matches("?", ""));
  EXPECT_FALSE(matches("", "a"));
}

TEST(Budget, is_a_number_of_cases_or_of_seconds) {
  Budget budget;
  EXPECT_TRUE(parse_budget("20000cases", budget));
  EXPECT_EQ(budget.cases, 20'000u);
  EXPECT_EQ(budget.seconds, 0);
  EXPECT_TRUE(parse_budget("1.5s", budget));
  EXPECT_EQ(budget.seconds, 1.5);
  EXPECT_TRUE(parse_budget("exhaustive:2", budget));
  EXPECT_EQ(budget.steps, 2u);
  EXPECT_EQ(budget.cases, count_programs(2));
  EXPECT_EQ(budget.text(), "exhaustive:2");
  for (const char* text : {"", "s", "cases", "10", "10 s", "10S", "-1s", "0cases", "0.5cases", "1e99cases", "infs"})
    EXPECT_FALSE(parse_budget(text, budget)) << text;
}

TEST(Exit, of_several_the_worst_is_what_the_shell_gets) {
  EXPECT_EQ(worst({}), Exit::verified);
  EXPECT_EQ(worst({Exit::inconclusive, Exit::not_verified, Exit::departs}), Exit::departs);
  EXPECT_EQ(worst({Exit::departs, Exit::adapter_failed}), Exit::adapter_failed);
  EXPECT_EQ(worst({Exit::departs, Exit::interrupted, Exit::internal}), Exit::interrupted);
  EXPECT_EQ(worst({Exit::stale, Exit::unstable}), Exit::unstable);
}

}  // namespace
}  // namespace cede
