#include "ci/campaign.h"

#include <algorithm>
#include <span>

#include "ci/known_partings.h"
#include "properties/for_all.h"
#include "properties/shrink.h"

namespace cede {
namespace {

/// Shrinks them, and gives the simplest that comes of it.
template <class Wanted>
Scenario smallest(std::span<const Found> found, Wanted wanted) {
  Scenario smallest;
  for (const Found& one : found) {
    Scenario small = shrink(one.scenario, wanted);
    if (smallest.steps.empty() || simpler(small, smallest)) smallest = std::move(small);
  }
  return smallest;
}

std::span<const Found> some(const std::vector<Found>& found, std::size_t count) {
  return std::span(found).first(std::min(count, found.size()));
}

/// Of those ahead of the first that comes again, and of all that was counted if none does; gives how many that are.
template <class ComesAgain>
std::uint64_t let_go(std::vector<Found>& found, std::uint64_t& count, std::uint64_t& first, ComesAgain comes_again) {
  const auto held = std::ranges::find_if(found, [&](const Found& one) { return comes_again(one.scenario); });
  const std::uint64_t gone = held == found.end() ? count : static_cast<std::uint64_t>(held - found.begin());
  found.erase(found.begin(), held);
  count -= gone;
  first = found.empty() ? 0 : found.front().number;
  return gone;
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
  confirm();
}

void Campaign::play_random(std::uint64_t seed, std::uint64_t count, const std::function<bool()>& go_on) {
  for_all_scenarios(seed, count, [&](const Scenario& scenario) {
    play(scenario);
    return go_on();
  });
  confirm();
}

void Campaign::play(const Scenario& scenario) {
  play_and_read(scenario, ++number_);
  if (trace_.events.empty()) return count(unplayed_, trace_.unplayed);
  ++played_;
  bool violated = false;
  for (ClauseResult& result : results_) {
    Verdict verdict = result.property->judge(history_);
    if (verdict.kind == Verdict::Kind::not_reached) continue;
    ++result.reached;
    if (verdict.decisive()) ++result.decisive;
    if (verdict.kind == Verdict::Kind::variant) count(result.variants, verdict.text);
    if (!verdict.violated()) continue;
    violated = true;
    ++result.violated;
    if (result.found.size() < findings_kept) result.found.push_back({number_, scenario});
  }
  if (acceptor_ && !violated) compare(scenario);
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
  if (!parts_unexplained(scenario, order_)) return;
  ++order_.unexplained;
  if (order_.found.size() < findings_kept) order_.found.push_back({number_, scenario});
}

void Campaign::confirm() {
  for (ClauseResult& result : results_) {
    const auto comes = [&](const Scenario& scenario) { return judge(scenario, *result.property).violated(); };
    const std::uint64_t once = let_go(result.found, result.violated, result.first_violation, comes);
    result.once += once;
    result.decisive -= once;
  }
  order_.undecided += let_go(order_.found, order_.unexplained, order_.first_unexplained,
                             [&](const Scenario& scenario) { return is_unexplained(scenario); });
}

/// Of what was played last. A clause may explain it that nobody has asked about.
bool Campaign::parts_unexplained(const Scenario& scenario, OrderResult& order) {
  Acceptor::Judgement judgement = acceptor_->judge(scenario, trace_);
  if (judgement == Acceptor::Judgement::undecided) ++order.undecided;
  if (judgement == Acceptor::Judgement::varies) {
    ++order.varied;
    for (const Manner* manner : acceptor_->needed()) count(order.ways, manner->spelling());
  }
  if (judgement != Acceptor::Judgement::rejects) return false;
  const Divided divided{trace_, history_, acceptor_->closest(), acceptor_->parted()};
  if (const std::string_view known = known_parting(adapter_, divided); !known.empty()) {
    ++order.varied;
    count(order.ways, known);
    return false;
  }
  return std::ranges::none_of(properties(), [&](const Property& p) { return p.judge(history_).violated(); });
}

bool Campaign::is_unexplained(const Scenario& scenario) {
  play_and_read(scenario);
  OrderResult elsewhere;
  return parts_unexplained(scenario, elsewhere);
}

Verdict Campaign::judge(const Scenario& scenario, const Property& property) {
  play_and_read(scenario);
  return property.judge(history_);
}

Scenario Campaign::smallest_violation(const ClauseResult& result) {
  return smallest(some(result.found, shrunk_), [&](const Scenario& candidate) {
    return judge(candidate, *result.property).violated();
  });
}

Scenario Campaign::smallest_unexplained() {
  return smallest(some(order_.found, shrunk_), [&](const Scenario& candidate) { return is_unexplained(candidate); });
}

}  // namespace cede
