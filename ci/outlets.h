// Where a report goes, and what is expected of it: the same for a run and for parts that are put together.
#pragma once

#include <cstdio>
#include <fstream>
#include <optional>
#include <string>
#include <vector>

#include "adapters/expectations.h"
#include "ci/exit.h"
#include "ci/report.h"

namespace cede {

class Outlets {
 public:
  /// Files; `-` is standard output, and the terminal's text then goes to standard error. Empty for none.
  Outlets(std::string json, std::string junit) : json_(std::move(json)), junit_(std::move(junit)) {}

  /// What is wrong with them; nothing if all can be written.
  std::optional<std::string> open();
  /// For people.
  std::FILE* text() const { return json_ == "-" ? stderr : stdout; }
  const std::string& junit() const { return junit_; }
  /// Writes the report and how it ends, which is what the shell gets.
  Exit finish(const RunReport& report);

 private:
  std::string json_, junit_;
  std::ofstream json_file_;
};

/// The files of what is expected of several loops.
class ExpectationFiles {
 public:
  /// Those that were named; if none was, and not `none`, those that are shipped for the loops. False if something is
  /// wrong with them, which is told.
  bool read(const std::vector<std::string>& named, bool none, const std::vector<LoopInfo>& loops);
  /// Null if nothing is expected of the loop.
  const Expectations* of(const LoopInfo& loop) const;

 private:
  std::vector<Expectations> all_;
};

}  // namespace cede
