#include "ci/report.h"

#include <algorithm>
#include <tuple>

#include <fmt/format.h>

#include "adapters/plugin.h"
#include "properties/shrink.h"

namespace cede {
namespace {

/// In no scenario, or where the plug-in's table gave the loop up.
bool is_of_adapter(const Crash& crash) {
  return crash.scenario.steps.empty() || crash.said.find(not_owed) != std::string::npos;
}

}  // namespace

std::string_view spelling(Status status) {
  switch (status) {
    case Status::verified: return "verified";
    case Status::failed: return "failed";
    case Status::not_verified: return "not verified";
    case Status::unsupported: return "unsupported";
    case Status::out_of_scope: return "out of scope";
    case Status::not_held: return "not held";
  }
  return {};
}

bool ClauseReport::departs_too_often() const {
  constexpr std::uint64_t few = 5;  // may always be, since small runs meet what is rare by chance
  if (!expected || !expected->fails()) return false;
  return violated > few + decisive * static_cast<std::uint64_t>(expected->percent) / 100;
}

bool ClauseReport::as_expected() const {
  if (!expected) return false;
  if (status == Status::failed) return expected->fails() && !departs_too_often();
  if (status != Status::not_verified) return false;
  return expected->kind == Expectation::Kind::undecided || (expected->fails() && expected->seldom);
}

std::vector<std::pair<std::string, std::uint64_t>> ClauseReport::variants_seen() const {
  std::vector<std::pair<std::string, std::uint64_t>> seen;
  if (clause->variants.empty()) return seen;
  std::uint64_t rule = decisive - violated;
  for (auto& [name, count] : variants) {
    seen.emplace_back(name, count);
    rule -= count;
  }
  if (rule > 0) seen.emplace(seen.begin(), clause->variants.front(), rule);
  return seen;
}

std::vector<std::string> ClauseReport::unexpected_variants() const {
  std::vector<std::string> names;
  if (!expected || expected->kind != Expectation::Kind::variant) return names;
  for (auto& [name, count] : variants_seen())
    if (name != expected->variant) names.push_back(name);
  return names;
}

bool is_stale(const ClauseReport& clause) {
  if (!clause.expected || clause.expected->seldom) return false;
  switch (clause.expected->kind) {
    case Expectation::Kind::fail: return clause.status == Status::verified || clause.status == Status::unsupported;
    case Expectation::Kind::undecided:
    case Expectation::Kind::unsupported: return clause.status == Status::verified;
    case Expectation::Kind::variant: return false;  // what else was seen is a departure
  }
  return false;
}

bool shows_what_is_not(const LoopReport& loop, const Terms& terms) {
  std::uint64_t asked = loop.played;
  for (const auto& [why, count] : loop.unplayed) asked += count;
  return asked >= Budget().cases && !terms.budget.steps;
}

std::string_view spelling(World::Pace pace) {
  switch (pace) {
    case World::Pace::frozen: return "virtual";
    case World::Pace::creeping: return "creeping";
    case World::Pace::real: return "real";
  }
  return {};
}

std::vector<Exit> exits(const RunReport& report) {
  std::vector<Exit> exits;
  auto add = [&](Exit exit) {
    if (std::ranges::find(exits, exit) == exits.end()) exits.push_back(exit);
  };
  bool anything = false;
  for (const LoopReport& loop : report.loops) {
    if (loop.order && loop.order->divergence) add(Exit::departs);
    for (const Crash& crash : loop.crashes) add(is_of_adapter(crash) ? Exit::adapter_failed : Exit::departs);
    for (const ClauseReport& clause : loop.clauses) {
      anything |= clause.status == Status::verified || clause.status == Status::failed;
      if (!clause.unexpected_variants().empty()) add(Exit::departs);
      if (clause.as_expected()) continue;
      if (clause.status == Status::failed) add(Exit::departs);
      if (clause.status == Status::not_verified && clause.clause->level == "MUST") add(Exit::not_verified);
    }
    if (!loop.stale.empty()) add(Exit::stale);
  }
  if (!report.absent.empty()) add(Exit::adapter_failed);
  if (report.interrupted) add(Exit::interrupted);
  if (!anything) add(Exit::not_verified);
  return exits;
}

ShownTrace shown(const Trace& trace) {
  ShownTrace shown;
  auto printed = lines(trace);
  for (std::size_t i = 0; i < printed.size(); ++i) shown.push_back({trace.events[i].at, std::move(printed[i])});
  return shown;
}

namespace {

/// Of two findings the simpler one.
template <class Found>
void keep_simpler(std::optional<Found>& kept, std::optional<Found>&& other) {
  if (other && (!kept || simpler(other->scenario, kept->scenario))) kept = std::move(other);
}

void add(Tally& sum, const Tally& part) {
  sum.reached += part.reached;
  sum.decisive += part.decisive;
  sum.violated += part.violated;
  sum.once += part.once;
  for (auto& [name, count] : part.variants) sum.variants[name] += count;
  if (part.first_violation && (!sum.first_violation || part.first_violation < sum.first_violation))
    sum.first_violation = part.first_violation;
}

/// A verb that the loop cannot perform though all of the clause's examples need one; or null.
const Unsupported* missing_verb(const Clause& clause, const LoopInfo& loop) {
  const Unsupported* missing = nullptr;
  for (const Example& example : clause.examples) {
    const Unsupported* here = nullptr;
    for (const Step& step : parse_scenario(example.scenario).scenario.steps)
      for (const Unsupported& unsupported : loop.unsupported)
        if (unsupported.verb == step.verb) here = &unsupported;
    if (!here) return nullptr;
    missing = here;
  }
  return missing;
}

void conclude(ClauseReport& report, const LoopReport& loop, const Terms& terms) {
  const Clause& clause = *report.clause;
  report.layered = std::ranges::find(loop.info.layered, clause.profile) != loop.info.layered.end();
  if (!report.judged) {
    report.status = clause.tier == "X" && !loop.info.exact_order ? Status::not_held : Status::not_verified;
  } else if (report.violated) {
    report.status = Status::failed;
  } else if (report.decisive >= loop.floor) {
    report.status = Status::verified;
  } else if (const Unsupported* missing = missing_verb(clause, loop.info)) {
    report.status = Status::unsupported;
    report.reason = fmt::format("{}: {}", spelling(missing->verb), missing->reason);
  } else {
    report.status = terms.budget.steps ? Status::out_of_scope : Status::not_verified;
  }
}

/// What is expected in vain.
std::vector<std::string> stale_ones(const LoopReport& loop, const Terms& terms) {
  if (!loop.outdated.empty()) return {loop.outdated};
  std::vector<std::string> stale;
  if (!shows_what_is_not(loop, terms) || World::interrupted) return stale;
  for (const ClauseReport& clause : loop.clauses) {
    if (!is_stale(clause)) continue;
    stale.push_back(fmt::format("{}: {} is {} here: remove it, or run `cede expect prune {}`", clause.expected->where(),
                                clause.clause->id, spelling(clause.status), clause.expected->file));
  }
  return stale;
}

}  // namespace

void add(std::vector<Crash>& crashes, Crash&& crash) {
  // Those outside of scenarios come last.
  auto order = [](const Crash& crash) {
    return std::tuple(crash.number - 1, crash.how, crash.said, to_string(crash.scenario));
  };
  auto is_same = [&](const Crash& other) {
    return other.how == crash.how && to_string(other.scenario) == to_string(crash.scenario);
  };
  auto known = std::ranges::find_if(crashes, is_same);
  if (known == crashes.end()) {
    crashes.push_back(std::move(crash));
  } else {
    const std::uint64_t times = known->times + crash.times;
    if (order(crash) < order(*known)) *known = std::move(crash);
    known->times = times;
  }
  std::ranges::sort(crashes, {}, order);
}

void add(LoopReport& sum, LoopReport&& part) {
  sum.played += part.played;
  for (const auto& [why, count] : part.unplayed) sum.unplayed[why] += count;
  sum.restarts += part.restarts;
  for (std::size_t i = 0; i < part.clauses.size(); ++i) {
    add(sum.clauses[i], part.clauses[i]);
    sum.clauses[i].judged |= part.clauses[i].judged;
    keep_simpler(sum.clauses[i].finding, std::move(part.clauses[i].finding));
  }
  if (part.order) {
    if (!sum.order) sum.order.emplace();
    sum.order->compared += part.order->compared;
    sum.order->undecided += part.order->undecided;
    sum.order->varied += part.order->varied;
    sum.order->unexplained += part.order->unexplained;
    for (const auto& [way, times] : part.order->ways) sum.order->ways[way] += times;
    keep_simpler(sum.order->divergence, std::move(part.order->divergence));
  }
  for (Crash& crash : part.crashes) add(sum.crashes, std::move(crash));
}

void expect(LoopReport& loop, const Expectations* expectations) {
  if (!expectations) return;
  const Expectations& file = *expectations;
  if (!file.concern(loop.info))
    loop.outdated = fmt::format("{0}:{1}: it is for {2} {3}, and this is {4}: run `cede expect update {0}`", file.file,
                                file.versions_line, file.loop, file.versions, loop.info.version);
  for (ClauseReport& report : loop.clauses) {
    if (const Expectation* expected = file.of(report.clause->id, loop.info)) report.expected = *expected;
  }
}

void conclude(LoopReport& loop, const Terms& terms) {
  // What crashes kept from being played is missed all the same.
  const bool cut = !loop.crashes.empty() && terms.budget.is_counted();
  loop.floor = floor_for(terms.budget, cut ? terms.budget.cases : loop.played);
  for (ClauseReport& report : loop.clauses) conclude(report, loop, terms);
  loop.stale = stale_ones(loop, terms);
}

}  // namespace cede
