#include "ci/diff.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "ci/render.h"

namespace cede {
namespace {

/// What a clause is, with the names of the outcomes that were seen if it permits several.
std::string outcome(const ClauseReport& report) {
  std::string names;
  for (auto& [name, count] : report.variants_seen()) names += (names.empty() ? ": " : ", ") + name;
  return std::string(spelling(report.status)) + names;
}

/// How bad it is; what is not asked of a loop is as good as verified.
int badness(const ClauseReport& report) {
  if (report.status == Status::failed) return 2;
  return report.status == Status::not_verified && report.clause->level == "MUST" ? 1 : 0;
}

const ClauseReport* of_clause(const LoopReport& loop, const Clause* clause) {
  auto found = std::ranges::find(loop.clauses, clause, &ClauseReport::clause);
  return found == loop.clauses.end() ? nullptr : &*found;
}

const LoopReport* of_loop(const RunReport& run, const std::string& name) {
  auto found = std::ranges::find_if(run.loops, [&](const LoopReport& loop) { return loop.info.name == name; });
  return found == run.loops.end() ? nullptr : &*found;
}

void add_changes(const LoopReport& before, const LoopReport& after, std::vector<Change>& changes) {
  const std::string& name = after.info.name;
  auto add = [&](std::string clause, std::string from, std::string to, bool worse) {
    if (from != to) changes.push_back({name, std::move(clause), std::move(from), std::move(to), worse});
  };
  add("", "version " + before.info.version, "version " + after.info.version, false);
  auto crashes = [](const LoopReport& loop) { return fmt::format("{} crashes", loop.crashes.size()); };
  add("", crashes(before), crashes(after), after.crashes.size() > before.crashes.size());
  auto parts = [](const LoopReport& loop) { return loop.order && loop.order->divergence; };
  auto order = [&](const LoopReport& loop) { return std::string(parts(loop) ? "unexplained traces" : "exact order"); };
  add("", order(before), order(after), parts(after));
  for (const ClauseReport& now : after.clauses) {
    const ClauseReport* then = of_clause(before, now.clause);
    add(now.clause->id, then ? outcome(*then) : "", outcome(now),
        then ? badness(now) > badness(*then) : badness(now) > 0);
  }
  for (const ClauseReport& then : before.clauses)
    if (!of_clause(after, then.clause)) add(then.clause->id, outcome(then), "", true);
}

std::string on_terms(const RunReport& run) {
  std::string clauses = run.terms.globs.empty() ? "every clause" : fmt::format("{}", fmt::join(run.terms.globs, " "));
  return fmt::format("{}{}, {}, seed {}, {} time", run.shard ? fmt::format("shard {} of ", run.shard->text()) : "",
                     clauses, run.terms.budget.text(), run.terms.seed, spelling(run.terms.pace));
}

std::string to_json(const Change& change) {
  nlohmann::ordered_json json{{"kind", "change"}, {"loop", change.loop}};
  if (!change.clause.empty()) json["id"] = change.clause;
  if (!change.before.empty()) json["before"] = change.before;
  if (!change.after.empty()) json["after"] = change.after;
  json["worse"] = change.worse;
  return json.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace);
}

std::string to_text(const Change& change) {
  std::string what = change.loop + (change.clause.empty() ? "" : " " + change.clause);
  auto shown = [](const std::string& text) { return text.empty() ? "absent" : text; };
  return fmt::format("{} {}: {} -> {}", change.worse ? "worse " : "      ", what, shown(change.before),
                     shown(change.after));
}

}  // namespace

std::vector<Change> changes(const RunReport& before, const RunReport& after) {
  std::vector<Change> changes;
  for (const LoopReport& loop : after.loops) {
    if (const LoopReport* then = of_loop(before, loop.info.name)) add_changes(*then, loop, changes);
    else changes.push_back({loop.info.name, "", "", "version " + loop.info.version, false});
  }
  for (const LoopReport& loop : before.loops)
    if (!of_loop(after, loop.info.name))
      changes.push_back({loop.info.name, "", "version " + loop.info.version, "", true});
  return changes;
}

Exit diff(const std::string& before, const std::string& after, bool json) {
  std::vector<RunReport> runs;
  std::string why;
  if (!read_reports({before, after}, runs, why)) return usage(why);
  auto all = changes(runs[0], runs[1]);
  bool worse = std::ranges::any_of(all, &Change::worse);
  if (on_terms(runs[0]) != on_terms(runs[1]))
    fmt::print(stderr, "cede: changes may come of it that the reports were not made on the same terms: {}; {}\n",
               on_terms(runs[0]), on_terms(runs[1]));
  for (const Change& change : all) fmt::print("{}\n", json ? to_json(change) : to_text(change));
  if (json) fmt::print("{}\n", nlohmann::ordered_json{{"kind", "end"}, {"exit", worse ? 1 : 0}}.dump());
  else fmt::print("{} changes; {}\n", all.size(), worse ? "something got worse" : "nothing got worse");
  return worse ? Exit::departs : Exit::verified;
}

}  // namespace cede
