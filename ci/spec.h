// `cede spec`: the spec as a document and as a contract that is checked.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "adapters/adapters.h"
#include "ci/exit.h"
#include "properties/property.h"
#include "spec/chapters.h"

namespace cede {

/// What does not fit together, one line each: clauses without example, judge or fault, ids that are
/// there twice, examples whose trace is not the loop's, examples that do not decide their clause.
std::vector<std::string> check_spec(const Chapters& chapters, std::span<const Property> properties,
                                    const std::vector<Fault>& faults, const Adapter& loop);

/// One clause a line, id first.
Exit spec_list(const std::vector<std::string>& globs);
Exit spec_show(const std::string& id);
/// Checks the chapters in the folder, or those built in if it is empty; with `rewrite` writes the
/// traces that the reference gives into them first, to be reviewed as a diff.
Exit spec_check(const std::string& folder, bool rewrite);

/// The chapter with each example's trace as the loop gives it.
std::string with_traces_of(const Adapter& loop, std::string_view chapter);

}  // namespace cede
