#include "ci/isolation.h"

#include <algorithm>
#include <chrono>
#include <csignal>
#include <deque>
#include <list>
#include <map>
#include <optional>
#include <utility>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "adapters/driver.h"
#include "adapters/wire.h"
#include "ci/in_turn.h"
#include "ci/stream.h"
#include "ci/terminal.h"
#include "properties/shrink.h"

namespace cede {
namespace {

using Json = nlohmann::json;
using Clock = std::chrono::steady_clock;

constexpr int kills_max = 8;  // of the processes of a slice, or that ask for a loop; then they are its own doing
constexpr std::size_t crashes_max = 3;  // of a slice; then nothing is known of it
constexpr int crashing_scenarios_max = 200;  // that are tried to find a smaller one
constexpr int crashing_drivers_max = 40;  // the same, where each takes a while to begin
constexpr std::size_t drivers_crashes_max = 3;  // that smaller ones are looked for of

/// A part of a run, for one child.
struct Part {
  Slice slice;
  std::uint64_t until = UINT64_MAX;  // no scenario from this number on
  bool shrinks = true;               // looks for smaller scenarios
};

/// What a campaign has found of each clause, each with its smallest scenario.
class Findings {
 public:
  Findings(Campaign& campaign, const Terms& terms, bool shrinks)
      : campaign_(campaign), terms_(terms), shrinks_(shrinks) {}

  ClauseReport of(const Clause& clause) {
    ClauseReport report;
    report.clause = &clause;
    auto result = std::ranges::find(campaign_.results(), &clause, &ClauseResult::clause);
    if (result == campaign_.results().end()) return report;
    static_cast<Tally&>(report) = *result;
    report.judged = true;
    if (result->violated) report.finding = smallest(*result);
    return report;
  }

  OrderReport order() {
    const OrderResult& order = campaign_.order();
    OrderReport report{order.compared, order.undecided, order.varied, order.unexplained, {}, order.ways};
    if (!order.unexplained) return report;
    Divergence divergence;
    divergence.scenario = shrinks_ ? campaign_.smallest_unexplained() : order.found.front().scenario;
    (void)campaign_.is_unexplained(divergence.scenario);
    divergence.seen = shown(campaign_.trace());
    divergence.expected = shown(campaign_.acceptor().closest());
    divergence.parting = campaign_.acceptor().parted();
    report.divergence = std::move(divergence);
    return report;
  }

 private:
  Finding smallest(const ClauseResult& result) {
    Finding finding;
    finding.scenario = shrinks_ ? campaign_.smallest_violation(result) : result.found.front().scenario;
    Verdict verdict = campaign_.judge(finding.scenario, *result.property);
    finding.seen = shown(campaign_.trace());
    finding.event = verdict.violated() ? verdict.event : finding.seen.size() - 1;
    finding.why = verdict.violated() ? verdict.text : "this time it held: play it again";  // as real time may have it
    World world(terms_.pace);
    Trace expected;
    reference_adapter().run(reference_adapter(), finding.scenario, world, expected);
    finding.expected = shown(expected);
    return finding;
  }

  Campaign& campaign_;
  const Terms& terms_;
  bool shrinks_;
};

/// What was found stands, though the driver may not end well.
void end_driver(LoopReport& report) {
  try {
    end_drivers();
  } catch (const DriverFailure& failure) {
    Child::End end{.how = Child::How::driver, .driver = failure.what()};
    report.crashes.push_back({std::string(spelling(end.how)), end.words(), 0, {}, failure.said});
  }
  report.restarts = drivers_restarted();
}

/// In the child: plays the part and says what came of it.
std::string play_part(const Adapter& adapter, const Terms& terms, const Part& part, Clock::time_point end,
                      Pulse& pulse) {
  PulseWitness witness(pulse);
  const auto clauses = terms.clauses();
  Campaign campaign(adapter, terms.pace, clauses);
  campaign.let_see(witness);
  campaign.shrink_from(1);
  if (terms.random_choices) campaign.choose_at_random();
  InTurn in_turn(adapter, campaign.pace(), [&](std::uint64_t number, const Scenario& scenario) {
    campaign.number_from(number);
    campaign.play(scenario);
  });
  for_all_of(part.slice, terms, [&](std::uint64_t number, const Scenario& scenario) {
    if (number >= part.until) return false;
    in_turn.come(number, scenario);
    if (World::interrupted) return false;
    return terms.budget.seconds == 0 || (number % 64 && terms.pace != World::Pace::real) || Clock::now() < end;
  }, [&] { pulse.beat(0); });
  in_turn.finish();
  pulse.beat(0);  // what happens from here on is no scenario's
  campaign.confirm();
  Findings findings(campaign, terms, part.shrinks);
  const LoopReport played{.info = adapter, .played = campaign.played(), .unplayed = campaign.unplayed()};
  RunReport report{.terms = terms, .loops = {played}};
  for (const Clause* clause : clauses) report.loops[0].clauses.push_back(findings.of(*clause));
  if (campaign.compares()) report.loops[0].order = findings.order();
  end_driver(report.loops[0]);
  return to_json_lines(report);
}

const Adapter& open(const std::string& name) {
  std::string why;
  if (const Adapter* adapter = find_adapter(name, why)) return *adapter;
  throw std::runtime_error(why);
}

Scenario scenario_of_number(const Slice& slice, const Terms& terms, std::uint64_t wanted) {
  Scenario found;
  for_all_of(slice, terms, [&](std::uint64_t number, const Scenario& scenario) {
    if (number == wanted) found = scenario;
    return number < wanted;
  });
  return found;
}

/// How a child ends that plays this once.
Child::End play_alone(const LoopInfo& info, const Terms& terms, const Scenario& scenario) {
  return Child([&](Pulse& pulse) {
    const Adapter& adapter = open(info.name);
    PulseWitness witness(pulse);
    Campaign campaign(adapter, terms.pace, {});
    campaign.let_see(witness);
    if (terms.random_choices) campaign.choose_at_random();
    campaign.play(scenario);
    return std::string("played");
  }).end();
}

/// Of a loop that goes down at once the smallest scenario in which it does; one that hangs takes too long to ask.
void make_small(Crash& crash, const LoopInfo& info, const Terms& terms) {
  if (crash.scenario.steps.empty()) return;
  if (crash.how == spelling(Child::How::endless) || crash.how == spelling(Child::How::blocked)) return;
  int tried = 0;
  const int tries = is_driven(info.name) ? crashing_drivers_max : crashing_scenarios_max;
  auto still = [&](const Scenario& scenario) {
    if (scenario.steps.empty() || ++tried > tries) return false;
    return spelling(play_alone(info, terms, scenario).how) == crash.how;
  };
  if (still(crash.scenario)) crash.scenario = shrink(crash.scenario, still);
}

/// Where drivers take a while to begin, this is not done for each crash, but for one of each kind.
void make_some_small(std::vector<Crash>& crashes, const LoopInfo& info, const Terms& terms) {
  std::vector<Crash> kinds;
  for (Crash& crash : crashes) {
    auto same = [&](const Crash& one) { return one.how == crash.how && one.what == crash.what; };
    if (auto known = std::ranges::find_if(kinds, same); known != kinds.end()) known->times += crash.times;
    else kinds.push_back(std::move(crash));
  }
  for (std::size_t i = 0; i < std::min(kinds.size(), drivers_crashes_max); ++i) make_small(kinds[i], info, terms);
  crashes = std::move(kinds);
}

/// By somebody else, as far as anybody can tell: no loop sends that to itself.
bool is_killed(const Child::End& end) { return end.how == Child::How::crashed && end.code == SIGKILL; }

void tell_of_restart(std::string_view loop) {
  fmt::print(stderr, "cede: {}: somebody has killed a process that played it: begun again\n", loop);
}

/// The children of one loop.
class Crew {
 public:
  Crew(const LoopInfo& info, const Terms& terms, const Shard& shard, Hands hands)
      : info_(info), terms_(terms), shard_(shard), hands_(hands), next_(shard.index - 1),
        end_(Clock::now() + std::chrono::milliseconds(static_cast<std::int64_t>(terms.budget.seconds * 1000))),
        progress_(info.name) {
    for (const Clause* clause : terms.clauses()) sum_.clauses.push_back({.clause = clause});
  }

  /// What the slices say together.
  LoopReport work() {
    while (true) {
      while (workers_.size() < hands_.jobs)
        if (auto part = next_part()) begin(*part);
        else break;
      if (workers_.empty()) {
        if (is_driven(info_.name) && !World::interrupted) make_some_small(sum_.crashes, info_, terms_);
        return std::move(sum_);
      }
      std::vector<Child*> children;
      for (Worker& worker : workers_) children.push_back(&worker.child);
      Child::wait_for_any(children);
      if (World::interrupted) pass_on_interrupt();
      for (auto worker = workers_.begin(); worker != workers_.end();) {
        if (worker->child.has_ended()) {
          finish(*worker);
          worker = workers_.erase(worker);
        } else {
          ++worker;
        }
      }
      show_progress();
    }
  }

 private:
  struct Worker {
    Part part;
    Child child;
    bool interrupted = false;
  };

  std::optional<Part> next_part() {
    if (!again_.empty()) {
      Part part = again_.front();
      again_.pop_front();
      return part;
    }
    const Slice slice = slice_of(terms_.budget, next_);
    if (World::interrupted || slice.count == 0) return std::nullopt;
    if (terms_.budget.seconds > 0 && next_ != shard_.index - 1 && Clock::now() >= end_) return std::nullopt;
    next_ += shard_.of;
    return Part{slice};
  }

  void begin(const Part& part) {
    auto job = [this, part](Pulse& pulse) { return play_part(open(info_.name), terms_, part, end_, pulse); };
    workers_.push_back({part, Child(job, hands_.patience)});
  }

  void pass_on_interrupt() {
    for (Worker& worker : workers_)
      if (!std::exchange(worker.interrupted, true)) worker.child.interrupt();
  }

  /// What its child has said; or how it went down, and then its part is played again without that scenario.
  void finish(Worker& worker) {
    const Part& part = worker.part;
    const std::uint64_t number = worker.child.pulse().number();
    const std::string again = worker.child.pulse().text();
    Child::End end = worker.child.end();
    if (is_killed(end) && !World::interrupted && kills_[part.slice.index]++ < kills_max) return begin_again(part);
    std::vector<Crash>& crashes = crashes_[part.slice.index];
    RunReport said;
    std::string why;
    if (end.how == Child::How::done && read_json_lines(end.said, said, why) && said.loops.size() == 1)
      return settle(part.slice, std::move(said.loops[0]));
    if (end.how == Child::How::done) end.how = Child::How::garbled;
    Crash crash{std::string(spelling(end.how)), end.words(), number, {}, end.printed};
    if (number) crash.scenario = scenario_of_number(part.slice, terms_, number);
    else crash.scenario = parse_scenario(again).scenario;
    crashes.push_back(std::move(crash));
    if (World::interrupted || crashes.size() >= crashes_max) return settle(part.slice, {});
    if (number) again_.push_back({part.slice, number, part.shrinks});
    else again_.push_back({part.slice, part.until, false});
  }

  void begin_again(const Part& part) {
    ++sum_.restarts;
    tell_of_restart(info_.name);
    again_.push_back(part);
  }

  /// Adds what a slice has come to in the end. A run without end keeps nothing more of it.
  void settle(const Slice& slice, LoopReport&& report) {
    for (Crash& crash : crashes_[slice.index]) report.crashes.push_back(std::move(crash));
    crashes_.erase(slice.index);
    kills_.erase(slice.index);
    for (std::uint64_t i = 0; i < report.restarts; ++i) tell_of_restart(info_.name);
    if (!report.crashes.empty() && !World::interrupted && !is_driven(info_.name))
      make_small(report.crashes.front(), info_, terms_);
    add(sum_, std::move(report));
  }

  void show_progress() {
    std::uint64_t played = sum_.played;
    for (const Worker& worker : workers_) played += worker.child.pulse().beats();
    progress_.show(played, terms_.budget.cases);
  }

  const LoopInfo& info_;
  const Terms& terms_;
  const Shard& shard_;
  Hands hands_;
  std::uint64_t next_;  // slice to begin
  Clock::time_point end_;
  std::deque<Part> again_;
  std::list<Worker> workers_;
  std::map<std::uint64_t, int> kills_;  // ... likewise
  std::map<std::uint64_t, std::vector<Crash>> crashes_;  // of slices that are not settled, by index
  LoopReport sum_{.info = info_};
  Progress progress_;
};

}  // namespace

void PulseWitness::will_play(std::uint64_t number, const Scenario& scenario) {
  if (number) pulse_.beat(number);
  else pulse_.beat(0, to_string(scenario));
}

Opened describe(std::string_view name, LoopInfo& info, std::string& why) {
  auto ask = [name](Pulse&) {
    std::string why;
    const Adapter* adapter = find_adapter(name, why);
    if (!adapter) return Json{{"why", why}}.dump();
    return Json{{"lines", to_json_lines({.loops = {LoopReport{.info = *adapter}}})}}.dump();
  };
  Child::End end = Child(ask).end();
  for (int kills = 1; is_killed(end) && kills < kills_max && !World::interrupted; ++kills) {
    tell_of_restart(name);
    end = Child(ask).end();
  }
  if (end.how != Child::How::done) {
    const std::string_view printed = std::string_view(end.printed).substr(0, end.printed.find_last_not_of('\n') + 1);
    why = fmt::format("it {} when it was opened{}{}", end.words(), printed.empty() ? "" : ": ", printed);
    return Opened::broken;
  }
  Json said = Json::parse(end.said);
  RunReport report;
  if (said.contains("why")) why = said["why"];
  else if (read_json_lines(said["lines"], report, why)) info = report.loops.at(0).info;
  if (why.empty()) return Opened::well;
  if (const KnownLoop* known = find_loop(name)) why = fmt::format("{}: {}", known->remedy(), why);
  return Opened::not_there;
}

LoopReport play_isolated(const LoopInfo& info, const Terms& terms, const Shard& shard, Hands hands) {
  return Crew(info, terms, shard, hands).work();
}

}  // namespace cede
