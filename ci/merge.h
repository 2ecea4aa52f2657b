// `cede report merge`: the parts of a run that several machines have shared, put together.
#pragma once

#include <string>
#include <vector>

#include "ci/exit.h"

namespace cede {

struct MergeOptions {
  std::vector<std::string> files;   // reports of shards, as JSON lines
  std::vector<std::string> expect;  // as for a run
  bool no_expect = false;
  std::string json, junit;
};

/// What the run would have said that nobody had shared. Exit::usage if the parts are not those of one run, or one is
/// missing.
Exit merge(const MergeOptions& options);

}  // namespace cede
