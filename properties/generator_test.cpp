// Scenarios come from a seed and from nothing else, reach the whole language, and are small.
#include "properties/generator.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <set>

#include "properties/bias.h"
#include "properties/for_all.h"

namespace cede {
namespace {

constexpr std::uint64_t seed = 20261122;
constexpr std::uint64_t many = 20'000;

std::string fingerprint(std::uint64_t from, std::uint64_t count) {
  std::string text;
  for_all_scenarios(from, count, [&](const Scenario& scenario) {
    text += to_string(scenario) + "\n";
    return true;
  });
  return text;
}

TEST(Generator, every_scenario_survives_printing_and_parsing) {
  EXPECT_TRUE(for_all_scenarios(seed, many, [](const Scenario& scenario) {
    std::string text = to_string(scenario);
    Parsed parsed = parse_scenario(text);
    EXPECT_FALSE(parsed.error) << text << to_string(*parsed.error);
    EXPECT_EQ(parsed.scenario, scenario) << text;
    EXPECT_EQ(parse_leniently(text), scenario) << text;
    return !testing::Test::HasFailure();
  }));
}

bool is_generated(Family family) {
  return family == Family::core || std::ranges::any_of(biases(), [&](const Bias& bias) {
    return std::ranges::any_of(bias.weights, [&](const Weight& weight) { return row(weight.verb).family == family; });
  });
}

TEST(Generator, says_every_verb_of_the_language_but_limit_seldom) {
  std::array<int, verbs_count> said{};
  for_all_scenarios(seed, many, [&](const Scenario& scenario) {
    for (const Step& step : scenario.steps) ++said[static_cast<std::size_t>(step.verb)];
    return true;
  });
  for (const VerbRow& row : verbs())
    if (row.verb == Verb::limit)
      EXPECT_LT(said[static_cast<std::size_t>(row.verb)], 30) << "it hides what comes later: one motif alone says it";
    else if (is_generated(row.family))
      EXPECT_GT(said[static_cast<std::size_t>(row.verb)], 25) << row.spelling;
}

TEST(Generator, says_every_error_and_values_and_times_of_all_kinds) {
  std::set<ErrorKind> errors;
  std::set<Value::Kind> values;
  bool negative = false, endless = false, zero = false;
  for_all_scenarios(seed, many, [&](const Scenario& scenario) {
    for (const Step& step : scenario.steps) {
      if (step.value.kind == Value::Kind::error) errors.insert(step.value.error);
      values.insert(step.value.kind);
      if (row(step.verb).args[0] != Arg::duration) continue;
      negative |= step.time < 0;
      endless |= step.time == forever;
      zero |= step.time == 0;
    }
    return true;
  });
  for (auto error : {ErrorKind::cancelled, ErrorKind::runtime, ErrorKind::timeout, ErrorKind::key, ErrorKind::value,
                     ErrorKind::generic, ErrorKind::exit})
    EXPECT_TRUE(errors.contains(error)) << spelling(error);
  for (auto kind : {Value::Kind::none, Value::Kind::number, Value::Kind::name}) EXPECT_TRUE(values.contains(kind));
  EXPECT_TRUE(negative && endless && zero);
}

TEST(Generator, leaves_different_verbs_out_of_different_scenarios) {
  // Swarm: long scenarios without a single timer, or task, or future are common.
  int long_ones = 0, timeless = 0, taskless = 0;
  for_all_scenarios(seed, many, [&](const Scenario& scenario) {
    if (scenario.steps.size() < 18) return true;
    std::set<Verb> said;
    for (const Step& step : scenario.steps) said.insert(step.verb);
    ++long_ones;
    timeless += !said.contains(Verb::call_later) && !said.contains(Verb::call_at);
    taskless += !said.contains(Verb::create_task);
    return true;
  });
  EXPECT_GT(long_ones, 1000);
  EXPECT_GT(timeless, long_ones / 20);
  EXPECT_GT(taskless, long_ones / 20);
}

TEST(Generator, makes_scenarios_of_12_to_14_steps_on_average) {
  std::uint64_t steps = 0;
  std::size_t longest = 0;
  for_all_scenarios(seed, many, [&](const Scenario& scenario) {
    EXPECT_FALSE(scenario.steps.empty());
    steps += scenario.steps.size();
    longest = std::max(longest, scenario.steps.size());
    return true;
  });
  double average = static_cast<double>(steps) / many;
  EXPECT_GT(average, 12);
  EXPECT_LT(average, 14);
  EXPECT_LT(longest, 80u);
}

TEST(Generator, makes_the_same_scenarios_from_the_same_seed_and_others_from_another) {
  EXPECT_EQ(fingerprint(seed, 500), fingerprint(seed, 500));
  EXPECT_NE(fingerprint(seed, 500), fingerprint(seed + 1, 500));
  EXPECT_TRUE(fingerprint(seed, 500).starts_with(fingerprint(seed, 64))) << "more are the same and then others";
}

TEST(Generator, hardly_repeats_itself) {
  std::set<std::string> texts;
  for_all_scenarios(seed, many, [&](const Scenario& scenario) {
    texts.insert(to_string(scenario));
    return true;
  });
  EXPECT_GT(texts.size(), many * 95 / 100);
}

TEST(Generator, makes_the_number_of_scenarios_that_is_asked_for) {
  for (std::uint64_t count : {0, 1, 63, 64, 65, 1000}) {
    std::uint64_t seen = 0;
    EXPECT_TRUE(for_all_scenarios(seed, count, [&](const Scenario&) { return ++seen > 0; }));
    EXPECT_EQ(seen, count);
  }
}

TEST(Generator, stops_when_it_is_told_to) {
  std::uint64_t seen = 0;
  EXPECT_FALSE(for_all_scenarios(seed, 1000, [&](const Scenario&) { return ++seen < 70; }));
  EXPECT_EQ(seen, 70u);
}

TEST(Generator, a_scenario_does_not_depend_on_the_memory_that_it_is_written_to) {
  Random one(7), other(7);
  Scenario used{{Step{}, Step{}, Step{}}};
  for (int i = 0; i < 100; ++i) {
    any_scenario(one, used);
    EXPECT_EQ(used, any_scenario(other));
  }
}

TEST(Generator, any_step_is_a_step_of_the_language) {
  Random random(seed);
  std::set<Verb> said;
  for (std::uint64_t i = 0; i < 10 * many; ++i) {
    Step step = any_step(random);
    Parsed parsed = parse_scenario(to_string(step));
    ASSERT_FALSE(parsed.error) << to_string(step);
    ASSERT_EQ(parsed.scenario.steps.size(), 1u) << to_string(step);
    ASSERT_EQ(parsed.scenario.steps[0], step) << to_string(step);
    said.insert(step.verb);
  }
  for (const VerbRow& row : verbs())
    if (is_generated(row.family)) EXPECT_EQ(said.contains(row.verb), row.verb != Verb::limit) << row.spelling;
}

TEST(Random, is_the_same_everywhere) {
  Random random(0);  // splitmix64's own first numbers
  EXPECT_EQ(random.next(), 0xE220A8397B1DCDAFu);
  EXPECT_EQ(random.next(), 0x6E789E6AA1B965F4u);
}

TEST(Random, below_n_is_below_n_and_reaches_all_of_it) {
  Random random(1);
  std::set<std::uint32_t> seen;
  for (int i = 0; i < 1000; ++i) seen.insert(random.below(7));
  EXPECT_EQ(seen, (std::set<std::uint32_t>{0, 1, 2, 3, 4, 5, 6}));
  EXPECT_EQ(random.below(1), 0u);
}

}  // namespace
}  // namespace cede
