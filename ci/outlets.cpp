#include "ci/outlets.h"

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <filesystem>

#include <fmt/format.h>

#include "adapters/adapters.h"
#include "ci/stream.h"

namespace cede {

std::optional<std::string> Outlets::open() {
  auto error = [](const std::string& file) { return fmt::format("cannot write {}: {}", file, std::strerror(errno)); };
  if (!json_.empty() && json_ == junit_) return fmt::format("--json and --junit cannot both be {}", json_);
  if (!json_.empty() && json_ != "-") {
    json_file_.open(json_);
    if (!json_file_) return error(json_);
  }
  if (!junit_.empty() && !std::ofstream(junit_)) return error(junit_);
  return std::nullopt;
}

Exit Outlets::finish(const RunReport& report) {
  auto usage = [](const std::string& message) {
    fmt::print(stderr, "cede: {}\n", message);
    return Exit::usage;
  };
  for (const Absent& absent : report.absent) fmt::print(stderr, "cede: absent: {}: {}\n", absent.loop, absent.why);
  std::string json = to_json_lines(report);
  if (json_ == "-") fmt::print("{}", json);
  else if (json_file_.is_open() && !(json_file_ << json).flush()) return usage(fmt::format("cannot write {}", json_));
  Exit exit = worst(exits(report));
  fmt::print(text(), "exit {}: {}\n", static_cast<int>(exit), describe(exit));
  if (std::fflush(stdout) != 0) return usage(fmt::format("cannot write the output: {}", std::strerror(errno)));
  return exit;
}

bool ExpectationFiles::read(const std::vector<std::string>& named, bool none, const std::vector<LoopInfo>& loops) {
  std::vector<std::string> files = named, complaints;
  if (files.empty() && !none)
    for (const LoopInfo& loop : loops)
      if (std::string file = expectations_file(loop.name);
          std::filesystem::exists(file) && std::ranges::find(files, file) == files.end())
        files.push_back(file);
  for (const std::string& file : files) {
    auto read = read_expectations(file, complaints);
    if (!read) continue;
    auto is_of = [&](const LoopInfo& loop) { return loop_of(loop.name) == read->loop; };
    if (std::ranges::none_of(loops, is_of))
      complaints.push_back(fmt::format("{}: it is about {}, which is not judged: leave it out", file, read->loop));
    if (std::ranges::find(all_, read->loop, &Expectations::loop) != all_.end())
      complaints.push_back(fmt::format("{}: there is another file about {}: leave one out", file, read->loop));
    all_.push_back(std::move(*read));
  }
  for (const std::string& complaint : complaints) fmt::print(stderr, "cede: {}\n", complaint);
  return complaints.empty();
}

const Expectations* ExpectationFiles::of(const LoopInfo& loop) const {
  auto found = std::ranges::find(all_, loop_of(loop.name), &Expectations::loop);
  return found == all_.end() ? nullptr : &*found;
}

}  // namespace cede
