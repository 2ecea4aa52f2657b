// `cede bench`: what the suite costs, on Google Benchmark, side by side in one process.
#pragma once

#include <string>

#include "ci/exit.h"

namespace cede {

/// Runs the benchmarks that match the regular expression, all if it is empty, and prints ratios.
Exit bench(const std::string& filter);

}  // namespace cede
