// What the documents say that cede comes from, statement by statement, with the clauses that make each
// executable: the two tables at the end of spec/README.md; and the contract, its table of chapters.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "spec/chapters.h"

namespace cede {

struct Statement {
  std::string where;  // S1.3, H4
  std::string words;
  std::vector<std::string> clauses;  // ids
  std::string none;    // why there are none
  bool corrected = false;  // a row of the second table: the document is inaccurate there
  int line = 0;
};

struct Statements {
  std::vector<Statement> statements;
  std::vector<std::string> contract;  // the ids of all clauses that there have to be
  std::vector<ChapterError> errors;
};

/// `PASS-2`, `CORO-5..7` and `TASK-*` in a cell stand for clauses of the chapters. Errors are a clause
/// of the contract that its chapter lacks, one that is in a chapter but not in the contract, and a
/// statement about a clause that is not there.
Statements read_statements(std::string_view file, std::string_view text, const Chapters& chapters);

/// Those of the spec as it was when this was built.
const Statements& statements();

}  // namespace cede
