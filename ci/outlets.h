// Where a report goes, and what is expected of it: the same for a run and for parts that are put together.
#pragma once

#include <cstdio>
#include <fstream>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/expectations.h"
#include "ci/exit.h"
#include "ci/report.h"

namespace cede {

/// Files; empty for none. `-` is standard output, and the terminal's text then goes to standard error; JUnit's has to
/// be a file.
struct OutletFiles {
  std::string json, junit, md, html, badge;
};

/// In the place of a file for Markdown: the page that a build server shows beside the run, if it says where to append
/// to that, and standard output if not.
inline constexpr std::string_view step_summary = "GITHUB_STEP_SUMMARY";

class Outlets {
 public:
  explicit Outlets(OutletFiles files) : files_(std::move(files)) {}

  /// What is wrong with them; nothing if all can be written.
  std::optional<std::string> open();
  /// For people.
  std::FILE* text() const;
  /// Shows for people what was found on a loop.
  void tell(const LoopReport& loop, const Terms& terms) const;
  /// Writes what is rendered from runs. What is wrong; nothing if all could be written.
  std::optional<std::string> render(const std::vector<RunReport>& runs);
  /// Writes the report and how it ends, which is what the shell gets.
  Exit finish(const RunReport& report);

 private:
  OutletFiles files_;
  bool appends_md_ = false;
  std::ofstream json_file_;
};

/// The files of what is expected of several loops.
class ExpectationFiles {
 public:
  /// Those that were named; if none was, and not `none`, those that are shipped for loops of ours, and for the
  /// languages of others. False if something is wrong with them, which is told.
  bool read(const std::vector<std::string>& named, bool none, const std::vector<LoopInfo>& loops,
            const std::vector<Absent>& absent);
  /// Null if nothing is expected of the loop.
  const Expectations* of(const LoopInfo& loop) const;

 private:
  std::vector<Expectations> all_;
};

}  // namespace cede
