#include "ci/mutate.h"

#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <deque>
#include <fstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "ci/campaign.h"
#include "ci/child.h"
#include "ci/isolation.h"
#include "ci/terminal.h"

namespace cede {
namespace {

/// What else fires is looked for in so many scenarios.
constexpr std::uint64_t scenarios_for_others = 1000;

constexpr unsigned patience = 300;  // seconds; most faults need one

struct Kill {
  std::uint64_t at = 0;  // the number of the convicting scenario; 0 if it survived
  Scenario smallest;
  std::vector<std::string> related;    // clauses that fire too and rest on its own, or its own on them
  std::vector<std::string> unrelated;  // ... and those for which no chapter says why they should
  std::uint64_t unexplained = 0;       // the first scenario whose trace parts, though no clause fires; 0 for none
  std::string died;                    // how its process ended, if not well
};

bool are_related(const Clause& a, const Clause& b) {
  return rests_on(chapters(), a, b.id) || rests_on(chapters(), b, a.id);
}

Kill convict(const Fault& fault, const Adapter& adapter, std::uint64_t seed, std::uint64_t cases, Pulse& pulse) {
  Kill kill;
  PulseWitness witness(pulse);
  Campaign campaign(adapter, World::Pace::frozen, matching_clauses({}));
  campaign.let_see(witness);
  auto own = [&]() -> const ClauseResult* {
    for (const ClauseResult& result : campaign.results())
      if (result.clause->id == fault.clause) return &result;
    return nullptr;
  };
  if (!own()) return kill;
  campaign.play_random(seed, cases,
                       [&] { return own()->violated == 0 || campaign.played() < scenarios_for_others; });
  kill.at = own()->first_violation;
  kill.unexplained = campaign.order().first_unexplained;
  if (kill.at) kill.smallest = campaign.smallest_violation(*own());
  for (const ClauseResult& result : campaign.results())
    if (result.violated && result.clause->id != fault.clause)
      (are_related(*result.clause, *own()->clause) ? kill.related : kill.unrelated).push_back(result.clause->id);
  return kill;
}

using Json = nlohmann::ordered_json;

/// How a child tells its parent, and a line of the report.
Json to_json(const Kill& kill) {
  return {{"first", kill.at},         {"scenario", to_string(kill.smallest)}, {"related", kill.related},
          {"unrelated", kill.unrelated}, {"unexplained", kill.unexplained},   {"died", kill.died}};
}
Kill from_json(const Json& json) {
  return {json["first"],     parse_scenario(json["scenario"].get<std::string>()).scenario,
          json["related"],   json["unrelated"],
          json["unexplained"], json["died"]};
}

/// In a process of its own, where the fault's module is opened, too.
Child begin(const Fault& fault, std::uint64_t seed, std::uint64_t cases) {
  auto job = [&fault, seed, cases](Pulse& pulse) {
    alarm(patience);
    Kill kill;
    const Adapter* adapter = find_adapter("faulty/" + fault.name, kill.died);
    if (adapter) kill = convict(fault, *adapter, seed, cases, pulse);
    return to_json(kill).dump();
  };
  return Child(job);
}

Kill end(Child child) {
  Child::End end = child.end();
  if (end.how == Child::How::done) return from_json(Json::parse(end.said));
  Kill kill;
  kill.died = end.words();
  return kill;
}

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

void print(std::FILE* out, const Fault& fault, const Kill& kill) {
  std::string verdict = kill.at ? fmt::format("{:>6} {:>6}", kill.at, kill.smallest.steps.size()) : "  SURVIVES   ";
  if (!kill.died.empty()) verdict += kill.died;
  else if (!kill.at && kill.unexplained)
    verdict += fmt::format("all clauses, but not the exact order (first {})", kill.unexplained);
  std::string related = kill.related.empty() ? "" : fmt::format("  ({})", joined(kill.related));
  fmt::print(out, "{:<10} {:<44} {}  {}{}\n", fault.clause, fault.name, verdict, joined(kill.unrelated), related);
}

/// What came of one seed.
struct Sum {
  std::size_t killed = 0, alone = 0;
  std::vector<std::size_t> sizes;
};

std::size_t median(std::vector<std::size_t> sizes) {
  std::ranges::sort(sizes);
  return sizes.empty() ? 0 : sizes[sizes.size() / 2];
}

/// Where the table goes: the report may be written to standard output.
std::FILE* table(const MutateOptions& options) { return options.json == "-" ? stderr : stdout; }

/// Some at a time; told in their order.
Sum judge_all(const std::vector<Fault>& chosen, const MutateOptions& options, std::uint64_t seed, std::ostream& json) {
  std::FILE* out = table(options);
  fmt::print(out, "seed {}\n{:<10} {:<44} {:>6} {:>6}  {}\n", seed, "clause", "fault", "first", "lines",
             "also fires (related)");
  Sum sum;
  Progress progress("mutate");
  std::deque<Child> children;
  for (std::size_t i = 0, begun = 0; i < chosen.size(); ++i) {
    for (; begun < chosen.size() && children.size() < options.jobs; ++begun)
      children.push_back(begin(chosen[begun], seed, options.cases));
    progress.show(i, chosen.size());
    const Fault& fault = chosen[i];
    Kill kill = end(std::move(children.front()));
    children.pop_front();
    print(out, fault, kill);
    Json line{{"kind", "fault"}, {"fault", fault.name}, {"clause", fault.clause}, {"does", fault.does}, {"seed", seed}};
    line.update(to_json(kill));
    json << line.dump() << "\n";
    sum.alone += kill.unrelated.size() <= 1;
    if (!kill.at) continue;
    ++sum.killed;
    sum.sizes.push_back(kill.smallest.steps.size());
  }
  return sum;
}

}  // namespace

Exit mutate(const MutateOptions& options) {
  std::vector<Fault> chosen;
  for (const Fault& fault : faults())
    if (options.globs.empty() ||
        std::ranges::any_of(options.globs, [&](auto& g) { return matches(g, fault.name) || matches(g, fault.clause); }))
      chosen.push_back(fault);
  if (chosen.empty()) {
    std::string_view why = options.globs.empty() ? "this build has no faults: configure with -DCEDE_FAULTS='.*'"
                                                 : "no fault matches; see `cede mutate --list`";
    fmt::print(stderr, "cede: {}\n", why);
    return options.globs.empty() ? Exit::not_verified : Exit::usage;
  }
  // In the order of the clauses they break.
  std::ranges::sort(chosen, {}, [](const Fault& fault) {
    return std::pair(find_clause(chapters(), fault.clause), fault.name);
  });
  if (options.list) {
    for (const Fault& fault : chosen) fmt::print("{:<10} {:<44} {}\n", fault.clause, fault.name, fault.does);
    return Exit::verified;
  }
  if (std::string why; !find_adapter("faulty/" + chosen.front().name, why)) {
    fmt::print(stderr, "cede: the faults are not built: `ci/build release faults` ({})\n", why);
    return Exit::adapter_failed;
  }
  std::ofstream json(options.json == "-" ? "/dev/stdout" : options.json);
  if (!options.json.empty() && !json) {
    fmt::print(stderr, "cede: cannot write {}: {}\n", options.json, std::strerror(errno));
    return Exit::usage;
  }
  bool all = true;
  for (int i = 0; i < options.seeds; ++i) {
    Sum sum = judge_all(chosen, options, options.seed + i, json);
    all &= sum.killed == chosen.size();
    fmt::print(table(options),
               "{} of {} faults convicted by their own clause; smallest scenarios: median {} lines, longest {}\n"
               "at most one unrelated clause fires for {} of {}\n",
               sum.killed, chosen.size(), median(sum.sizes), sum.sizes.empty() ? 0 : std::ranges::max(sum.sizes),
               sum.alone, chosen.size());
  }
  return all ? Exit::verified : Exit::not_verified;
}

}  // namespace cede
