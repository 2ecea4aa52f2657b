// Reads the chapters: Markdown in, clauses with their examples out.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "spec/scenario.h"

namespace cede {

/// A scenario under a clause and the trace that a conforming loop gives.
struct Example {
  std::string scenario;
  std::string trace;
  int line = 0;        // of the scenario's first line in the chapter
  int trace_line = 0;  // of the trace's first line
};

struct Clause {
  std::string id;
  std::string title;
  std::string level;    // MUST, SHOULD, MAY
  std::string profile;  // what a loop has to offer
  std::string tier;     // P, X, V
  std::string source;
  std::string words;    // the prose, as Markdown
  std::vector<std::string> variants;
  std::vector<Example> examples;
  std::string file;     // 07-timers.md
  int line = 0;         // of its heading
};

/// Something in a chapter that is not as spec/README.md says.
struct ChapterError {
  std::string file;
  int line = 0;
  std::string what;
};

struct Chapters {
  std::vector<Clause> clauses;
  std::vector<ChapterError> errors;
};

/// Adds the clauses of one file.
void read_chapter(std::string_view file, std::string_view text, Chapters& chapters);

/// The chapters as they were when this was built.
const Chapters& chapters();

/// Null if there is none.
const Clause* find_clause(const Chapters& chapters, std::string_view id);

/// A chapter's text, built in; in the order of the chapters.
struct ChapterText {
  std::string_view file;
  std::string_view text;
};
const std::vector<ChapterText>& chapter_texts();

}  // namespace cede
