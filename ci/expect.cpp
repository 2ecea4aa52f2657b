#include "ci/expect.h"

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <map>
#include <sstream>

#include <fmt/format.h>

#include "adapters/adapters.h"
#include "adapters/expectations.h"
#include "ci/isolation.h"
#include "ci/report.h"

namespace cede {
namespace {

namespace fs = std::filesystem;

/// A run on each back end of the loop, or on the one that was named, or on that of a file.
std::vector<LoopReport> reports_of(const std::string& loop, const Expectations* expectations,
                                   const RunOptions& options) {
  std::vector<LoopReport> reports;
  std::string why;
  for (const KnownLoop& known : known_loops()) {
    if (known.name != loop && loop_of(known.name) != loop) continue;
    LoopInfo info;
    if (describe(known.name, info, why) == Opened::well) reports.push_back(report_on(options, info, expectations));
    else fmt::print(stderr, "cede: absent: {}: {}\n", known.name, why);
  }
  if (!is_yours(loop)) return reports;
  LoopInfo info;
  if (describe(loop, info, why) == Opened::well) reports.push_back(report_on(options, info, expectations));
  else fmt::print(stderr, "cede: {}\n", why);
  return reports;
}

/// What a file does not say yet of a clause.
struct News {
  std::string kind, scenario;
  std::vector<std::string> back_ends;
};

/// What a run says of a clause that the loop's file does not; empty if it is nothing new.
std::string_view news_of(const ClauseReport& clause, const LoopReport& loop, const Terms& terms) {
  if (clause.as_expected()) return {};
  if (clause.status == Status::failed) return "fail";
  const bool undecided = clause.status == Status::not_verified && clause.clause->level == "MUST";
  return undecided && shows_what_is_not(loop, terms) ? "undecided" : "";
}

/// By clause, of those that no back end's expectations speak of: what they say has to be changed by hand.
std::map<std::string, News> news_in(const std::vector<LoopReport>& reports, const Terms& terms) {
  std::map<std::string, News> news;
  for (const LoopReport& loop : reports)
    for (const ClauseReport& clause : loop.clauses) {
      const std::string_view kind = news_of(clause, loop, terms);
      if (kind.empty() || clause.expected) continue;
      News& one = news[clause.clause->id];
      if (kind == "fail" || one.kind.empty()) one.kind = kind;
      if (clause.finding) one.scenario = to_string(clause.finding->scenario);
      one.back_ends.push_back(loop.info.back_end);
    }
  return news;
}

/// As blocks of a file, in the order of the chapters, each with its smallest scenario.
std::string blocks_of(const std::map<std::string, News>& news, std::size_t back_ends) {
  std::string text;
  for (const Clause& clause : chapters().clauses) {
    auto found = news.find(clause.id);
    if (found == news.end()) continue;
    text += fmt::format("\n# {}\n", clause.title);
    std::istringstream scenario(found->second.scenario);
    for (std::string line; std::getline(scenario, line);) text += fmt::format("#     {}\n", line);
    text += fmt::format("[[clause]]\nid = \"{}\"\nexpect = \"{}\"\n", clause.id, found->second.kind);
    if (found->second.back_ends.size() < back_ends)
      text += fmt::format("back_end = [\"{}\"]\n", fmt::join(found->second.back_ends, "\", \""));
    text += "why = \"\"\nlink = \"\"\n";
  }
  return text;
}

std::vector<std::string> lines_in(const std::string& file) {
  std::ifstream stream(file);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

/// So that the file is never half written.
bool write(const std::string& file, const std::vector<std::string>& lines, const std::string& more = {}) {
  std::string whole;
  for (const std::string& line : lines) whole += line + "\n";
  fs::path draft = file + ".new";
  if (!(std::ofstream(draft) << whole << more).flush()) return false;
  std::error_code error;
  fs::rename(draft, file, error);
  return !error;
}

/// The numbers of a version, which is all that conditions on it can say.
std::string numbers(const std::string& version) { return version.substr(0, version.find_first_not_of("0123456789.")); }

/// Whether runs have met what is expected there, and each time in vain.
bool is_vain(const Expectation& expectation, const std::string& id, const std::vector<LoopReport>& reports) {
  bool met = false;
  for (const LoopReport& loop : reports) {
    auto found = std::ranges::find(loop.clauses, id, [](const ClauseReport& clause) { return clause.clause->id; });
    if (!found->expected || found->expected->where() != expectation.where()) continue;
    if (!is_stale(*found)) return false;
    met = true;
  }
  return met;
}

/// A file that is to be changed, and what runs say.
struct Revision {
  std::optional<Expectations> expectations;
  std::vector<LoopReport> reports;
  Exit exit = Exit::verified;  // why it cannot be

  Revision(const std::string& file, const RunOptions& options) {
    std::vector<std::string> complaints;
    expectations = read_expectations(file, complaints);
    for (const std::string& complaint : complaints) exit = complain(Exit::stale, complaint);
    if (!expectations) return;
    reports = reports_of(expectations->loop, &*expectations, options);
    if (reports.empty()) exit = complain(Exit::adapter_failed, fmt::format("no loop {} here", expectations->loop));
  }
};

/// The lines of the block that begins on this line, from 0: up to an empty one, or to a comment behind its
/// last key.
std::size_t end_of_block(const std::vector<std::string>& lines, std::size_t block) {
  std::size_t end = block + 1, last = end;
  for (; end < lines.size() && !lines[end].empty() && !lines[end].starts_with("[["); ++end)
    if (!lines[end].starts_with("#")) last = end + 1;
  return last;
}

/// Takes one of several ids out of the block's list.
void take_out(std::vector<std::string>& lines, std::size_t block, const std::string& id) {
  const std::string quoted = fmt::format("\"{}\"", id);
  for (std::size_t i = block; i < end_of_block(lines, block); ++i) {
    std::size_t at = lines[i].find(quoted);
    if (at == std::string::npos) continue;
    std::string before = lines[i].substr(0, at), after = lines[i].substr(at + quoted.size());
    if (after.starts_with(", ")) after.erase(0, 2);
    else if (after.starts_with(",")) after.erase(0, 1);
    else if (before.ends_with(", ")) before.erase(before.size() - 2);
    lines[i] = before + after;
    return;
  }
}

}  // namespace

Exit expect_init(const std::string& loop, const RunOptions& options) {
  std::vector<LoopReport> reports = reports_of(loop, nullptr, options);
  if (reports.empty() && !find_loop(loop) && !is_yours(loop))
    return complain(Exit::usage, fmt::format("there is no loop {}; there are: {}", loop, loop_names()));
  if (reports.empty()) return complain(Exit::adapter_failed, fmt::format("no loop {} here", loop));
  fmt::print("# What {} does otherwise, and why.\nloop = \"{}\"\nversion = \"={}\"\n{}", loop_of(loop), loop_of(loop),
             numbers(reports.front().info.version), blocks_of(news_in(reports, options.terms), reports.size()));
  return Exit::verified;
}

Exit expect_check(const std::vector<std::string>& files) {
  std::vector<std::string> all = files, complaints;
  if (all.empty())
    for (const KnownLoop& loop : known_loops())
      if (std::string file = expectations_file(loop.name);
          fs::exists(file) && std::ranges::find(all, file) == all.end())
        all.push_back(file);
  std::size_t clauses = 0;
  for (const std::string& file : all)
    if (auto read = read_expectations(file, complaints))
      for (const Expectation& expectation : read->all) clauses += expectation.ids.size();
  for (const std::string& complaint : complaints) complain(Exit::stale, complaint);
  if (!complaints.empty()) return Exit::stale;
  fmt::print("{} files, {} expectations: each with its reason and a link\n", all.size(), clauses);
  return Exit::verified;
}

Exit expect_update(const std::string& file, const RunOptions& options) {
  Revision revision(file, options);
  if (revision.exit != Exit::verified) return revision.exit;
  std::vector<std::string> lines = lines_in(file);
  const LoopInfo& loop = revision.reports.front().info;
  if (!revision.expectations->concern(loop))
    lines[static_cast<std::size_t>(revision.expectations->versions_line) - 1] =
        fmt::format("version = \"={}\"", numbers(loop.version));
  auto news = news_in(revision.reports, options.terms);
  std::size_t to_mend = 0;
  for (const LoopReport& report : revision.reports)
    for (const ClauseReport& clause : report.clauses) {
      if (!clause.expected || news_of(clause, report, options.terms).empty()) continue;
      ++to_mend;
      complain(Exit::stale, fmt::format("{}: {} is {} on {}, where {} is expected: change it there",
                                        clause.expected->where(), clause.clause->id, spelling(clause.status),
                                        report.info.name, clause.expected->spelling()));
    }
  if (!write(file, lines, blocks_of(news, revision.reports.size())))
    return complain(Exit::usage, fmt::format("cannot write {}", file));
  fmt::print("{}: {} added; say why, with a link\n", file, news.size());
  return to_mend ? Exit::stale : Exit::verified;
}

Exit expect_prune(const std::string& file, const RunOptions& options) {
  constexpr std::string_view small = "a small budget shows nothing to be expected in vain: leave --budget out";
  if (options.terms.budget.is_counted() && options.terms.budget.cases < Budget().cases) return usage(small);
  Revision revision(file, options);
  if (revision.exit != Exit::verified) return revision.exit;
  for (const LoopReport& loop : revision.reports)
    if (!shows_what_is_not(loop, options.terms)) return usage(small);
  std::vector<std::string> lines = lines_in(file);
  std::size_t count = 0;
  // From the end, so that the lines before stay where they are.
  const auto& all = revision.expectations->all;
  for (auto expectation = all.rbegin(); expectation != all.rend(); ++expectation) {
    if (expectation->file != file) continue;  // a language's
    std::vector<std::string> vain;
    for (const std::string& id : expectation->ids)
      if (is_vain(*expectation, id, revision.reports)) vain.push_back(id);
    std::size_t block = static_cast<std::size_t>(expectation->line) - 1;
    count += vain.size();
    auto at = [&](std::size_t line) { return lines.begin() + static_cast<std::ptrdiff_t>(line); };
    if (vain.size() == expectation->ids.size()) lines.erase(at(block), at(end_of_block(lines, block)));
    else
      for (const std::string& id : vain) take_out(lines, block, id);
  }
  if (!write(file, lines)) return complain(Exit::usage, fmt::format("cannot write {}", file));
  fmt::print("{}: {} taken out\n", file, count);
  return Exit::verified;
}

}  // namespace cede
