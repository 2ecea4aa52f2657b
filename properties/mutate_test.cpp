// What a fuzzer relies on: mutation and crossing are total, bounded and repeatable, reach all that
// the generator can say, and do change something.
#include "properties/mutate.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "properties/generator.h"

namespace cede {
namespace {

constexpr int rounds = 20'000;

/// What a fuzzer does for hours: it mutates what it has mutated.
template <class Check>
void mutate_on_and_on(std::uint64_t seed, Check check, int times = rounds) {
  Random random(seed);
  Scenario scenario;
  for (int i = 0; i < times; ++i) {
    mutate(scenario, random);
    check(scenario);
  }
}

bool is_line_of(const Step& step, const Scenario& scenario) {
  return std::ranges::find(scenario.steps, step) != scenario.steps.end();
}

TEST(Mutate, a_mutated_scenario_is_neither_empty_nor_too_long) {
  mutate_on_and_on(1, [](const Scenario& scenario) {
    ASSERT_GE(scenario.steps.size(), 1u);
    ASSERT_LE(scenario.steps.size(), steps_max);
  });
}

TEST(Mutate, an_overlong_scenario_is_cut) {
  Random random(1);
  Scenario scenario;
  scenario.steps.assign(10 * steps_max, any_step(random));
  mutate(scenario, random);
  EXPECT_LE(scenario.steps.size(), steps_max);
}

TEST(Mutate, what_is_mutated_is_read_back_as_it_was_printed) {
  mutate_on_and_on(2, [](const Scenario& scenario) {
    Parsed parsed = parse_scenario(to_string(scenario));
    ASSERT_FALSE(parsed.error) << to_string(*parsed.error) << "\n" << to_string(scenario);
    ASSERT_EQ(to_string(parsed.scenario), to_string(scenario));
  });
}

TEST(Mutate, the_same_seed_mutates_in_the_same_way) {
  Random one(3), other(3);
  Scenario a, b;
  for (int i = 0; i < 1000; ++i) {
    mutate(a, one);
    mutate(b, other);
    ASSERT_EQ(to_string(a), to_string(b));
  }
}

TEST(Mutate, every_verb_of_the_generator_comes_up) {
  std::set<std::string_view> generated, mutated;
  Random random(4);
  for (int i = 0; i < rounds; ++i)
    for (const Step& step : any_scenario(random).steps) generated.insert(row(step.verb).spelling);
  generated.erase("limit");  // hides what comes later: the generator says it in a motif, and in no single step
  auto note = [&](const Scenario& scenario) {
    for (const Step& step : scenario.steps) mutated.insert(row(step.verb).spelling);
  };
  mutate_on_and_on(4, note, 5 * rounds);  // a single step is seldom one of the rarest verbs
  EXPECT_EQ(mutated, generated);
}

TEST(Mutate, mutation_hardly_ever_changes_nothing) {
  Random random(5);
  int unchanged = 0;
  for (int i = 0; i < rounds; ++i) {
    Scenario scenario = any_scenario(random), before = scenario;
    mutate(scenario, random);
    unchanged += scenario == before;
  }
  EXPECT_LT(unchanged, rounds / 20);
}

TEST(Mutate, what_two_lines_have_in_common_can_be_made_by_mutation) {
  // Two timers at different times become a tie.
  Random random(6);
  const Scenario apart = parse_scenario("main: call_later 3ms a\nmain: call_later 7ms b\n").scenario;
  int ties = 0;
  for (int i = 0; i < rounds; ++i) {
    Scenario scenario = apart;
    mutate(scenario, random);
    ties += scenario.steps.size() == 2 && scenario.steps[0].name != scenario.steps[1].name &&
            scenario.steps[0].time == scenario.steps[1].time && scenario.steps[0].time != 0;
  }
  EXPECT_GT(ties, 0);
}

TEST(CrossOver, a_child_has_the_lines_of_its_parents_and_no_others) {
  Random random(7);
  int of_both = 0;
  for (int i = 0; i < rounds; ++i) {
    Scenario a = any_scenario(random), b = any_scenario(random);
    Scenario child = cross_over(a, b, random);
    bool from_a = false, from_b = false;
    for (const Step& step : child.steps) {
      ASSERT_TRUE(is_line_of(step, a) || is_line_of(step, b)) << to_string(step);
      from_a |= !is_line_of(step, b);
      from_b |= !is_line_of(step, a);
    }
    of_both += from_a && from_b;
  }
  EXPECT_GT(of_both, rounds / 2);
}

TEST(CrossOver, a_child_of_long_parents_is_no_longer_than_they_may_be) {
  Random random(8);
  Scenario a, b;
  a.steps.assign(steps_max, any_step(random));
  b.steps.assign(10 * steps_max, any_step(random));
  for (int i = 0; i < 1000; ++i) {
    EXPECT_LE(cross_over(a, b, random).steps.size(), steps_max);
    EXPECT_LE(cross_over(b, a, random).steps.size(), steps_max);
  }
}

TEST(CrossOver, an_empty_parent_does_no_harm) {
  Random random(9);
  Scenario a = any_scenario(random), empty;
  for (int i = 0; i < 1000; ++i) {
    EXPECT_EQ(cross_over(a, empty, random), a);
    EXPECT_FALSE(cross_over(empty, a, random).steps.empty());
  }
  EXPECT_TRUE(cross_over(empty, empty, random).steps.empty());
}

}  // namespace
}  // namespace cede
