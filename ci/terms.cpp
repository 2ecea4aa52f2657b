#include "ci/terms.h"

#include <fnmatch.h>

#include <algorithm>
#include <charconv>
#include <stdexcept>
#include <string_view>

#include <fmt/format.h>

#include "properties/exhaustive.h"
#include "properties/for_all.h"

namespace cede {
namespace {

constexpr std::uint64_t slices = 16;               // of a budget that is counted
constexpr std::uint64_t slice_of_time = 1 << 14;   // scenarios, if nobody knows how many there will be

/// The examples of all clauses; false if `check` has had enough.
bool for_all_examples(std::uint64_t& number, const std::function<bool(std::uint64_t, const Scenario&)>& check) {
  for (const Clause& clause : chapters().clauses)
    for (const Example& example : clause.examples)
      if (!check(++number, parse_scenario(example.scenario).scenario)) return false;
  return true;
}

std::uint64_t count_examples() {
  std::uint64_t count = 0;
  for (const Clause& clause : chapters().clauses) count += clause.examples.size();
  return count;
}

}  // namespace

std::string Budget::text() const {
  if (steps > 0) return fmt::format("exhaustive:{}", steps);
  if (!is_counted() && seconds == 0) return "no end";
  return seconds > 0 ? fmt::format("{}s", seconds) : fmt::format("{}cases", cases);
}

bool parse_budget(const std::string& text, Budget& budget) {
  constexpr std::string_view exhaustive = "exhaustive:";
  if (text.starts_with(exhaustive)) {
    std::string steps = text.substr(exhaustive.size());
    if (steps.size() != 1 || steps[0] < '1' || steps[0] > '6') return false;
    budget.steps = static_cast<std::size_t>(steps[0] - '0');
    budget.cases = count_programs(budget.steps);
    return true;
  }
  std::size_t unit = 0;
  double amount = 0;
  try {
    amount = std::stod(text, &unit);
  } catch (const std::exception&) {
    return false;
  }
  if (!(amount > 0) || amount >= UINT32_MAX) return false;
  if (text.substr(unit) == "cases" && amount >= 1) budget = {static_cast<std::uint64_t>(amount), 0, 0};
  else if (text.substr(unit) == "s") budget = {UINT32_MAX, amount, 0};
  else return false;
  return true;
}

std::uint64_t floor_for(const Budget& budget, std::uint64_t played) {
  return budget.steps ? 1 : std::clamp<std::uint64_t>(played / 500, 1, 200);
}

Slice slice_of(const Budget& budget, std::uint64_t index) {
  if (!budget.is_counted()) return {index, index * slice_of_time, slice_of_time};
  auto begin = [&](std::uint64_t i) { return std::min(budget.cases, (budget.cases + slices - 1) / slices * i); };
  return {index, begin(index), begin(index + 1) - begin(index)};
}

namespace {

/// That of the first is the run's own. They are far from those of other runs, whose seeds are often neighbours.
std::uint64_t seed_of_slice(std::uint64_t seed, std::uint64_t index) {
  return seed ^ index * 0x9e3779b97f4a7c15u;
}

}  // namespace

void for_all_of(const Slice& slice, const Terms& terms,
                const std::function<bool(std::uint64_t, const Scenario&)>& check,
                const std::function<void()>& skipping) {
  std::uint64_t number = 0;
  if (terms.budget.steps) {
    for_all_programs(terms.budget.steps, [&](const Scenario& scenario) {
      if (++number > slice.skipped) return number <= slice.skipped + slice.count && check(number, scenario);
      if (number % (1 << 16) == 0) skipping();
      return true;
    });
    return;
  }
  if (slice.index == 0 && !for_all_examples(number, check)) return;
  number = count_examples() + slice.skipped;
  std::vector<Verb> left_out;
  for (const std::string& spelling : terms.without) left_out.push_back(find_verb(spelling)->verb);
  auto is_left_out = [&](const Step& step) { return std::ranges::find(left_out, step.verb) != left_out.end(); };
  // Without an end there is no need to come by the scenarios before: each slice has a seed of its own.
  const bool counted = terms.budget.is_counted();
  const std::uint64_t seed = counted ? terms.seed : seed_of_slice(terms.seed, slice.index);
  for_all_scenarios(seed, counted ? slice.skipped : 0, slice.count, [&](const Scenario& scenario) {
    if (left_out.empty()) return check(++number, scenario);
    Scenario rest = scenario;
    std::erase_if(rest.steps, is_left_out);
    return check(++number, rest);
  }, skipping);
}

bool matches(std::string_view glob, std::string_view text) {
  return fnmatch(std::string(glob).c_str(), std::string(text).c_str(), 0) == 0;
}

std::vector<const Clause*> matching_clauses(const std::vector<std::string>& globs) {
  std::vector<const Clause*> clauses;
  for (const Clause& clause : chapters().clauses)
    if (globs.empty() || std::ranges::any_of(globs, [&](auto& glob) { return matches(glob, clause.id); }))
      clauses.push_back(&clause);
  return clauses;
}

std::vector<const Clause*> Terms::clauses() const { return matching_clauses(globs); }

std::string Shard::text() const { return fmt::format("{}/{}", index, of); }

bool parse_shard(const std::string& text, Shard& shard) {
  const char* end = text.data() + text.size();
  auto index = std::from_chars(text.data(), end, shard.index);
  if (index.ec != std::errc{} || index.ptr == end || *index.ptr != '/') return false;
  auto of = std::from_chars(index.ptr + 1, end, shard.of);
  return of.ec == std::errc{} && of.ptr == end && shard.index >= 1 && shard.index <= shard.of && shard.of <= slices;
}

}  // namespace cede
