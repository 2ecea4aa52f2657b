// A report as Markdown, such as a build server shows beside a run: first what is red and new, then the matrix.
#pragma once

#include <string>
#include <vector>

#include "ci/report.h"

namespace cede {

std::string to_markdown(const std::vector<RunReport>& runs);

}  // namespace cede
