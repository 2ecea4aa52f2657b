// One GoogleTest a loop and clause, which writes them as XML.
#pragma once

#include <string>
#include <vector>

#include "ci/report.h"

namespace cede {

/// Runs the tests of all loops, of which each looks up what became of its clause, for the XML file that comes of it. No
/// two runs may be about one loop.
void write_junit(const std::vector<RunReport>& runs, const std::string& file);

}  // namespace cede
