#include "ci/spec.h"

#include <algorithm>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include "ci/replay.h"
#include "ci/run.h"

namespace cede {
namespace {

namespace fs = std::filesystem;

std::string first_difference(const std::string& expected, const std::string& seen, int line) {
  std::size_t at = 0;
  for (;; ++line) {
    std::size_t a = std::min(expected.find('\n', at), expected.size());
    std::size_t b = std::min(seen.find('\n', at), seen.size());
    std::string wanted = expected.substr(std::min(at, a), a - std::min(at, a));
    std::string got = seen.substr(std::min(at, b), b - std::min(at, b));
    if (wanted != got || a >= expected.size() || b >= seen.size())
      return fmt::format("line {}: the chapter says `{}`, the reference does `{}`", line, wanted, got);
    at = a + 1;
  }
}

Trace trace_of(const Adapter& loop, const std::string& scenario) {
  World world;
  Trace trace;
  loop.run(loop, parse_scenario(scenario).scenario, world, trace);
  return trace;
}

void check_examples(const Clause& clause, const Property* property, const Adapter& loop,
                    std::vector<std::string>& complaints) {
  bool decided = false;
  for (const Example& example : clause.examples) {
    std::string where = fmt::format("{}:{}: {}", clause.file, example.line, clause.id);
    Trace trace = trace_of(loop, example.scenario);
    if (std::string seen = to_string(trace); seen != example.trace)
      complaints.push_back(fmt::format("{}: {}", where, first_difference(example.trace, seen, example.trace_line)));
    if (!property) continue;
    History history;
    history.read(trace);
    Verdict verdict = property->judge(history);
    decided |= verdict.decisive();
    if (verdict.violated())
      complaints.push_back(fmt::format("{}: its own example violates it: {}", where, verdict.text));
  }
  if (property && !decided && !clause.examples.empty())
    complaints.push_back(
        fmt::format("{}:{}: {}: none of its examples decides it", clause.file, clause.line, clause.id));
}

Chapters read_folder(const std::string& folder) {
  std::vector<fs::path> files;
  for (const auto& entry : fs::directory_iterator(folder)) {
    std::string name = entry.path().filename();
    if (matches("*-*.md", name)) files.push_back(entry.path());
  }
  std::ranges::sort(files);
  Chapters chapters;
  for (const fs::path& file : files) {
    std::string text, why;
    if (read_file(file, text, why)) read_chapter(file.filename().string(), text, chapters);
  }
  return chapters;
}

void rewrite_folder(const std::string& folder) {
  for (const auto& entry : fs::directory_iterator(folder)) {
    if (!matches("*-*.md", entry.path().filename().string())) continue;
    std::string text, why;
    if (!read_file(entry.path(), text, why)) continue;
    std::string rewritten = with_traces_of(reference_adapter(), text);
    if (rewritten != text) std::ofstream(entry.path()) << rewritten;
  }
}

}  // namespace

std::vector<std::string> check_spec(const Chapters& chapters, std::span<const Property> properties,
                                    const std::vector<Fault>& faults, const Adapter& loop) {
  std::vector<std::string> complaints;
  for (const ChapterError& error : chapters.errors)
    complaints.push_back(fmt::format("{}:{}: {}", error.file, error.line, error.what));
  for (const Clause& clause : chapters.clauses) {
    if (!clause.untestable.empty()) continue;
    std::string where = fmt::format("{}:{}: {}", clause.file, clause.line, clause.id);
    for (const std::string& id : clause.rests_on)
      if (!find_clause(chapters, id))
        complaints.push_back(fmt::format("{} rests on {}, which no chapter has", where, id));
    auto count = std::ranges::count(properties, clause.id, &Property::clause);
    if (count == 0) complaints.push_back(fmt::format("{} has no judge: add one to properties/", where));
    if (count > 1) complaints.push_back(fmt::format("{} has {} judges: one is enough", where, count));
    if (std::ranges::count(faults, clause.id, &Fault::clause) == 0)
      complaints.push_back(fmt::format("{} has no fault: add a diff to adapters/faults/", where));
    auto property = std::ranges::find(properties, clause.id, &Property::clause);
    check_examples(clause, property == properties.end() ? nullptr : &*property, loop, complaints);
  }
  for (const Property& property : properties)
    if (!find_clause(chapters, property.clause))
      complaints.push_back(fmt::format("the judge of {} has no clause in any chapter", property.clause));
  for (const Fault& fault : faults)
    if (!find_clause(chapters, fault.clause))
      complaints.push_back(fmt::format("the fault {} breaks {}, which no chapter has", fault.name, fault.clause));
  return complaints;
}

std::string with_traces_of(const Adapter& loop, std::string_view chapter) {
  std::string text, scenario;
  enum { prose, in_scenario, in_trace } where = prose;
  while (!chapter.empty()) {
    std::string_view line = chapter.substr(0, std::min(chapter.find('\n'), chapter.size()));
    bool fence = line.starts_with("```");
    if (where == in_scenario && !fence) scenario += std::string(line) + "\n";
    if (where != in_trace || fence) text += std::string(line) + "\n";
    if (fence && where != prose) {
      where = prose;
    } else if (line == "```scenario") {
      where = in_scenario;
      scenario.clear();
    } else if (line == "```trace") {
      where = in_trace;
      text += to_string(trace_of(loop, scenario));
    }
    chapter.remove_prefix(std::min(line.size() + 1, chapter.size()));
  }
  return text;
}

Exit spec_list(const std::vector<std::string>& globs) {
  auto clauses = matching_clauses(globs);
  for (const Clause* clause : clauses)
    fmt::print("{:<10} {:<6} {:<8} {} {}\n", clause->id, clause->level, clause->profile, clause->tier, clause->title);
  if (!clauses.empty()) return Exit::verified;
  fmt::print(stderr, "cede: no clause matches; see `cede spec list`\n");
  return Exit::usage;
}

Exit spec_show(const std::string& id) {
  const Clause* clause = find_clause(chapters(), id);
  if (!clause) {
    fmt::print(stderr, "cede: there is no clause {}; see `cede spec list`\n", id);
    return Exit::usage;
  }
  fmt::print("{}: {}\n{} · {} · {} · {}\n(spec/{}:{})\n\n{}\n", clause->id, clause->title, clause->level,
             clause->profile, clause->tier, clause->source, clause->file, clause->line, clause->words);
  for (const Example& example : clause->examples)
    fmt::print("\nscenario\n{}\ntrace\n{}", example.scenario, example.trace);
  return Exit::verified;
}

Exit spec_check(const std::string& folder, bool rewrite) {
  if (!folder.empty() && !fs::is_directory(folder)) {
    fmt::print(stderr, "cede: {} is no folder with chapters\n", folder);
    return Exit::usage;
  }
  if (rewrite && folder.empty()) {
    fmt::print(stderr, "cede: --rewrite needs the folder of the chapters, such as `cede spec check spec --rewrite`\n");
    return Exit::usage;
  }
  if (rewrite) rewrite_folder(folder);
  Chapters read = folder.empty() ? chapters() : read_folder(folder);
  if (read.clauses.empty()) {
    fmt::print(stderr, "cede: {} has no chapters\n", folder.empty() ? "this build" : folder);
    return Exit::not_verified;
  }
  auto complaints = check_spec(read, properties(), faults(), reference_adapter());
  for (const std::string& complaint : complaints) fmt::print("{}\n", complaint);
  std::size_t examples = 0;
  for (const Clause& clause : read.clauses) examples += clause.examples.size();
  fmt::print("{} clauses, {} examples, {} judges, {} faults: {}\n", read.clauses.size(), examples,
             properties().size(), faults().size(),
             complaints.empty() ? "all fit together" : fmt::format("{} complaints", complaints.size()));
  return complaints.empty() ? Exit::verified : Exit::departs;
}

}  // namespace cede
