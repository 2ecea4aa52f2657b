// `cede expect`: makes and mends the files of expectations. Comments, and the order of what stays, are kept.
#pragma once

#include <string>
#include <vector>

#include "ci/run.h"

namespace cede {

/// Prints a file for a loop, with each departure that a run finds, ready for the reasons.
Exit expect_init(const std::string& loop, const RunOptions& options);
/// Reads the files, or all that are shipped, and tells what is wrong with them.
Exit expect_check(const std::vector<std::string>& files);
/// Adds to the file what a run finds and the file does not expect, and says for which version it is.
Exit expect_update(const std::string& file, const RunOptions& options);
/// Takes out of the file what a run shows to be expected in vain.
Exit expect_prune(const std::string& file, const RunOptions& options);

}  // namespace cede
