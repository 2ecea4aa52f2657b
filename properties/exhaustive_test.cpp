// The small scope is counted twice: by making its programs, and here, by formula and by hand.
#include "properties/exhaustive.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <set>
#include <string>
#include <vector>

namespace cede {
namespace {

using Names = std::set<Name>;

Name started_by(const Step& step) {
  for (Arg arg : row(step.verb).args)
    if (arg == Arg::script) return step.script ? step.script : step.name;
  return {};
}

std::uint64_t power(std::uint64_t base, std::size_t exponent) {
  return exponent ? base * power(base, exponent - 1) : 1;
}

/// In how many ways a script says so many steps that start these scripts and no others: those that
/// start at most these, less those that leave one out (inclusion and exclusion).
std::int64_t ways(Name who, std::size_t steps, const std::vector<Name>& starts) {
  std::int64_t ways = 0;
  for (std::size_t subset = 0; subset < std::size_t{1} << starts.size(); ++subset) {
    Names some{Name()};
    for (std::size_t i = 0; i < starts.size(); ++i)
      if (subset >> i & 1) some.insert(starts[i]);
    auto letters = std::ranges::count_if(
        alphabet(), [&](const Step& step) { return step.who == who && some.contains(started_by(step)); });
    bool even = (starts.size() + 1 - some.size()) % 2 == 0;
    std::int64_t of_these = static_cast<std::int64_t>(power(static_cast<std::uint64_t>(letters), steps));
    ways += even ? of_these : -of_these;
  }
  return ways;
}

std::vector<std::vector<Name>> subsets(const std::vector<Name>& names) {
  std::vector<std::vector<Name>> all{{}};
  for (Name name : names)
    for (std::size_t i = all.size(); i > 0; --i) {
      all.push_back(all[i - 1]);
      all.back().push_back(name);
    }
  return all;
}

const std::vector<Name> startable{Name("a"), Name("b"), Name("c"), Name("t"), Name("u")};

/// The programs that have exactly these scripts to come, with so many steps left: the first of them
/// says some steps and starts some more; each script is asked once, when its turn comes.
std::uint64_t count(std::vector<Name> turn, Names started, std::size_t left) {
  if (turn.empty()) return left == 0;
  Name who = turn.back();
  turn.pop_back();
  std::uint64_t programs = 0;
  for (std::size_t steps = 0; steps <= left; ++steps)
    for (const std::vector<Name>& starts : subsets(startable)) {
      std::int64_t said = ways(who, steps, starts);
      if (said == 0) continue;
      auto next = turn;
      Names all = started;
      for (Name name : starts)
        if (all.insert(name).second) next.push_back(name);
      programs += static_cast<std::uint64_t>(said) * count(next, all, left - steps);
    }
  return programs;
}

TEST(SmallScope, has_as_many_programs_as_the_formula_says) {
  std::uint64_t up_to = 0;
  for (std::size_t steps = 0; steps <= 4; ++steps) {
    up_to += count({main_script}, {main_script}, steps);
    EXPECT_EQ(count_programs(steps), up_to) << steps;
  }
}

/// What is left of a list of steps when the scripts that no line starts are dropped, script by script.
std::string normal(const std::vector<Step>& steps) {
  Names live{main_script};
  for (std::size_t before = 0; before != live.size();) {
    before = live.size();
    for (const Step& step : steps)
      if (live.contains(step.who) && started_by(step)) live.insert(started_by(step));
  }
  std::map<Name, std::string> scripts;
  for (const Step& step : steps)
    if (live.contains(step.who)) scripts[step.who] += to_string(step) + "\n";
  std::string text;
  for (const auto& [name, lines] : scripts) text += lines;
  return text;
}

TEST(SmallScope, has_every_list_of_three_steps_once) {
  std::set<std::string> programs;
  for_all_programs(3, [&](const Scenario& scenario) {
    EXPECT_TRUE(programs.insert(normal(scenario.steps)).second) << to_string(scenario);
    return true;
  });
  std::set<std::string> lists{""};
  for (const Step& first : alphabet()) {
    lists.insert(normal({first}));
    for (const Step& second : alphabet()) {
      lists.insert(normal({first, second}));
      if (first.who != main_script && second.who != main_script) continue;  // the rest is alike or dead
      for (const Step& third : alphabet()) lists.insert(normal({first, second, third}));
    }
  }
  EXPECT_TRUE(programs == lists) << programs.size() << " programs, " << lists.size() << " lists";
}

TEST(SmallScope, is_made_of_an_alphabet_whose_letters_are_all_different) {
  EXPECT_GE(alphabet().size(), 50u);
  std::set<std::string> letters;
  for (const Step& step : alphabet()) EXPECT_TRUE(letters.insert(to_string(step)).second) << to_string(step);
}

TEST(SmallScope, ends_when_it_is_told_to) {
  int asked = 0;
  EXPECT_FALSE(for_all_programs(4, [&](const Scenario&) { return ++asked < 10; }));
  EXPECT_EQ(asked, 10);
}

}  // namespace
}  // namespace cede
