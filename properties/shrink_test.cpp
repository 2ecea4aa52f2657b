// What is shrunk still fails, is no larger, cannot be shrunk again, and where the smallest is known
// it is found.
#include "properties/shrink.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "properties/for_all.h"
#include "properties/generator.h"

namespace cede {
namespace {

constexpr std::uint64_t seed = 20261122;

bool says(const Scenario& scenario, Verb verb) {
  return std::ranges::any_of(scenario.steps, [&](const Step& step) { return step.verb == verb; });
}

/// A step with `second` behind one with `first` that has the same name.
bool pair_of(const Scenario& scenario, Verb first, Verb second) {
  for (auto a = scenario.steps.begin(); a != scenario.steps.end(); ++a)
    for (auto b = a; b != scenario.steps.end(); ++b)
      if (a->verb == first && b->verb == second && a->name == b->name) return true;
  return false;
}

std::string shrunk(const std::string& text, const StillFails& still_fails) {
  Scenario scenario = parse_scenario(text).scenario;
  EXPECT_TRUE(still_fails(scenario)) << text;
  return to_string(shrink(scenario, still_fails));
}

/// Every generated scenario that fails becomes this one.
void expect_all_become(const std::string& smallest, const StillFails& still_fails) {
  int failing = 0;
  for_all_scenarios(seed, 3000, [&](const Scenario& scenario) {
    if (!still_fails(scenario)) return true;
    ++failing;
    EXPECT_EQ(to_string(shrink(scenario, still_fails)), smallest) << "from\n" << to_string(scenario);
    return failing < 100;
  });
  EXPECT_GT(failing, 10) << "too few scenarios fail to say anything";
}

TEST(Shrink, finds_the_smallest_scenario_where_it_is_known) {
  expect_all_become("main: log a\n", [](const Scenario& s) { return !s.steps.empty(); });
  expect_all_become("main: cancel a\n", [](const Scenario& s) { return says(s, Verb::cancel); });
  expect_all_become("main: call_later 0ms a\nmain: cancel a\n",
                    [](const Scenario& s) { return pair_of(s, Verb::call_later, Verb::cancel); });
  expect_all_become("main: log a\nmain: log a\nmain: log a\n", [](const Scenario& s) { return s.steps.size() >= 3; });
}

TEST(Shrink, takes_away_what_stands_between) {
  EXPECT_EQ(shrunk("main: log b\nmain: call_later 7ms c\nc: busy 3ms\nd: raise key\nc: cancel c\nmain: run\n",
                   [](const Scenario& s) { return pair_of(s, Verb::call_later, Verb::cancel); }),
            "main: call_later 0ms a\nmain: cancel a\n");
}

TEST(Shrink, makes_times_as_short_as_they_can_be) {
  EXPECT_EQ(shrunk("a: busy 12ms\n",
                   [](const Scenario& s) {
                     return std::ranges::any_of(s.steps, [](const Step& step) {
                       return step.verb == Verb::busy && step.time >= 3 * millisecond;
                     });
                   }),
            "main: busy 3ms\n");
  EXPECT_EQ(shrunk("a: call_at forever d\n", [](const Scenario& s) { return says(s, Verb::call_at); }),
            "main: call_at 0ms a\n");
}

TEST(Shrink, takes_values_away_that_do_not_matter) {
  EXPECT_EQ(shrunk("a: set_result g 9\n", [](const Scenario& s) { return says(s, Verb::set_result); }),
            "main: set_result a\n");
}

TEST(Shrink, keeps_two_names_apart_where_they_have_to_be) {
  auto two_names = [](const Scenario& s) { return s.steps.size() == 2 && s.steps[0].name != s.steps[1].name; };
  EXPECT_EQ(shrunk("main: call_soon d\nmain: call_soon c\n", two_names), "main: log a\nmain: log b\n");
}

TEST(Shrink, leaves_the_smallest_alone) {
  auto any = [](const Scenario& s) { return !s.steps.empty(); };
  EXPECT_EQ(shrunk("main: log a\n", any), "main: log a\n");
  EXPECT_EQ(to_string(shrink({}, [](const Scenario&) { return true; })), "");
}

TEST(Shrink, shrinks_to_nothing_what_fails_whatever_it_is) {
  EXPECT_EQ(shrunk("main: call_soon a\na: log x\n", [](const Scenario&) { return true; }), "");
}

/// Failures of no rhyme or reason too: a judge may be anything.
std::vector<StillFails> failures() {
  std::vector<StillFails> failures;
  for (const VerbRow& row : verbs())
    failures.push_back([verb = row.verb](const Scenario& s) { return says(s, verb) && s.steps.size() > 2; });
  for (std::size_t n : {2, 3, 5})
    failures.push_back([n](const Scenario& s) { return std::hash<std::string>{}(to_string(s)) % n == 0; });
  failures.push_back([](const Scenario& s) {
    return pair_of(s, Verb::create_task, Verb::cancel_task) && pair_of(s, Verb::set_result, Verb::await);
  });
  return failures;
}

TEST(Shrink, what_it_gives_still_fails_is_no_larger_and_the_same_every_time) {
  Random random(seed);
  int shrunk = 0;
  for (const StillFails& still_fails : failures())
    for (int i = 0; i < 60; ++i) {
      Scenario scenario = any_scenario(random);
      if (!still_fails(scenario)) continue;
      ++shrunk;
      Scenario small = shrink(scenario, still_fails);
      std::string both = to_string(scenario) + "became\n" + to_string(small);
      EXPECT_TRUE(still_fails(small)) << both;
      EXPECT_LE(small.steps.size(), scenario.steps.size()) << both;
      EXPECT_TRUE(small == scenario || simpler(small, scenario)) << both;
      EXPECT_EQ(shrink(scenario, still_fails), small) << both;
      EXPECT_EQ(shrink(small, still_fails), small) << "it can be shrunk again\n" << both;
    }
  EXPECT_GT(shrunk, 200);
}

TEST(Shrink, asks_only_about_scenarios_of_the_language) {
  Random random(seed);
  for (int i = 0; i < 50; ++i) {
    Scenario scenario = any_scenario(random);
    shrink(scenario, [](const Scenario& candidate) {
      EXPECT_EQ(parse_scenario(to_string(candidate)).scenario, candidate) << to_string(candidate);
      return candidate.steps.size() >= 2;
    });
  }
}

TEST(Simpler, is_a_total_order) {
  Random random(seed);
  std::vector<Scenario> scenarios{{}};
  for (int i = 0; i < 60; ++i) scenarios.push_back(any_scenario(random));
  for (int i = 0; i < 60; ++i) scenarios.push_back({{any_step(random)}});
  scenarios.push_back(parse_scenario("a: busy -9223372036854775808ns").scenario);
  scenarios.push_back(parse_scenario("a: busy 9223372036854775806ns").scenario);
  scenarios.push_back(parse_scenario("a: set_result f -9223372036854775808").scenario);
  for (const Scenario& a : scenarios)
    for (const Scenario& b : scenarios) {
      EXPECT_EQ(simpler(a, b) + simpler(b, a), a == b ? 0 : 1) << to_string(a) << "and\n" << to_string(b);
      for (const Scenario& c : scenarios)
        if (simpler(a, b) && simpler(b, c))
          EXPECT_TRUE(simpler(a, c)) << to_string(a) << to_string(b) << to_string(c);
    }
}

TEST(Simpler, prefers_fewer_lines_and_then_simpler_ones) {
  auto less = [](std::string_view a, std::string_view b) {
    return simpler(parse_scenario(a).scenario, parse_scenario(b).scenario);
  };
  EXPECT_TRUE(less("", "main: log a"));
  EXPECT_TRUE(less("main: run_in_new_loop d", "main: log a\nmain: log a"));
  EXPECT_TRUE(less("main: log a", "main: call_soon a"));
  EXPECT_TRUE(less("main: call_soon a", "main: call_later 0ms a"));
  EXPECT_TRUE(less("main: call_later 1ms a", "main: call_later 2ms a"));
  EXPECT_TRUE(less("main: call_later 9ms a", "main: call_later -1ms a"));
  EXPECT_TRUE(less("main: set_result f", "main: set_result f 1"));
  EXPECT_TRUE(less("main: log a", "a: log a"));
  EXPECT_TRUE(less("main: log a", "main: log b"));
}

}  // namespace
}  // namespace cede
