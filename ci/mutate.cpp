#include "ci/mutate.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <fstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "ci/campaign.h"
#include "ci/run.h"
#include "ci/terminal.h"

namespace cede {
namespace {

/// What else fires is looked for in so many scenarios.
constexpr std::uint64_t scenarios_for_others = 1000;

struct Kill {
  Fault fault;
  std::uint64_t at = 0;  // the number of the convicting scenario; 0 if it survived
  Scenario smallest;
  std::vector<std::string> related;    // clauses that fire too and rest on its own, or its own on them
  std::vector<std::string> unrelated;  // ... and those for which no chapter says why they should
  std::uint64_t unexplained = 0;       // the first scenario whose trace parts, though no clause fires; 0 for none
};

std::vector<const Clause*> all_clauses() {
  std::vector<const Clause*> clauses;
  for (const Clause& clause : chapters().clauses) clauses.push_back(&clause);
  return clauses;
}

bool are_related(const Clause& a, const Clause& b) {
  return rests_on(chapters(), a, b.id) || rests_on(chapters(), b, a.id);
}

Kill convict(const Fault& fault, const Adapter& adapter, std::uint64_t seed, std::uint64_t cases) {
  Kill kill{fault, 0, {}, {}, {}};
  Campaign campaign(adapter, World::Pace::frozen, all_clauses());
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

std::string joined(const std::vector<std::string>& words) {
  std::string text;
  for (const std::string& word : words) text += (text.empty() ? "" : " ") + word;
  return text;
}

void print(const Kill& kill) {
  std::string verdict = kill.at ? fmt::format("{:>6} {:>6}", kill.at, kill.smallest.steps.size()) : "  SURVIVES   ";
  if (!kill.at && kill.unexplained)
    verdict += fmt::format("all clauses, but not the exact order (first {})", kill.unexplained);
  std::string related = kill.related.empty() ? "" : fmt::format("  ({})", joined(kill.related));
  fmt::print("{:<10} {:<44} {}  {}{}\n", kill.fault.clause, kill.fault.name, verdict, joined(kill.unrelated), related);
}

nlohmann::ordered_json to_json(const Kill& kill, std::uint64_t seed) {
  return {{"kind", "fault"},          {"fault", kill.fault.name},
          {"clause", kill.fault.clause}, {"does", kill.fault.does},
          {"seed", seed},             {"first", kill.at},
          {"scenario", to_string(kill.smallest)}, {"related", kill.related}, {"unrelated", kill.unrelated},
          {"unexplained", kill.unexplained}};
}

std::size_t median(std::vector<std::size_t> sizes) {
  std::ranges::sort(sizes);
  return sizes.empty() ? 0 : sizes[sizes.size() / 2];
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
  std::ofstream json(options.json);
  if (!options.json.empty() && !json) {
    fmt::print(stderr, "cede: cannot write {}: {}\n", options.json, std::strerror(errno));
    return Exit::usage;
  }
  bool all = true;
  for (int i = 0; i < options.seeds; ++i) {
    std::uint64_t seed = options.seed + i;
    fmt::print("seed {}\n{:<10} {:<44} {:>6} {:>6}  {}\n", seed, "clause", "fault", "first", "lines",
               "also fires (related)");
    std::size_t killed = 0, alone = 0;
    std::vector<std::size_t> sizes;
    Progress progress("mutate");
    for (const Fault& fault : chosen) {
      progress.show(&fault - chosen.data(), chosen.size());
      std::string why;
      const Adapter* adapter = find_adapter("faulty/" + fault.name, why);
      if (!adapter) {
        fmt::print(stderr, "cede: {}; `ci/build` builds the faults\n", why);
        return Exit::adapter_failed;
      }
      Kill kill = convict(fault, *adapter, seed, options.cases);
      print(kill);
      alone += kill.unrelated.size() <= 1;
      json << to_json(kill, seed).dump() << "\n";
      if (!kill.at) continue;
      ++killed;
      sizes.push_back(kill.smallest.steps.size());
    }
    all &= killed == chosen.size();
    fmt::print("{} of {} faults convicted by their own clause; smallest scenarios: median {} lines, longest {}\n"
               "at most one unrelated clause fires for {} of {}\n",
               killed, chosen.size(), median(sizes), sizes.empty() ? 0 : std::ranges::max(sizes), alone,
               chosen.size());
  }
  return all ? Exit::verified : Exit::not_verified;
}

}  // namespace cede
