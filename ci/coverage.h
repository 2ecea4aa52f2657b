// `cede spec coverage`: is every clause of the contract, and every statement of the documents that it
// comes from, accounted for?
#pragma once

#include "ci/run.h"

namespace cede {

/// Plays the budget on the reference and tells, clause by clause, how often it was reached and
/// decisive; then which statements of the documents hold.
Exit spec_coverage(const RunOptions& options);

}  // namespace cede
