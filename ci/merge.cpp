#include "ci/merge.h"

#include <algorithm>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "ci/outlets.h"
#include "ci/replay.h"
#include "ci/stream.h"

namespace cede {
namespace {

void forget_expectations(LoopReport& loop) {
  loop.outdated.clear();
  for (ClauseReport& clause : loop.clauses) clause.expected.reset();
}

/// Whether both are about one clause, with the same expected of it.
bool are_of_one(const ClauseReport& a, const ClauseReport& b) {
  if (a.clause != b.clause || a.expected.has_value() != b.expected.has_value()) return false;
  if (!a.expected) return true;
  return a.expected->where() == b.expected->where() && a.expected->spelling() == b.expected->spelling();
}

/// Whether both are about one loop and the same clauses.
bool are_alike(const LoopReport& a, const LoopReport& b) {
  return a.info.name == b.info.name && a.info.version == b.info.version && a.info.back_end == b.info.back_end &&
         a.outdated == b.outdated && std::ranges::equal(a.clauses, b.clauses, are_of_one);
}

/// Why a part does not fit with another; nothing if it does.
std::optional<std::string> misfit(const RunReport& part, const RunReport& other) {
  if (part.terms != other.terms || part.shard->of != other.shard->of) return "it is part of another run than";
  for (const LoopReport& loop : part.loops)
    for (const LoopReport& same : other.loops)
      if (same.info.name == loop.info.name && !are_alike(same, loop))
        return fmt::format("{} is another one, or expected to be, than in", loop.info.name);
  const bool both_whole = !part.interrupted && !other.interrupted;
  if (both_whole && !std::ranges::equal(part.loops, other.loops, are_alike)) return "it has not the same loops as";
  return std::nullopt;
}

/// Reads the parts; what is wrong with them otherwise.
std::optional<std::string> read(const std::vector<std::string>& files, std::vector<RunReport>& parts) {
  std::set<std::uint64_t> seen;
  for (const std::string& file : files) {
    std::string text, why;
    if (!read_file(file, text, why)) return why;
    RunReport part;
    if (!read_json_lines(text, part, why)) return fmt::format("{}: {}", file, why);
    if (!part.shard) return fmt::format("{}: it is no part of a run: make it with --shard", file);
    for (std::size_t i = 0; i < parts.size(); ++i)
      if (auto why = misfit(part, parts[i])) return fmt::format("{}: {} {}", file, *why, files[i]);
    if (!seen.insert(part.shard->index).second)
      return fmt::format("{}: shard {} is there twice", file, part.shard->text());
    parts.push_back(std::move(part));
  }
  for (std::uint64_t i = 1; i <= parts[0].shard->of; ++i)
    if (!seen.contains(i)) return fmt::format("shard {}/{} is missing", i, parts[0].shard->of);
  return std::nullopt;
}

/// Each loop's parts in one report; a loop that is absent in one part is absent.
RunReport sum_of(std::vector<RunReport>&& parts) {
  RunReport sum{.terms = parts[0].terms};
  for (RunReport& part : parts) {
    for (Absent& absent : part.absent)
      if (std::ranges::find(sum.absent, absent.loop, &Absent::loop) == sum.absent.end())
        sum.absent.push_back(std::move(absent));
    for (LoopReport& loop : part.loops) {
      auto there = std::ranges::find_if(sum.loops, [&](auto& other) { return other.info.name == loop.info.name; });
      if (there == sum.loops.end()) sum.loops.push_back(std::move(loop));
      else add(*there, std::move(loop));
    }
    sum.interrupted |= part.interrupted;
  }
  return sum;
}

}  // namespace

Exit merge(const std::vector<std::string>& files, const RunOptions& options) {
  std::vector<RunReport> parts;
  if (auto error = read(files, parts)) return usage(*error);
  RunReport report = sum_of(std::move(parts));
  Outlets outlets{options.files};
  if (auto error = outlets.open()) return usage(*error);
  ExpectationFiles expectations;
  std::vector<LoopInfo> loops;
  for (const LoopReport& loop : report.loops) loops.push_back(loop.info);
  if (!options.expect.empty() && !expectations.read(options.expect, false, loops, report.absent)) return Exit::stale;
  if (report.interrupted) World::interrupted = 1;  // then nothing is stale
  fmt::print(outlets.text(), "{} parts of a run\n", files.size());
  for (LoopReport& loop : report.loops) {
    if (options.no_expect || !options.expect.empty()) forget_expectations(loop);
    expect(loop, expectations.of(loop.info));
    conclude(loop, report.terms);
    outlets.tell(loop, report.terms);
  }
  return outlets.finish(report);
}

}  // namespace cede
