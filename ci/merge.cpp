#include "ci/merge.h"

#include <algorithm>
#include <optional>
#include <set>

#include <fmt/format.h>

#include "ci/outlets.h"
#include "ci/replay.h"
#include "ci/stream.h"
#include "ci/suite.h"

namespace cede {
namespace {

/// Reads the parts; what is wrong with them otherwise.
std::optional<std::string> read(const std::vector<std::string>& files, std::vector<RunReport>& parts) {
  std::set<std::uint64_t> seen;
  for (const std::string& file : files) {
    std::string text, why;
    if (!read_file(file, text, why)) return why;
    RunReport part;
    if (!read_json_lines(text, part, why)) return fmt::format("{}: {}", file, why);
    if (!part.shard) return fmt::format("{}: it is no part of a run: make it with --shard", file);
    if (!parts.empty() && (part.terms != parts[0].terms || part.shard->of != parts[0].shard->of))
      return fmt::format("{}: it is part of another run than {}", file, files[0]);
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
  for (LoopReport& loop : sum.loops) std::ranges::sort(loop.crashes, {}, &Crash::number);
  return sum;
}

}  // namespace

Exit merge(const std::vector<std::string>& files, const RunOptions& options) {
  auto usage = [](const std::string& message) {
    fmt::print(stderr, "cede: {}\n", message);
    return Exit::usage;
  };
  std::vector<RunReport> parts;
  if (auto error = read(files, parts)) return usage(*error);
  RunReport report = sum_of(std::move(parts));
  Outlets outlets{options.files};
  if (auto error = outlets.open()) return usage(*error);
  std::vector<LoopInfo> loops;
  for (const LoopReport& loop : report.loops) loops.push_back(loop.info);
  ExpectationFiles expectations;
  if (!expectations.read(options.expect, options.no_expect, loops)) return Exit::stale;
  std::vector<Suite> suites;
  for (LoopReport& loop : report.loops) {
    conclude(loop, report.terms, expectations.of(loop.info));
    suites.push_back({loop.info.name, loop.order.has_value(), nullptr, loop});
  }
  run_suites(suites, report.terms, options.files.junit, outlets.text());
  return outlets.finish(report);
}

}  // namespace cede
