#include "ci/report.h"

#include <algorithm>
#include <array>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "ci/version.h"

namespace cede {
namespace {

using Json = nlohmann::ordered_json;

struct Paint {
  bool color;
  std::string red(std::string_view text) const { return wrap("31;1", text); }
  std::string green(std::string_view text) const { return wrap("32", text); }
  std::string bold(std::string_view text) const { return wrap("1", text); }
  std::string wrap(std::string_view code, std::string_view text) const {
    return color ? fmt::format("\033[{}m{}\033[0m", code, text) : std::string(text);
  }
};

std::string indented(std::string_view text, std::string_view by) {
  std::string result;
  while (!text.empty()) {
    std::size_t end = std::min(text.find('\n'), text.size());
    result += fmt::format("{}{}\n", by, text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return result;
}

/// The rule itself: the first paragraph of a clause's words, on one line each as it stands.
std::string rule(const Clause& clause) { return clause.words.substr(0, clause.words.find("\n\n")); }

Json trace_json(const Trace& trace) {
  Json events = Json::array();
  auto printed = lines(trace);
  for (std::size_t i = 0; i < printed.size(); ++i) {
    std::size_t text = printed[i].find_first_not_of(' ');
    events.push_back({{"at_ns", trace.events[i].at}, {"event", printed[i].substr(text)}});
  }
  return events;
}

/// How often each permitted outcome of a clause was seen. The first of them is the rule itself, which a
/// judge has no name for.
std::vector<std::pair<std::string, std::uint64_t>> variants_seen(const ClauseReport& report) {
  std::vector<std::pair<std::string, std::uint64_t>> seen;
  if (report.clause->variants.empty()) return seen;
  std::uint64_t rule = report.result.decisive - report.result.violated;
  for (auto& [name, count] : report.result.variants) {
    seen.emplace_back(name, count);
    rule -= count;
  }
  if (rule > 0) seen.emplace(seen.begin(), report.clause->variants.front(), rule);
  return seen;
}

Json clause_json(const LoopReport& loop, const ClauseReport& report) {
  Json json{{"kind", "clause"},
            {"loop", loop.adapter->name},
            {"id", report.clause->id},
            {"level", report.clause->level},
            {"tier", report.clause->tier},
            {"status", spelling(report.status)},
            {"layered", report.layered},
            {"reached", report.result.reached},
            {"decisive", report.result.decisive},
            {"violated", report.result.violated}};
  if (!report.reason.empty()) json["reason"] = report.reason;
  if (report.as_expected()) json["expectation"] = {{"why", report.expected->why}, {"link", report.expected->link}};
  if (auto seen = variants_seen(report); !seen.empty()) {
    for (auto& [name, count] : seen) json["variants"][name] = count;
    json["constant"] = seen.size() == 1;
  }
  if (report.finding) {
    const Finding& finding = *report.finding;
    json["why"] = finding.verdict.text;
    json["scenario"] = to_string(finding.scenario);
    json["deciding_event"] = finding.verdict.event;
    json["seen"] = trace_json(finding.seen);
    json["expected"] = trace_json(finding.expected);
    json["replay"] = replay_line(finding.scenario, loop, "cede");
  }
  return json;
}

Json order_json(const LoopReport& loop) {
  Json json{{"kind", "order"},
            {"loop", loop.adapter->name},
            {"compared", loop.order->compared},
            {"undecided", loop.order->undecided},
            {"unexplained", loop.order->unexplained}};
  if (!loop.divergence) return json;
  const Divergence& divergence = *loop.divergence;
  json["scenario"] = to_string(divergence.scenario);
  json["seen_event"] = divergence.parting.seen;
  json["expected_event"] = divergence.parting.expected;
  json["seen"] = trace_json(divergence.seen);
  json["expected"] = trace_json(divergence.expected);
  json["replay"] = replay_line(divergence.scenario, loop, "cede");
  return json;
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

bool ClauseReport::as_expected() const {
  if (!expected) return false;
  if (status == Status::failed) return expected->fails();
  return status == Status::not_verified && expected->kind != Expectation::Kind::variant;
}

std::vector<std::string> ClauseReport::unexpected_variants() const {
  std::vector<std::string> names;
  if (!expected || expected->kind != Expectation::Kind::variant) return names;
  for (auto& [name, count] : variants_seen(*this))
    if (name != expected->variant) names.push_back(name);
  return names;
}

bool is_stale(const ClauseReport& clause) {
  if (!clause.expected || !clause.expected->fails() || clause.expected->seldom) return false;
  return clause.status == Status::verified || clause.status == Status::unsupported;
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
  std::vector<Exit> exits = report.exits;
  auto add = [&](Exit exit) {
    if (std::ranges::find(exits, exit) == exits.end()) exits.push_back(exit);
  };
  bool anything = false;
  for (const LoopReport& loop : report.loops) {
    if (loop.divergence) add(Exit::departs);
    for (const ClauseReport& clause : loop.clauses) {
      anything |= clause.status == Status::verified || clause.status == Status::failed;
      if (!clause.unexpected_variants().empty()) add(Exit::departs);
      if (clause.as_expected()) continue;
      if (clause.status == Status::failed) add(Exit::departs);
      if (clause.status == Status::not_verified && clause.clause->level == "MUST") add(Exit::not_verified);
    }
    if (!loop.stale.empty()) add(Exit::stale);
  }
  if (!anything) add(Exit::not_verified);
  return exits;
}

std::string to_json_lines(const RunReport& report) {
  std::string text;
  auto line = [&](const Json& json) { text += json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"; };
  line({{"kind", "run"},
        {"suite", version},
        {"seed", report.seed},
        {"budget", report.budget},
        {"clock", spelling(report.pace)}});
  for (const LoopReport& loop : report.loops) {
    line({{"kind", "loop"},
          {"loop", loop.adapter->name},
          {"version", loop.adapter->version},
          {"mapping", loop.adapter->mapping},
          {"scenarios", loop.played},
          {"floor", loop.floor}});
    for (const ClauseReport& clause : loop.clauses) line(clause_json(loop, clause));
    if (loop.order) line(order_json(loop));
    for (const std::string& stale : loop.stale)
      line({{"kind", "stale"}, {"loop", loop.adapter->name}, {"what", stale}});
  }
  for (const std::string& absent : report.absent) line({{"kind", "absent"}, {"loop", absent}});
  Json codes = Json::array();
  auto all = exits(report);
  for (Exit exit : all) codes.push_back(static_cast<int>(exit));
  line({{"kind", "end"}, {"exit", static_cast<int>(worst(all))}, {"exits", codes}});
  return text;
}

namespace {
std::string command = "cede";
}
const std::string& called_as() { return command; }
void set_called_as(std::string name) { command = std::move(name); }

std::string replay_line(const Scenario& scenario, const LoopReport& loop, std::string_view command) {
  std::string text = to_string(scenario);
  std::string escaped;
  for (char c : text) escaped += c == '\n' ? std::string("\\n") : std::string(1, c);
  return fmt::format("printf '{}' | {} replay --loop {}{} -", escaped, command, loop.adapter->name, loop.options);
}

std::string marked(const Trace& trace, std::size_t event, bool whole) {
  constexpr std::size_t before = 24, after = 4;
  std::size_t count = trace.events.size();
  std::size_t middle = event == never ? std::min(before, count) : event;
  std::size_t first = middle > before && !whole ? middle - before : 0;
  std::size_t last = whole ? count : std::min(count, middle + after);
  std::string text;
  auto printed = lines(trace);
  if (first > 0) text += fmt::format("             ... {} events before\n", first);
  for (std::size_t i = first; i < last; ++i)
    text += fmt::format("{} {:>8}  {}\n", i == event ? '>' : ' ', to_string_duration(trace.events[i].at), printed[i]);
  if (last < count) text += fmt::format("             ... {} events after\n", count - last);
  return text;
}

std::string to_text(const LoopReport& loop, const ClauseReport& report, bool color) {
  Paint paint{color};
  const Clause& clause = *report.clause;
  std::string text = fmt::format("{} {} {} ({}{}) {}\n", paint.red("FAIL"), loop.adapter->name,
                                 paint.bold(clause.id), clause.level, report.layered ? ", layered" : "", clause.title);
  text += indented(rule(clause), "  ");
  if (!report.finding) return text;
  const Finding& finding = *report.finding;
  text += fmt::format("\n  smallest scenario ({} of {} scenarios violate it)\n", report.result.violated, loop.played);
  text += indented(to_string(finding.scenario), "      ");
  text += fmt::format("\n  expected, as the reference does it\n{}", indented(marked(finding.expected, never), "    "));
  text += fmt::format("\n  seen: {}\n{}", finding.verdict.text,
                      indented(marked(finding.seen, finding.verdict.event), "    "));
  text += fmt::format("\n  replay  {}\n\n", replay_line(finding.scenario, loop));
  return text;
}

std::string divergence_text(const LoopReport& loop, bool color) {
  Paint paint{color};
  const Divergence& divergence = *loop.divergence;
  std::string text = fmt::format("{} {} {}: unexplained\n", paint.red("FAIL"), loop.adapter->name,
                                 paint.bold("exact order"));
  text += "  The loop declares the exact order, but does what the reference never does, whatever it is let\n"
          "  choose; and no clause is violated. One is missing, or the loop should not declare it.\n";
  text += fmt::format("\n  smallest scenario ({} of {} traces that were compared)\n", loop.order->unexplained,
                      loop.order->compared);
  text += indented(to_string(divergence.scenario), "      ");
  text += fmt::format("\n  expected, as far as the reference goes along\n{}",
                      indented(marked(divergence.expected, divergence.parting.expected), "    "));
  text += fmt::format("\n  seen\n{}", indented(marked(divergence.seen, divergence.parting.seen), "    "));
  text += fmt::format("\n  replay  {}\n\n", replay_line(divergence.scenario, loop));
  return text;
}

std::string summary(const LoopReport& loop, bool color) {
  Paint paint{color};
  std::string text;
  for (std::string_view level : {"MUST", "SHOULD", "MAY"}) {
    int held = 0, verified = 0, layered = 0;
    std::uint64_t least = UINT64_MAX;
    for (const ClauseReport& report : loop.clauses) {
      constexpr std::array asked{Status::verified, Status::failed, Status::not_verified};
      if (report.clause->level != level || std::ranges::find(asked, report.status) == asked.end()) continue;
      ++held;
      least = std::min(least, report.result.decisive);
      if (report.status != Status::verified) continue;
      ++verified;
      layered += report.layered;
    }
    if (held == 0) continue;
    std::string counts = fmt::format("{:<6} {} of {} verified", level, verified, held);
    text += fmt::format("  {}{}; decisive in at least {} scenarios each\n",
                        verified == held ? paint.green(counts) : paint.red(counts),
                        layered ? fmt::format(", {} of them layered", layered) : "", least);
  }
  if (loop.order) {
    std::string counts = fmt::format("{} traces compared whole, {} unexplained", loop.order->compared,
                                     loop.order->unexplained);
    text += fmt::format("  exact order: {}{}\n", loop.order->unexplained ? paint.red(counts) : paint.green(counts),
                        loop.order->undecided ? fmt::format(", {} undecided", loop.order->undecided) : "");
  }
  auto list = [&](Status status, std::string_view words, bool expected = false) {
    std::string ids;
    for (const ClauseReport& report : loop.clauses)
      if (report.status == status && report.as_expected() == expected) ids += " " + report.clause->id;
    if (!ids.empty()) text += fmt::format("  {}:{}\n", words, ids);
  };
  list(Status::failed, "departs from");
  list(Status::failed, "departs, as expected, from", true);
  list(Status::not_verified, "decided seldom, as expected", true);
  list(Status::not_verified, fmt::format("decisive in fewer than {} scenarios", loop.floor));
  list(Status::unsupported, "unsupported");
  list(Status::out_of_scope, "decided by no program of this scope");
  list(Status::not_held, "not held to exact order");
  for (const ClauseReport& report : loop.clauses) {
    if (report.result.variants.empty()) continue;
    auto seen = variants_seen(report);
    std::string counts;
    for (auto& [name, count] : seen) counts += fmt::format("{}{} {}", counts.empty() ? "" : ", ", name, count);
    text += fmt::format("  variants of {}: {}{}\n", report.clause->id, counts, seen.size() == 1 ? ", constant" : "");
    if (!report.unexpected_variants().empty())
      text += fmt::format("  {} was expected to be {} alone\n", report.clause->id, report.expected->variant);
  }
  for (const std::string& stale : loop.stale) text += fmt::format("  {} {}\n", paint.red("stale:"), stale);
  return text;
}

}  // namespace cede
