// A report as lines of JSON, which say everything: one object a line for the run, each loop, each clause and the end.
// Other forms are rendered from it, parts of a run are put together from it, and a process tells its parent in it.
// ci/report.schema.json describes a line.
#pragma once

#include <string>

#include "ci/report.h"

namespace cede {

/// The same run gives the same bytes.
std::string to_json_lines(const RunReport& report);

/// Reads them back. False if they are none, which `why` tells, with the line.
bool read_json_lines(const std::string& text, RunReport& report, std::string& why);

}  // namespace cede
