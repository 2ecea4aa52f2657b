// The fuzz target of one loop. Every byte string is a scenario: it is read leniently, played in
// virtual time and judged by every clause the loop is held to. A clause that is violated and is not
// an expected departure (adapters/expect/) is told with the smallest scenario that shows it, and ends the
// process, so that libFuzzer keeps the input.
//
// Which loop it is, the file says that is linked with this one: each defines `cede_adapter`.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <sstream>
#include <string>
#include <string_view>
#include <vector>

#include <fmt/format.h>

#include "adapters/adapter.h"
#include "adapters/expectations.h"
#include "adapters/virtual_time.h"
#include "properties/property.h"
#include "properties/shrink.h"
#include "spec/chapters.h"


namespace cede {
namespace {

[[noreturn]] void refuse(const std::string& message) {
  fmt::print(stderr, "{}\n", message);
  std::exit(2);
}

/// `CEDE_IGNORE=TIMER-8,TIMER-10`; when it is not set, what the loop's file of expectations says.
std::vector<std::string> known_departures(const Adapter& loop) {
  std::vector<std::string> known, complaints;
  if (const char* listed = std::getenv("CEDE_IGNORE")) {
    std::istringstream stream(listed);
    for (std::string clause; std::getline(stream, clause, ',');) {
      if (!find_clause(chapters(), clause)) refuse(fmt::format("there is no clause {} to depart from", clause));
      known.push_back(clause);
    }
    return known;
  }
  std::string file = expectations_file(loop.name);
  if (!std::filesystem::exists(file)) return known;
  auto expectations = read_expectations(file, complaints);
  if (!expectations) refuse(fmt::format("{}", fmt::join(complaints, "\n")));
  for (const Clause& clause : chapters().clauses)
    if (const Expectation* expected = expectations->of(clause.id, loop); expected && expected->fails())
      known.push_back(clause.id);
  return known;
}

class Target {
 public:
  explicit Target(const Adapter& adapter) : adapter_(adapter) {
    // The timer of libFuzzer is set by now.
    wrap_sigalrm_outside_worlds();
    std::vector<std::string> known = known_departures(adapter);
    for (const Property& property : properties()) {
      const Clause* clause = find_clause(chapters(), property.clause);
      if (!clause || (clause->tier == "X" && !adapter.exact_order)) continue;
      if (std::ranges::find(known, property.clause) == known.end()) held_to_.push_back(&property);
    }
    fmt::print(stderr, "{} {}, held to {} clauses; known departures: {}\n", adapter.name, adapter.version,
               held_to_.size(), known.empty() ? "none" : fmt::format("{}", fmt::join(known, " ")));
  }

  void play_and_judge(const Scenario& scenario) {
    play(scenario);
    for (const Property* property : held_to_)
      if (property->judge(history_).violated()) report_and_abort(*property, scenario);
  }

 private:
  void play(const Scenario& scenario) {
    adapter_.run(adapter_, scenario, world_, trace_);
    history_.read(trace_);
  }

  Verdict judge(const Scenario& scenario, const Property& property) {
    play(scenario);
    return property.judge(history_);
  }

  [[noreturn]] void report_and_abort(const Property& property, const Scenario& scenario) {
    Scenario smallest = shrink(scenario, [&](const Scenario& candidate) {
      return judge(candidate, property).violated();
    });
    Verdict verdict = judge(smallest, property);
    fmt::print(stderr, "\n{} violates {}: {}\n  {}: {}\n\ncede replay --loop {} - <<'END'\n{}END\n\n",
               adapter_.name, property.clause, find_clause(chapters(), property.clause)->title,
               to_string(trace_.events[verdict.event]), verdict.text, adapter_.name, to_string(smallest));
    std::abort();
  }

  const Adapter& adapter_;
  std::vector<const Property*> held_to_;
  World world_;
  Trace trace_;
  History history_;
};

}  // namespace
}  // namespace cede

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  static const cede::Adapter adapter = [] {
    cede::Adapter adapter;
    cede::cede_adapter("", adapter);
    return adapter;
  }();
  static cede::Target target(adapter);
  target.play_and_judge(cede::parse_leniently({reinterpret_cast<const char*>(data), size}));
  return 0;
}

/// Undefined behaviour is a finding like any other. (The names are the sanitizers'.)
extern "C" const char* __ubsan_default_options() { return "halt_on_error=1:print_stacktrace=1"; }
