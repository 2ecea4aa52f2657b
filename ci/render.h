// `cede report` and `cede matrix`: what is made of reports that are stored. What they say decides nothing here.
#pragma once

#include <string>
#include <vector>

#include "ci/exit.h"
#include "ci/run.h"

namespace cede {

/// Reads reports in the order of the files, `-` is standard input; false if one cannot be read, and `why` says which.
bool read_reports(const std::vector<std::string>& files, std::vector<RunReport>& runs, std::string& why);

/// Writes other forms of them, their loops side by side.
Exit report_render(const std::vector<std::string>& files, const OutletFiles& out);
/// Is each a whole report that this cede can read, and does it end as it should?
Exit report_check(const std::vector<std::string>& files);
/// Prints the schema of a line.
Exit report_schema();

struct MatrixOptions {
  std::vector<std::string> of;  // loops, and files that end in .jsonl
  std::string format = "text";  // text, md, html, json
  bool all = false;             // also clauses that do not differ
  RunOptions run;               // for the loops
};
/// One table of loops that are run now and of stored reports. Ends as a run that found all of it.
Exit matrix(const MatrixOptions& options);

}  // namespace cede
