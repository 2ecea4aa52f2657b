#include "ci/text.h"

#include <algorithm>
#include <array>
#include <cstdlib>
#include <map>

#include <fmt/format.h>

namespace cede {
namespace {

struct Paint {
  bool color;
  std::string red(std::string_view text) const { return wrap("31;1", text); }
  std::string green(std::string_view text) const { return wrap("32", text); }
  std::string bold(std::string_view text) const { return wrap("1", text); }
  std::string wrap(std::string_view code, std::string_view text) const {
    return color ? fmt::format("\033[{}m{}\033[0m", code, text) : std::string(text);
  }
};

/// The rule itself: the first paragraph of a clause's words, on one line each as it stands.
std::string rule(const Clause& clause) { return clause.words.substr(0, clause.words.find("\n\n")); }

std::string times(std::uint64_t count) { return count == 1 ? "once" : fmt::format("{} times", count); }

/// What was expected of a loop, and the files that say why.
std::string excused(const LoopReport& loop, Status status, std::string_view words) {
  std::map<std::string, std::string> ids;  // by file
  for (const ClauseReport& report : loop.clauses)
    if (report.status == status && report.as_expected()) ids[report.expected->file] += " " + report.clause->id;
  std::string text;
  for (const auto& [file, listed] : ids) text += fmt::format("  {}:{}; why: {}\n", words, listed, file);
  return text;
}

std::string command = "cede";

/// A word as a shell reads it.
std::string shell_word(std::string_view word) {
  constexpr std::string_view plain = "abcdefghijklmnopqrstuvwxyzABCDEFGHIJKLMNOPQRSTUVWXYZ0123456789_-./:=,+@%";
  if (!word.empty() && word.find_first_not_of(plain) == std::string_view::npos) return std::string(word);
  std::string quoted = "'";
  for (const char c : word) quoted += c == '\'' ? "'\\''" : std::string(1, c);
  return quoted + "'";
}

}  // namespace

const std::string& called_as() { return command; }
void set_called_as(std::string name) { command = std::move(name); }

std::string replay_line(const Scenario& scenario, const LoopReport& loop, const Terms& terms,
                        std::string_view command) {
  std::string text = to_string(scenario);
  std::string escaped;
  for (char c : text) escaped += c == '\n' ? std::string("\\n") : std::string(1, c);
  std::string options;
  const char* python = std::getenv("CEDE_PYTHON");
  if (python && is_of_python(loop.info.name)) options = fmt::format(" --python {}", shell_word(python));
  if (terms.pace != World::Pace::frozen) options += fmt::format(" --clock {}", spelling(terms.pace));
  if (terms.random_choices) options += " --choices random";
  return fmt::format("printf '{}' | {} replay --loop {}{} -", escaped, command, shell_word(loop.info.name), options);
}

std::string indented(std::string_view text, std::string_view by) {
  std::string result;
  while (!text.empty()) {
    std::size_t end = std::min(text.find('\n'), text.size());
    result += fmt::format("{}{}\n", by, text.substr(0, end));
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return result;
}

std::string marked(const ShownTrace& trace, std::size_t event, bool whole) {
  constexpr std::size_t before = 24, after = 4;
  std::size_t count = trace.size();
  std::size_t middle = event == never ? std::min(before, count) : event;
  std::size_t first = middle > before && !whole ? middle - before : 0;
  std::size_t last = whole ? count : std::min(count, middle + after);
  std::string text;
  if (first > 0) text += fmt::format("             ... {} events before\n", first);
  for (std::size_t i = first; i < last; ++i)
    text += fmt::format("{} {:>8}  {}\n", i == event ? '>' : ' ', to_string_duration(trace[i].at), trace[i].text);
  if (last < count) text += fmt::format("             ... {} events after\n", count - last);
  return text;
}

std::string to_text(const LoopReport& loop, const Crash& crash, const Terms& terms, bool color) {
  std::string text = fmt::format("{} {} {}\n", Paint{color}.red("CRASH"), loop.info.name, crash.what);
  if (!crash.said.empty()) text += fmt::format("  it wrote\n{}", indented(crash.said, "      "));
  if (crash.scenario.steps.empty()) return text + "\n";
  text += fmt::format("\n  smallest scenario ({})\n", times(crash.times));
  text += indented(to_string(crash.scenario), "      ");
  return text + fmt::format("\n  replay  {}\n\n", replay_line(crash.scenario, loop, terms));
}

std::string to_text(const LoopReport& loop, const ClauseReport& report, const Terms& terms, bool color) {
  Paint paint{color};
  const Clause& clause = *report.clause;
  std::string text = fmt::format("{} {} {} ({}{}) {}\n", paint.red("FAIL"), loop.info.name,
                                 paint.bold(clause.id), clause.level, report.layered ? ", layered" : "", clause.title);
  text += indented(rule(clause), "  ");
  if (report.departs_too_often())
    text += fmt::format("\n  At most {} % are expected to depart ({}), and {} of the {} that decide it do.\n",
                        report.expected->percent, report.expected->where(), report.violated, report.decisive);
  if (!report.finding) return text;
  const Finding& finding = *report.finding;
  text += fmt::format("\n  smallest scenario ({} of {} scenarios violate it)\n", report.violated, loop.played);
  text += indented(to_string(finding.scenario), "      ");
  text += fmt::format("\n  expected, as the reference does it\n{}", indented(marked(finding.expected, never), "    "));
  text += fmt::format("\n  seen: {}\n{}", finding.why,
                      indented(marked(finding.seen, finding.event), "    "));
  text += fmt::format("\n  replay  {}\n\n", replay_line(finding.scenario, loop, terms));
  return text;
}

std::string divergence_text(const LoopReport& loop, const Terms& terms, bool color) {
  Paint paint{color};
  const Divergence& divergence = *loop.order->divergence;
  std::string text = fmt::format("{} {} {}: unexplained\n", paint.red("FAIL"), loop.info.name,
                                 paint.bold("exact order"));
  text += "  The loop declares the exact order, but does what the reference never does, whatever it is let\n"
          "  choose; and no clause is violated. One is missing, or the loop should not declare it.\n";
  text += fmt::format("\n  smallest scenario ({} of {} traces that were compared)\n", loop.order->unexplained,
                      loop.order->compared);
  text += indented(to_string(divergence.scenario), "      ");
  text += fmt::format("\n  expected, as far as the reference goes along\n{}",
                      indented(marked(divergence.expected, divergence.parting.expected), "    "));
  text += fmt::format("\n  seen\n{}", indented(marked(divergence.seen, divergence.parting.seen), "    "));
  text += fmt::format("\n  replay  {}\n\n", replay_line(divergence.scenario, loop, terms));
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
      if (report.status != Status::verified) continue;
      ++verified;
      least = std::min(least, report.decisive);
      layered += report.layered;
    }
    if (held == 0) continue;
    std::string counts = fmt::format("{:<6} {} of {} verified", level, verified, held);
    text += fmt::format("  {}{}{}\n", verified == held ? paint.green(counts) : paint.red(counts),
                        layered ? fmt::format(", {} of them layered", layered) : "",
                        verified ? fmt::format("; decisive in at least {} scenarios each", least) : "");
  }
  if (loop.order) {
    std::string counts = fmt::format("{} traces compared whole, {} unexplained", loop.order->compared,
                                     loop.order->unexplained);
    if (loop.order->varied) counts += fmt::format(", {} in CPython's ways", loop.order->varied);
    if (loop.order->undecided) counts += fmt::format(", {} undecided", loop.order->undecided);
    text += fmt::format("  exact order: {}\n", loop.order->unexplained ? paint.red(counts) : paint.green(counts));
    for (const auto& [way, times] : loop.order->ways) text += fmt::format("    {} x {}\n", times, way);
  }
  std::uint64_t crashes = 0;
  for (const Crash& crash : loop.crashes) crashes += crash.times;
  if (crashes)
    text += fmt::format("  {}\n", paint.red(fmt::format("went down {}", times(crashes))));
  if (loop.restarts)
    text += fmt::format("  somebody else has killed a process of it {}: it was begun again\n", times(loop.restarts));
  for (const auto& [why, count] : loop.unplayed)
    text += fmt::format("  could not play {} of the scenarios: {}\n", count, why);
  auto list = [&](Status status, std::string_view words, std::string_view level = {}) {
    std::string ids;
    for (const ClauseReport& report : loop.clauses)
      if (report.status == status && !report.as_expected() &&
          (level.empty() || (level == "MUST") == (report.clause->level == "MUST")))
        ids += " " + report.clause->id;
    if (!ids.empty()) text += fmt::format("  {}:{}\n", words, ids);
  };
  list(Status::failed, "departs from");
  text += excused(loop, Status::failed, "departs, as expected, from");
  text += excused(loop, Status::not_verified, "decided seldom, as expected");
  std::string once;
  for (const ClauseReport& report : loop.clauses)
    if (report.once) once += fmt::format(" {} {}", report.clause->id, times(report.once));
  if (!once.empty()) text += fmt::format("  departed, but not when it was played again:{}\n", once);
  list(Status::not_verified, fmt::format("MUST, but decisive in fewer than {} scenarios", loop.floor), "MUST");
  list(Status::not_verified, fmt::format("decisive in fewer than {} scenarios", loop.floor), "others");
  list(Status::unsupported, "unsupported");
  list(Status::out_of_scope, "decided by no program of this scope");
  list(Status::not_held, "not held to exact order");
  for (const ClauseReport& report : loop.clauses) {
    if (report.variants.empty()) continue;
    auto seen = report.variants_seen();
    std::string counts;
    for (auto& [name, count] : seen) counts += fmt::format("{}{} {}", counts.empty() ? "" : ", ", name, count);
    text += fmt::format("  variants of {}: {}{}\n", report.clause->id, counts, seen.size() == 1 ? ", constant" : "");
    if (!report.unexpected_variants().empty())
      text += fmt::format("  {} was expected to be {} alone\n", report.clause->id, report.expected->variant);
  }
  for (const std::string& stale : loop.stale) text += fmt::format("  {} {}\n", paint.red("stale:"), stale);
  return text;
}

std::string to_text(const LoopReport& loop, const Terms& terms, bool color) {
  std::string text;
  for (const Crash& crash : loop.crashes) text += to_text(loop, crash, terms, color);
  for (const ClauseReport& clause : loop.clauses)
    if (clause.status == Status::failed && !clause.as_expected()) text += to_text(loop, clause, terms, color);
  if (loop.order && loop.order->divergence) text += divergence_text(loop, terms, color);
  return text + fmt::format("{} {}: {} scenarios\n{}", loop.info.name, loop.info.version, loop.played,
                            summary(loop, color));
}

}  // namespace cede
