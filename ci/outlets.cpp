#include "ci/outlets.h"

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdlib>
#include <cstring>
#include <filesystem>
#include <set>

#include <fmt/format.h>

#include "adapters/adapters.h"
#include "ci/badge.h"
#include "ci/html.h"
#include "ci/markdown.h"
#include "ci/stream.h"
#include "ci/suite.h"
#include "ci/terminal.h"
#include "ci/text.h"

namespace cede {
namespace {

std::string unwritable(const std::string& file) {
  return fmt::format("cannot write {}: {}", file, std::strerror(errno));
}

}  // namespace

std::optional<std::string> Outlets::open() {
  if (files_.md == step_summary) {
    const char* page = std::getenv(step_summary.data());
    appends_md_ = page && *page;
    files_.md = appends_md_ ? page : "-";
  }
  const std::array<std::pair<std::string_view, const std::string*>, 5> all{{{"json", &files_.json},
                                                                            {"junit", &files_.junit},
                                                                            {"md", &files_.md},
                                                                            {"html", &files_.html},
                                                                            {"badge", &files_.badge}}};
  if (files_.junit == "-") return "--junit has to be a file";
  for (auto& [name, file] : all) {
    if (file->empty()) continue;
    for (auto& [other, same] : all)
      if (&file != &same && *file == *same) return fmt::format("--{} and --{} cannot both be {}", name, other, *file);
    if (*file != "-" && !std::ofstream(*file, std::ios::app)) return unwritable(*file);
  }
  if (!files_.json.empty() && files_.json != "-") json_file_.open(files_.json);
  return std::nullopt;
}

std::FILE* Outlets::text() const {
  bool taken = files_.json == "-" || files_.md == "-" || files_.html == "-" || files_.badge == "-";
  return taken ? stderr : stdout;
}

void Outlets::tell(const LoopReport& loop, const Terms& terms) const {
  fmt::print(text(), "{}", to_text(loop, terms, colored(text())));
  std::fflush(text());
}

std::optional<std::string> Outlets::render(const std::vector<RunReport>& runs) {
  auto write = [&](const std::string& file, bool append, std::string (*make)(const std::vector<RunReport>&)) {
    if (file.empty()) return true;
    std::string text = make(runs);
    if (file != "-")
      return static_cast<bool>((std::ofstream(file, append ? std::ios::app : std::ios::trunc) << text).flush());
    fmt::print("{}", text);
    return true;
  };
  if (!files_.junit.empty()) {
    std::set<std::string> loops;
    for (const RunReport& run : runs)
      for (const LoopReport& loop : run.loops)
        if (!loops.insert(loop.info.name).second)
          return fmt::format("--junit has one place for {}, and two reports are about it: render them one by one",
                             loop.info.name);
    write_junit(runs, files_.junit);
  }
  if (!write(files_.md, appends_md_, to_markdown)) return unwritable(files_.md);
  if (!write(files_.html, false, to_html)) return unwritable(files_.html);
  if (!write(files_.badge, false, to_badge)) return unwritable(files_.badge);
  return std::nullopt;
}

Exit Outlets::finish(const RunReport& report) {
  for (const Absent& absent : report.absent) fmt::print(stderr, "cede: absent: {}: {}\n", absent.loop, absent.why);
  std::string json = to_json_lines(report);
  if (files_.json == "-") fmt::print("{}", json);
  else if (json_file_.is_open() && !(json_file_ << json).flush()) return usage(unwritable(files_.json));
  if (auto error = render({report})) return usage(*error);
  Exit exit = worst(exits(report));
  fmt::print(text(), "exit {}: {}\n", static_cast<int>(exit), describe(exit));
  if (std::fflush(stdout) != 0) return usage(fmt::format("cannot write the output: {}", std::strerror(errno)));
  return exit;
}

bool ExpectationFiles::read(const std::vector<std::string>& named, bool none, const std::vector<LoopInfo>& loops,
                            const std::vector<Absent>& absent) {
  std::vector<std::string> files = named, complaints;
  if (files.empty() && !none)
    for (const LoopInfo& loop : loops)
      if (std::string file = expectations_file(loop.name);
          !is_yours(loop.name) && std::filesystem::exists(file) && std::ranges::find(files, file) == files.end())
        files.push_back(file);
  for (const std::string& file : files) {
    auto read = read_expectations(file, complaints);
    if (!read) continue;
    auto is_of = [&](const std::string& loop) { return loop_of(loop) == read->loop; };
    if (std::ranges::none_of(loops, is_of, &LoopInfo::name) && std::ranges::none_of(absent, is_of, &Absent::loop))
      complaints.push_back(fmt::format("{}: it is about {}, which is not judged: leave it out", file, read->loop));
    if (std::ranges::find(all_, read->loop, &Expectations::loop) != all_.end())
      complaints.push_back(fmt::format("{}: there is another file about {}: leave one out", file, read->loop));
    all_.push_back(std::move(*read));
  }
  if (named.empty() && !none)
    for (const LoopInfo& loop : loops)
      if (!of(loop))
        if (auto shared = expectations_of_language(loop.language, complaints)) {
          shared->loop = loop_of(loop.name);
          shared->versions = ">=0";  // those that it says are the language's
          all_.push_back(std::move(*shared));
        }
  for (const std::string& complaint : complaints) fmt::print(stderr, "cede: {}\n", complaint);
  return complaints.empty();
}

const Expectations* ExpectationFiles::of(const LoopInfo& loop) const {
  auto found = std::ranges::find(all_, loop_of(loop.name), &Expectations::loop);
  return found == all_.end() ? nullptr : &*found;
}

}  // namespace cede
