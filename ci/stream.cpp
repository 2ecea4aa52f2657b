#include "ci/stream.h"

#include <algorithm>
#include <sstream>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "ci/text.h"
#include "ci/version.h"

namespace cede {
namespace {

using Json = nlohmann::ordered_json;

constexpr int schema = 1;  // of these lines; it counts up when what they mean changes

Json trace_json(const ShownTrace& trace) {
  Json events = Json::array();
  for (const ShownEvent& event : trace) {
    std::size_t indent = std::min(event.text.find_first_not_of(' '), event.text.size());
    Json json{{"at_ns", event.at}, {"event", event.text.substr(indent)}};
    if (indent) json["indent"] = indent;
    events.push_back(std::move(json));
  }
  return events;
}

ShownTrace trace_of(const Json& json) {
  ShownTrace trace;
  for (const Json& event : json) {
    std::string text(std::min(event.value("indent", 0u), 1000u), ' ');
    trace.push_back({event.at("at_ns"), text + event.at("event").get<std::string>()});
  }
  return trace;
}

Scenario scenario_of(const Json& json) {
  Parsed parsed = parse_scenario(json.at("scenario").get<std::string>());
  if (parsed.error) throw std::runtime_error("the scenario: " + to_string(*parsed.error));
  return parsed.scenario;
}

/// The one of these whose spelling the line has under this key.
template <class T>
T one_of(const Json& json, const char* key, std::initializer_list<T> all) {
  for (T one : all)
    if (json.at(key) == spelling(one)) return one;
  throw std::runtime_error(fmt::format("there is no {} {}", key, json.at(key).dump()));
}

Json run_json(const RunReport& report) {
  const Terms& terms = report.terms;
  Json json{{"kind", "run"},
            {"schema", schema},
            {"suite", version},
            {"seed", terms.seed},
            {"budget", terms.budget.text()},
            {"clock", spelling(terms.pace)}};
  if (!terms.globs.empty()) json["clauses"] = terms.globs;
  if (!terms.without.empty()) json["without"] = terms.without;
  if (terms.random_choices) json["choices"] = "random";
  if (report.shard) json["shard"] = report.shard->text();
  return json;
}

void read_run(const Json& json, RunReport& report) {
  if (json.at("schema") != schema)
    throw std::runtime_error(fmt::format("it has schema {}, and this cede reads {}", json.at("schema").dump(), schema));
  Terms& terms = report.terms;
  terms.seed = json.at("seed");
  const Budget endless{UINT32_MAX, 0, 0};
  if (json.at("budget") == endless.text()) terms.budget = endless;
  else if (!parse_budget(json.at("budget"), terms.budget))
    throw std::runtime_error(fmt::format("there is no budget {}", json.at("budget").dump()));
  terms.pace = one_of(json, "clock", {World::Pace::frozen, World::Pace::creeping, World::Pace::real});
  terms.globs = json.value("clauses", terms.globs);
  terms.without = json.value("without", terms.without);
  terms.random_choices = json.contains("choices");
  if (!json.contains("shard")) return;
  if (!parse_shard(json["shard"], report.shard.emplace()))
    throw std::runtime_error(fmt::format("there is no shard {}", json["shard"].dump()));
}

Json loop_json(const LoopReport& loop) {
  const LoopInfo& info = loop.info;
  Json json{{"kind", "loop"},
            {"loop", info.name},
            {"version", info.version},
            {"mapping", info.mapping},
            {"scenarios", loop.played},
            {"floor", loop.floor},
            {"exact_order", info.exact_order}};
  if (!info.back_end.empty()) json["back_end"] = info.back_end;
  if (!info.layered.empty()) json["layered"] = info.layered;
  if (!info.language.empty()) json["language"] = info.language;
  if (!info.bugs.empty()) json["bugs"] = info.bugs;
  if (loop.restarts) json["restarts"] = loop.restarts;
  if (!loop.unplayed.empty()) json["unplayed"] = loop.unplayed;
  for (const Unsupported& one : info.unsupported) json["unsupported"][std::string(spelling(one.verb))] = one.reason;
  if (!loop.outdated.empty()) json["outdated"] = loop.outdated;
  return json;
}

LoopReport loop_from(const Json& json) {
  LoopReport loop;
  loop.info.name = json.at("loop");
  loop.info.version = json.at("version");
  loop.info.mapping = json.at("mapping");
  loop.played = json.at("scenarios");
  loop.floor = json.at("floor");
  loop.info.exact_order = json.at("exact_order");
  loop.info.back_end = json.value("back_end", "");
  loop.info.layered = json.value("layered", loop.info.layered);
  loop.info.language = json.value("language", "");
  loop.info.bugs = json.value("bugs", "");
  loop.restarts = json.value("restarts", std::uint64_t{0});
  loop.unplayed = json.value("unplayed", loop.unplayed);
  loop.outdated = json.value("outdated", "");
  if (json.contains("unsupported"))
    for (auto& [verb, reason] : json["unsupported"].items())
      if (const VerbRow* known = find_verb(verb)) loop.info.unsupported.push_back({known->verb, reason});
  return loop;
}

Json expectation_json(const ClauseReport& report) {
  const Expectation& expected = *report.expected;
  Json json{{"expect", expected.spelling()},
            {"met", report.as_expected()},
            {"why", expected.why},
            {"link", expected.link},
            {"where", expected.where()}};
  if (expected.seldom) json["seldom"] = true;
  if (expected.percent < 100) json["percent"] = expected.percent;
  return json;
}

Expectation expectation_of(const Json& json) {
  Expectation expected;
  if (!expected.spelled(json.at("expect").get<std::string>()))
    throw std::runtime_error(fmt::format("there is no expectation {}", json.at("expect").dump()));
  expected.why = json.at("why");
  expected.link = json.at("link");
  const std::string where = json.at("where");
  expected.file = where.substr(0, where.rfind(':'));
  expected.line = std::atoi(where.substr(where.rfind(':') + 1).c_str());
  expected.seldom = json.value("seldom", false);
  expected.percent = json.value("percent", 100);
  return expected;
}

Json clause_json(const LoopReport& loop, const ClauseReport& report, const Terms& terms) {
  Json json{{"kind", "clause"},
            {"loop", loop.info.name},
            {"id", report.clause->id},
            {"level", report.clause->level},
            {"tier", report.clause->tier},
            {"status", spelling(report.status)},
            {"layered", report.layered},
            {"judged", report.judged},
            {"reached", report.reached},
            {"decisive", report.decisive},
            {"violated", report.violated}};
  if (report.once) json["once"] = report.once;
  if (report.first_violation) json["first_violation"] = report.first_violation;
  if (!report.reason.empty()) json["reason"] = report.reason;
  if (report.expected) json["expectation"] = expectation_json(report);
  if (auto seen = report.variants_seen(); !seen.empty()) {
    for (auto& [name, count] : seen) json["variants"][name] = count;
    json["constant"] = seen.size() == 1;
  }
  if (report.finding) {
    const Finding& finding = *report.finding;
    json["why"] = finding.why;
    json["scenario"] = to_string(finding.scenario);
    json["deciding_event"] = finding.event;
    json["seen"] = trace_json(finding.seen);
    json["expected"] = trace_json(finding.expected);
    json["replay"] = replay_line(finding.scenario, loop, terms, "cede");
  }
  return json;
}

ClauseReport clause_of(const Json& json) {
  ClauseReport report;
  report.clause = find_clause(chapters(), json.at("id").get<std::string>());
  if (!report.clause) throw std::runtime_error(fmt::format("there is no clause {}", json.at("id").dump()));
  report.status = one_of(json, "status", {Status::verified, Status::failed, Status::not_verified,
                                          Status::unsupported, Status::out_of_scope, Status::not_held});
  report.layered = json.at("layered");
  report.judged = json.at("judged");
  report.reached = json.at("reached");
  report.decisive = json.at("decisive");
  report.violated = json.at("violated");
  report.once = json.value("once", std::uint64_t{0});
  report.first_violation = json.value("first_violation", std::uint64_t{0});
  report.reason = json.value("reason", "");
  if (json.contains("expectation")) report.expected = expectation_of(json["expectation"]);
  if (json.contains("variants")) {
    if (report.clause->variants.empty()) throw std::runtime_error(report.clause->id + " has no variants");
    for (auto& [name, count] : json["variants"].items())
      if (name != report.clause->variants.front()) report.variants[name] = count;
  }
  if (json.contains("scenario"))
    report.finding = Finding{scenario_of(json), json.at("why"), json.at("deciding_event"), trace_of(json.at("seen")),
                             trace_of(json.at("expected"))};
  return report;
}

Json order_json(const LoopReport& loop, const Terms& terms) {
  const OrderReport& order = *loop.order;
  Json json{{"kind", "order"},
            {"loop", loop.info.name},
            {"compared", order.compared},
            {"undecided", order.undecided},
            {"varied", order.varied},
            {"unexplained", order.unexplained}};
  if (!order.ways.empty()) json["ways"] = order.ways;
  if (!order.divergence) return json;
  const Divergence& divergence = *order.divergence;
  json["scenario"] = to_string(divergence.scenario);
  json["seen_event"] = divergence.parting.seen;
  json["expected_event"] = divergence.parting.expected;
  json["seen"] = trace_json(divergence.seen);
  json["expected"] = trace_json(divergence.expected);
  json["replay"] = replay_line(divergence.scenario, loop, terms, "cede");
  return json;
}

OrderReport order_of(const Json& json) {
  OrderReport order{json.at("compared"), json.at("undecided"), json.at("varied"), json.at("unexplained"), {}, {}};
  if (json.contains("ways")) order.ways = json["ways"].get<decltype(order.ways)>();
  if (json.contains("scenario"))
    order.divergence = Divergence{scenario_of(json), trace_of(json.at("seen")), trace_of(json.at("expected")),
                                  {json.at("seen_event"), json.at("expected_event")}};
  return order;
}

Json crash_json(const LoopReport& loop, const Crash& crash, const Terms& terms) {
  Json json{{"kind", "crash"}, {"loop", loop.info.name}, {"how", crash.how}, {"what", crash.what}};
  if (!crash.said.empty()) json["said"] = crash.said;
  if (crash.scenario.steps.empty()) return json;
  json["number"] = crash.number;
  json["times"] = crash.times;
  json["scenario"] = to_string(crash.scenario);
  json["replay"] = replay_line(crash.scenario, loop, terms, "cede");
  return json;
}

Crash crash_of(const Json& json) {
  Crash crash{json.at("how"), json.at("what"), json.value("number", std::uint64_t{0}), {}, json.value("said", "")};
  crash.times = json.value("times", std::uint64_t{1});
  if (json.contains("scenario")) crash.scenario = scenario_of(json);
  return crash;
}

void add_clause(LoopReport& loop, ClauseReport&& clause) {
  if (std::ranges::find(loop.clauses, clause.clause, &ClauseReport::clause) != loop.clauses.end())
    throw std::runtime_error(fmt::format("{} is there twice", clause.clause->id));
  loop.clauses.push_back(std::move(clause));
}

void read_line(const Json& json, RunReport& report) {
  const std::string kind = json.at("kind");
  if (kind == "run") return read_run(json, report);
  if (kind == "loop") return report.loops.push_back(loop_from(json));
  if (kind == "absent") return report.absent.push_back({json.at("loop"), json.at("why")});
  if (kind == "end") {
    report.interrupted = json.at("exit") == static_cast<int>(Exit::interrupted);
    return;
  }
  if (report.loops.empty() || json.at("loop") != report.loops.back().info.name)
    throw std::runtime_error(fmt::format("no line \"kind\":\"loop\" before this one of {}", json.at("loop").dump()));
  LoopReport& loop = report.loops.back();
  if (kind == "clause") add_clause(loop, clause_of(json));
  else if (kind == "order") loop.order = order_of(json);
  else if (kind == "crash") loop.crashes.push_back(crash_of(json));
  else if (kind == "stale") loop.stale.push_back(json.at("what"));
}

}  // namespace

std::string to_json_lines(const RunReport& report) {
  std::string text;
  auto line = [&](const Json& json) { text += json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n"; };
  line(run_json(report));
  for (const LoopReport& loop : report.loops) {
    line(loop_json(loop));
    for (const ClauseReport& clause : loop.clauses) line(clause_json(loop, clause, report.terms));
    if (loop.order) line(order_json(loop, report.terms));
    for (const Crash& crash : loop.crashes) line(crash_json(loop, crash, report.terms));
    for (const std::string& stale : loop.stale)
      line({{"kind", "stale"}, {"loop", loop.info.name}, {"what", stale}});
  }
  for (const Absent& absent : report.absent) line({{"kind", "absent"}, {"loop", absent.loop}, {"why", absent.why}});
  Json codes = Json::array();
  auto all = exits(report);
  for (Exit exit : all) codes.push_back(static_cast<int>(exit));
  line({{"kind", "end"}, {"exit", static_cast<int>(worst(all))}, {"exits", codes}});
  return text;
}

bool read_json_lines(const std::string& text, RunReport& report, std::string& why) {
  std::istringstream stream(text);
  int number = 0;
  std::string last;
  for (std::string line; std::getline(stream, line);) {
    ++number;
    try {
      Json json = Json::parse(line);
      if (last == "end") throw std::runtime_error("a report ends with \"kind\":\"end\", and here is more");
      last = json.at("kind");
      if ((number == 1) != (last == "run")) throw std::runtime_error("a report begins with one \"kind\":\"run\"");
      read_line(json, report);
    } catch (const Json::parse_error&) {
      why = fmt::format("line {}: it is not JSON: was the report cut off?", number);
      return false;
    } catch (const std::exception& error) {
      why = fmt::format("line {}: {}", number, error.what());
      return false;
    }
  }
  if (last == "end") return true;
  why = number ? fmt::format("line {}: a report ends with \"kind\":\"end\": it was cut off", number) : "it is empty";
  return false;
}

}  // namespace cede
