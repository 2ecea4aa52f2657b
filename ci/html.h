// A report as one page: the matrix, and behind each of its cells the clause, what was counted, the smallest scenario
// and its trace beside the reference's. It needs no network, and without JavaScript it is plainer but whole.
#pragma once

#include <string>
#include <vector>

#include "ci/report.h"

namespace cede {

std::string to_html(const std::vector<RunReport>& runs);

}  // namespace cede
