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
  std::vector<std::string> variants;  // the first is the reference's
  std::vector<std::string> rests_on;  // ids of clauses without which this one cannot hold
  std::string untestable;             // why no trace can show it; empty for all that are judged
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

/// Whether the clause cannot hold where the other does not, by its `Rests on:` line or by those of the
/// clauses that stand there.
bool rests_on(const Chapters& chapters, const Clause& clause, std::string_view other);

/// A chapter's text, built in; in the order of the chapters.
struct ChapterText {
  std::string_view file;
  std::string_view text;
};
const std::vector<ChapterText>& chapter_texts();
/// spec/README.md, built in as well.
std::string_view readme_text();

}  // namespace cede
