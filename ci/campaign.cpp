#include "ci/campaign.h"

#include <algorithm>

#include "ci/known_partings.h"
#include "properties/for_all.h"
#include "properties/shrink.h"

namespace cede {
namespace {

/// Shrinks them all, and gives the simplest that comes of it.
template <class Wanted>
Scenario smallest(const std::vector<Scenario>& scenarios, Wanted wanted) {
  Scenario smallest;
  for (const Scenario& scenario : scenarios) {
    Scenario small = shrink(scenario, wanted);
    if (smallest.steps.empty() || simpler(small, smallest)) smallest = std::move(small);
  }
  return smallest;
}

void count(std::map<std::string, std::uint64_t, std::less<>>& counts, std::string_view name) {
  auto found = counts.find(name);
  if (found == counts.end()) found = counts.emplace(name, 0).first;
  ++found->second;
}

}  // namespace

Campaign::Campaign(const Adapter& adapter, World::Pace pace, const std::vector<const Clause*>& clauses)
    : adapter_(adapter), world_(pace_for(adapter, pace)) {
  for (const Clause* clause : clauses) {
    if (clause->tier == "X" && !adapter.exact_order) continue;
    auto property = std::ranges::find(properties(), clause->id, &Property::clause);
    if (property == properties().end()) continue;
    ClauseResult result;
    result.clause = clause;
    result.property = &*property;
    results_.push_back(result);
  }
  bool is_another = &adapter != &reference_adapter();
  if (adapter.exact_order && is_another && pace == World::Pace::frozen) acceptor_.emplace(adapter);
}

void Campaign::play_examples() {
  for (const Clause& clause : chapters().clauses)
    for (const Example& example : clause.examples) play(parse_scenario(example.scenario).scenario);
}

void Campaign::play_random(std::uint64_t seed, std::uint64_t count, const std::function<bool()>& go_on) {
  for_all_scenarios(seed, count, [&](const Scenario& scenario) {
    play(scenario);
    return go_on();
  });
}

void Campaign::play(const Scenario& scenario) {
  play_and_read(scenario, ++number_);
  if (trace_.events.empty()) return count(unplayed_, trace_.unplayed);
  ++played_;
  bool violated = false;
  std::vector<ClauseResult*> doubted;
  for (ClauseResult& result : results_) {
    Verdict verdict = result.property->judge(history_);
    if (verdict.kind == Verdict::Kind::not_reached) continue;
    ++result.reached;
    if (verdict.decisive()) ++result.decisive;
    if (verdict.kind == Verdict::Kind::variant) count(result.variants, verdict.text);
    if (!verdict.violated()) continue;
    violated = true;
    if (result.violations.size() < violations_kept_)
      doubted.push_back(&result);
    else
      ++result.violated;
  }
  if (!doubted.empty()) confirm(scenario, doubted);
  if (acceptor_ && !violated) compare(scenario);
}

void Campaign::confirm(const Scenario& scenario, const std::vector<ClauseResult*>& doubted) {
  play_and_read(scenario);
  for (ClauseResult* result : doubted) {
    if (!result->property->judge(history_).violated()) {
      --result->decisive;
      continue;
    }
    if (++result->violated == 1) result->first_violation = number_;
    result->violations.push_back(scenario);
  }
}

void Campaign::play_and_read(const Scenario& scenario, std::uint64_t number) {
  if (witness_) witness_->will_play(number, scenario);
  if (world_.choices()) any_choices_.begin(scenario);
  adapter_.run(adapter_, scenario, world_, trace_);
  if (witness_) witness_->has_played();
  history_.read(trace_);
}

void Campaign::compare(const Scenario& scenario) {
  ++order_.compared;
  if (!parts_unexplained(scenario)) return;
  if (!is_unexplained(scenario)) return void(++order_.undecided);  // threads may come otherwise: it has to come again
  if (++order_.unexplained == 1) order_.first_unexplained = number_;
  if (order_.scenarios.size() < violations_kept_) order_.scenarios.push_back(scenario);
}

/// Of what was played last. A clause may explain it that nobody has asked about.
bool Campaign::parts_unexplained(const Scenario& scenario) {
  Acceptor::Judgement judgement = acceptor_->judge(scenario, trace_);
  if (judgement == Acceptor::Judgement::undecided) ++order_.undecided;
  if (judgement == Acceptor::Judgement::varies) {
    ++order_.varied;
    for (const Manner* manner : acceptor_->needed()) count(order_.ways, manner->spelling());
  }
  if (judgement != Acceptor::Judgement::rejects) return false;
  const Divided divided{trace_, history_, acceptor_->closest(), acceptor_->parted()};
  if (const std::string_view known = known_parting(adapter_, divided); !known.empty()) {
    ++order_.varied;
    count(order_.ways, known);
    return false;
  }
  return std::ranges::none_of(properties(), [&](const Property& p) { return p.judge(history_).violated(); });
}

bool Campaign::is_unexplained(const Scenario& scenario) {
  play_and_read(scenario);
  return parts_unexplained(scenario);
}

Verdict Campaign::judge(const Scenario& scenario, const Property& property) {
  play_and_read(scenario);
  return property.judge(history_);
}

Scenario Campaign::smallest_violation(const ClauseResult& result) {
  return smallest(result.violations, [&](const Scenario& candidate) {
    return judge(candidate, *result.property).violated();
  });
}

Scenario Campaign::smallest_unexplained() {
  return smallest(order_.scenarios, [&](const Scenario& candidate) { return is_unexplained(candidate); });
}

}  // namespace cede
