#include "ci/replay.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <iterator>
#include <utility>

#include <fmt/format.h>

#include "ci/acceptor.h"
#include "ci/any_choices.h"
#include "ci/child.h"
#include "ci/isolation.h"
#include "ci/known_partings.h"
#include "ci/text.h"
#include "ci/run.h"

namespace cede {
namespace {

Trace play_on(const Adapter& adapter, const Scenario& scenario, World::Pace pace, bool random_choices) {
  World world(pace_for(adapter, pace));
  AnyChoices choices;
  choices.begin(scenario);
  if (random_choices) world.let_choose(&choices);
  Trace trace;
  adapter.run(adapter, scenario, world, trace);
  return trace;
}

/// Both loops' traces and what the judges say, and how it ends.
std::pair<std::string, Exit> judged(const Adapter& adapter, const Scenario& scenario, const ReplayOptions& options) {
  Trace expected = play_on(reference_adapter(), scenario, options.pace, false);
  Trace seen = play_on(adapter, scenario, options.pace, options.random_choices);
  if (seen.events.empty())
    return {fmt::format("{} {}: it cannot play this scenario: {}\n", adapter.name, adapter.version, seen.unplayed),
            Exit::verified};
  History history;
  history.read(seen);

  std::string verdicts;
  Exit exit = Exit::verified;
  std::size_t deciding = never;
  for (const Property& property : properties()) {
    const Clause* clause = find_clause(chapters(), property.clause);
    if (!clause || (clause->tier == "X" && !adapter.exact_order)) continue;
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
  if (exit == Exit::verified && adapter.exact_order && options.pace == World::Pace::frozen) {
    Acceptor acceptor(adapter);
    if (acceptor.judge(scenario, seen) == Acceptor::Judgement::rejects) {
      const std::string_view known = known_parting(adapter, {seen, history, acceptor.closest(), acceptor.parted()});
      if (known.empty()) exit = Exit::departs;
      deciding = acceptor.parted().seen;
      expected = acceptor.closest();
      verdicts += known.empty() ? "parts     from the exact order, and no clause explains it\n"
                                : fmt::format("parts     as CPython does: {}\n", known);
    }
  }
  std::string text;
  if (to_string(expected) != to_string(seen))
    text += fmt::format("the reference\n{}\n", marked(shown(expected), never, true));
  text += fmt::format("{} {}\n{}\n{}", adapter.name, adapter.version, marked(shown(seen), deciding, true),
             verdicts.empty() ? "no clause is decided by this scenario\n" : verdicts);
  return {text, exit};
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
  const std::string name = known ? std::string(known->name) : options.loop;
  LoopInfo info;
  switch (describe(name, info, why)) {
    case Opened::well: break;
    case Opened::not_there:
      if (!known && !is_yours(name))
        return usage(fmt::format("no loop {} here ({}); there are: {}", options.loop, why, loop_names()));
      [[fallthrough]];
    case Opened::broken: fmt::print(stderr, "cede: {}: {}\n", name, why); return Exit::adapter_failed;
  }
  Child::End end = Child([&](Pulse&) {
    std::string why;
    auto [text, exit] = judged(*find_adapter(name, why), parsed.scenario, options);
    return static_cast<char>(exit) + text;
  }, options.pace == World::Pace::real ? 3600 : 10).end();  // real time takes as long as it says
  if (end.how != Child::How::done) {
    fmt::print("{} {}: it {}\n{}", name, info.version, end.words(), end.printed);
    return Exit::departs;
  }
  fmt::print("{}", end.said.substr(1));
  if (!end.printed.empty()) fmt::print("\nit wrote\n{}", indented(end.printed, "    "));
  return static_cast<Exit>(end.said[0]);
}

}  // namespace cede
