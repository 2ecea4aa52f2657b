#include "ci/replay.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>

#include <fmt/format.h>

#include "ci/acceptor.h"
#include "ci/any_choices.h"
#include "ci/report.h"
#include "ci/run.h"

namespace cede {
namespace {

Exit usage(const std::string& message) {
  fmt::print(stderr, "cede: {}\n", message);
  return Exit::usage;
}

Trace play_on(const Adapter& adapter, const Scenario& scenario, World::Pace pace, bool random_choices) {
  World world(pace_for(adapter, pace));
  AnyChoices choices;
  choices.begin(scenario);
  if (random_choices) world.let_choose(&choices);
  Trace trace;
  adapter.run(adapter, scenario, world, trace);
  return trace;
}

}  // namespace

bool read_file(const std::string& file, std::string& text, std::string& why) {
  if (file == "-") {
    text.assign(std::istreambuf_iterator<char>(std::cin), {});
    return true;
  }
  std::error_code error;
  if (std::filesystem::is_directory(file, error)) {
    why = fmt::format("{} is a directory, expected a scenario file", file);
    return false;
  }
  std::ifstream stream(file);
  if (!stream) {
    why = fmt::format("cannot read {}: {}", file, std::strerror(errno));
    return false;
  }
  text.assign(std::istreambuf_iterator<char>(stream), {});
  return true;
}

Exit replay(const ReplayOptions& options) {
  std::string text, why;
  if (!read_file(options.file, text, why)) return usage(why);
  Parsed parsed = parse_scenario(text);
  if (parsed.error) return usage(fmt::format("{}: {}", options.file, to_string(*parsed.error)));
  if (parsed.scenario.steps.empty())
    return usage(fmt::format("{}: no steps; expected lines such as `main: call_soon a`", options.file));
  const KnownLoop* known = find_loop(options.loop);
  const Adapter* adapter = find_adapter(known ? known->name : options.loop, why);
  if (!adapter && is_module(options.loop)) {
    fmt::print(stderr, "cede: {}\n", why);
    return Exit::adapter_failed;
  }
  if (!adapter) return usage(fmt::format("no loop {} here ({}); there are: {}", options.loop, why, loop_names()));

  Trace expected = play_on(reference_adapter(), parsed.scenario, options.pace, false);
  Trace seen = play_on(*adapter, parsed.scenario, options.pace, options.random_choices);
  History history;
  history.read(seen);

  std::string verdicts;
  Exit exit = Exit::verified;
  std::size_t deciding = never;
  for (const Property& property : properties()) {
    const Clause* clause = find_clause(chapters(), property.clause);
    if (!clause || (clause->tier == "X" && !adapter->exact_order)) continue;
    Verdict verdict = property.judge(history);
    if (verdict.violated()) {
      exit = Exit::departs;
      if (deciding == never) deciding = verdict.event;
      verdicts += fmt::format("violated  {} {}\n          {}: {}\n", clause->id, clause->title,
                              to_string(seen.events[verdict.event]), verdict.text);
    } else if (verdict.kind == Verdict::Kind::variant) {
      verdicts += fmt::format("variant   {} {}: {}\n", clause->id, clause->title, verdict.text);
    } else if (verdict.decisive()) {
      verdicts += fmt::format("holds     {} {}\n", clause->id, clause->title);
    }
  }
  if (exit == Exit::verified && adapter->exact_order && options.pace == World::Pace::frozen) {
    Acceptor acceptor(*adapter);
    if (acceptor.judge(parsed.scenario, seen) == Acceptor::Judgement::rejects) {
      exit = Exit::departs;
      deciding = acceptor.parted().seen;
      expected = acceptor.closest();
      verdicts += "parts     from the exact order, and no clause explains it\n";
    }
  }
  if (to_string(expected) != to_string(seen))
    fmt::print("the reference\n{}\n", marked(expected, never, true));
  fmt::print("{} {}\n{}\n{}", adapter->name, adapter->version, marked(seen, deciding, true),
             verdicts.empty() ? "no clause is decided by this scenario\n" : verdicts);
  return exit;
}

}  // namespace cede
