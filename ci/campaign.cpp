#include "ci/campaign.h"

#include <algorithm>

#include "properties/for_all.h"
#include "properties/shrink.h"

namespace cede {
namespace {

constexpr std::size_t violations_kept = 8;

}  // namespace

std::uint64_t floor_for(std::uint64_t played) { return std::clamp<std::uint64_t>(played / 500, 1, 200); }

Campaign::Campaign(const Adapter& adapter, World::Pace pace, const std::vector<const Clause*>& clauses)
    : adapter_(adapter), world_(pace) {
  for (const Clause* clause : clauses) {
    if (clause->tier == "X" && !adapter.exact_order) continue;
    auto property = std::ranges::find(properties(), clause->id, &Property::clause);
    if (property == properties().end()) continue;
    ClauseResult result;
    result.clause = clause;
    result.property = &*property;
    results_.push_back(result);
  }
}

void Campaign::play_examples() {
  for (const Clause& clause : chapters().clauses)
    for (const Example& example : clause.examples) play(parse_scenario(example.scenario).scenario);
}

void Campaign::play_random(std::uint64_t seed, std::uint64_t count, const std::function<bool()>& go_on) {
  auto is_left_out = [&](const Step& step) { return std::ranges::find(left_out_, step.verb) != left_out_.end(); };
  for_all_scenarios(seed, count, [&](const Scenario& scenario) {
    if (left_out_.empty()) {
      play(scenario);
    } else {
      Scenario rest = scenario;
      std::erase_if(rest.steps, is_left_out);
      play(rest);
    }
    return go_on();
  });
}

void Campaign::play(const Scenario& scenario) {
  adapter_.run(adapter_, scenario, world_, trace_);
  history_.read(trace_);
  ++played_;
  for (ClauseResult& result : results_) {
    Verdict verdict = result.property->judge(history_);
    if (verdict.kind == Verdict::Kind::not_reached) continue;
    ++result.reached;
    if (verdict.decisive()) ++result.decisive;
    if (verdict.kind == Verdict::Kind::variant) ++result.variants[verdict.text];
    if (!verdict.violated()) continue;
    if (++result.violated == 1) result.first_violation = played_;
    if (result.violations.size() < violations_kept) result.violations.push_back(scenario);
  }
}

Verdict Campaign::judge(const Scenario& scenario, const Property& property) {
  adapter_.run(adapter_, scenario, world_, trace_);
  history_.read(trace_);
  return property.judge(history_);
}

Scenario Campaign::smallest_violation(const ClauseResult& result) {
  Scenario smallest;
  for (const Scenario& violation : result.violations) {
    Scenario small = shrink(violation, [&](const Scenario& candidate) {
      return judge(candidate, *result.property).violated();
    });
    if (smallest.steps.empty() || simpler(small, smallest)) smallest = std::move(small);
  }
  return smallest;
}

}  // namespace cede
