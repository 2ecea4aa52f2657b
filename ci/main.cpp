// The command `cede`.
#include <cstdio>
#include <fstream>
#include <iostream>
#include <sstream>

#include <fmt/format.h>

#include "ci/campaign.h"

using namespace cede;

// A laboratory while the chapters are being written; the command comes in its place.
int main(int argc, char** argv) {
  std::string verb = argc > 1 ? argv[1] : "run";
  std::string name = argc > 2 ? argv[2] : "reference";
  std::string why;
  const Adapter* adapter = find_adapter(name, why);
  if (!adapter) return fmt::print(stderr, "{}\n", why), 2;
  for (const auto& e : chapters().errors) fmt::print(stderr, "{}:{}: {}\n", e.file, e.line, e.what);
  if (verb == "play") {
    std::stringstream text;
    text << std::cin.rdbuf();
    Parsed parsed = parse_scenario(text.str());
    if (parsed.error) return fmt::print(stderr, "{}\n", to_string(*parsed.error)), 2;
    World world;
    Trace trace;
    adapter->run(*adapter, parsed.scenario, world, trace);
    fmt::print("{}", to_string(trace));
    History history;
    history.read(trace);
    for (const Property& p : properties()) {
      Verdict v = p.judge(history);
      if (v.kind != Verdict::Kind::not_reached)
        fmt::print("{} {} {} {}\n", p.clause, int(v.kind), v.event == never ? -1 : int(v.event), v.text);
    }
    return 0;
  }
  std::uint64_t count = argc > 3 ? std::stoull(argv[3]) : 20000, seed = argc > 4 ? std::stoull(argv[4]) : 1;
  std::string only = argc > 5 ? argv[5] : "";
  std::vector<const Clause*> clauses;
  for (const Clause& clause : chapters().clauses)
    if (clause.id.starts_with(only)) clauses.push_back(&clause);
  Campaign campaign(*adapter, World::Pace::frozen, clauses);
  campaign.play_examples();
  campaign.play_random(seed, count, [] { return true; });
  for (const auto& r : campaign.results()) {
    fmt::print("{} reached {} decisive {} violated {} first {}", r.clause->id, r.reached, r.decisive, r.violated,
               r.first_violation);
    for (auto& [n, c] : r.variants) fmt::print(" {}:{}", n, c);
    fmt::print("\n");
    if (r.violated && verb == "run") {
      Scenario s = campaign.smallest_violation(r);
      Verdict v = campaign.judge(s, *r.property);
      fmt::print("{}", to_string(s));
      auto printed = lines(campaign.trace());
      for (std::size_t i = 0; i < printed.size(); ++i)
        fmt::print("  {} {:>5} {}\n", i == v.event ? '>' : ' ', to_string_duration(campaign.trace().events[i].at), printed[i]);
      fmt::print("  {}\n", v.text);
    }
  }
}
