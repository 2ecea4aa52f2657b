// `cede report merge`: the parts of a run that several machines have shared, put together.
#pragma once

#include <string>
#include <vector>

#include "ci/exit.h"
#include "ci/run.h"

namespace cede {

/// What the run would have said that nobody had shared; of the options only where
/// reports go, and what is expected if it is not what the parts say.
/// Exit::usage if the parts are not those of one run, or one is missing.
Exit merge(const std::vector<std::string>& files, const RunOptions& options);

}  // namespace cede
