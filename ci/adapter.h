// `cede adapter`: for whoever plugs in a loop. Skeletons that work, what a loop tells of itself, what is wrong with its
// adapter, and what goes over the wire.
#pragma once

#include <string>

#include "ci/exit.h"

namespace cede {

/// Writes the folder `name` with a loop, its adapter in `language` (c or cpp) and a CMakeLists.txt.
Exit adapter_new(const std::string& name, const std::string& language);

/// Prints what the adapter tells: versions, the mapping, what is unsupported and why.
Exit adapter_info(const std::string& loop);

/// Says what is wrong with the adapter, if something is (adapter_check.h). Counts the lines of `source`, the adapter's
/// file, unless that is empty.
Exit adapter_check(const std::string& loop, const std::string& source);

/// Prints which of the loops that have a name are here, and what to do about the others.
Exit adapter_list();

/// Prints the JSON Schema of what goes over the wire between cede and a driver.
Exit adapter_schema();

}  // namespace cede
