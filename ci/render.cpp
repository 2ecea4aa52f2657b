#include "ci/render.h"

#include <algorithm>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

#include "ci/html.h"
#include "ci/markdown.h"
#include "ci/matrix.h"
#include "ci/page.h"
#include "ci/replay.h"
#include "ci/stream.h"
#include "ci/terminal.h"

namespace cede {

bool read_reports(const std::vector<std::string>& files, std::vector<RunReport>& runs, std::string& why) {
  for (const std::string& file : files) {
    std::string text;
    if (!read_file(file, text, why)) return false;
    if (!read_json_lines(text, runs.emplace_back(), why)) {
      why = fmt::format("{}: {}", file, why);
      return false;
    }
  }
  return true;
}

Exit report_render(const std::vector<std::string>& files, const OutletFiles& out) {
  if (out.junit.empty() && out.md.empty() && out.html.empty() && out.badge.empty())
    return usage("nothing to make: say --md, --html, --badge or --junit");
  std::vector<RunReport> runs;
  std::string why;
  if (!read_reports(files, runs, why)) return usage(why);
  Outlets outlets{out};
  if (auto error = outlets.open()) return usage(*error);
  if (auto error = outlets.render(runs)) return usage(*error);
  return Exit::verified;
}

Exit report_check(const std::vector<std::string>& files) {
  for (const std::string& file : files) {
    RunReport report;
    std::string text, why;
    if (!read_file(file, text, why)) return usage(why);
    if (!read_json_lines(text, report, why)) return usage(fmt::format("{}: {}", file, why));
    text.erase(text.find_last_not_of('\n') + 1);
    int told = nlohmann::json::parse(text.substr(text.rfind('\n') + 1)).at("exit"),
        exit = static_cast<int>(worst(exits(report)));
    if (told != exit)
      return usage(fmt::format("{}: it ends with exit {}, and what it says comes to {}", file, told, exit));
    fmt::print("{}: whole; {} loops, exit {}\n", file, report.loops.size(), exit);
  }
  return Exit::verified;
}

Exit report_schema() {
  fmt::print("{}", report_schema_text());
  return Exit::verified;
}

Exit matrix(const MatrixOptions& options) {
  std::vector<std::string> files;
  RunOptions run = options.run;
  for (const std::string& one : options.of) (one.ends_with(".jsonl") ? files : run.loops).push_back(one);
  std::vector<RunReport> runs;
  std::string why;
  if (!read_reports(files, runs, why)) return usage(why);
  if (!run.loops.empty()) {
    auto report = report_on(run);
    if (!report) return Exit::usage;
    runs.insert(runs.begin(), std::move(*report));
  }
  std::vector<Exit> ends;
  for (const RunReport& each : runs) {
    for (const Absent& absent : each.absent) fmt::print(stderr, "cede: absent: {}: {}\n", absent.loop, absent.why);
    ends.push_back(worst(exits(each)));
  }
  const Matrix matrix = matrix_of(runs);
  if (options.format == "md") fmt::print("{}", to_markdown(runs));
  else if (options.format == "html") fmt::print("{}", to_html(runs));
  else if (options.format == "json") fmt::print("{}", matrix_json(matrix, options.all));
  else fmt::print("{}", matrix_text(matrix, options.all, colored(stdout)));
  return worst(ends);
}

}  // namespace cede
