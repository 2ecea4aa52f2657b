// `cede run`: campaigns on loops, one GoogleTest a loop and clause.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "ci/exit.h"
#include "ci/outlets.h"
#include "ci/terms.h"

namespace cede {

struct RunOptions {
  Terms terms;
  std::vector<std::string> loops;
  std::optional<Shard> shard;
  unsigned jobs = 0;  // so many processes at a time; 0 for as many as there are cores
  std::optional<double> patience;  // seconds without a scenario's end: then the loop hangs; else 10, 600 in real time
  OutletFiles files;  // of the report
  bool list = false;
  std::vector<std::string> expect;  // files of expectations instead of those that are shipped
  bool no_expect = false;           // nothing is expected
};

Exit run(const RunOptions& options);

/// The same on one loop, without a word.
LoopReport report_on(const RunOptions& options, const LoopInfo& loop, const Expectations* expectations);
/// The same on all loops, without a word but for what is wrong, which is told; nothing comes of that.
std::optional<RunReport> report_on(const RunOptions& options);
/// From here on Ctrl-C ends a campaign and leaves what it has found; a second one ends the process.
void listen_to_interrupts();

/// The loops there are, for messages.
std::string loop_names();

}  // namespace cede
