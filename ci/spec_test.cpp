// That chapters, judges, faults and the reference fit together is checked, and a check is worth what
// it complains of: here each thing that can be wrong is made wrong.
#include "ci/spec.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace cede {
namespace {

Verdict reaches_nothing(const History&) { return {}; }

Verdict condemns_everything(const History&) {
  Ruling ruling;
  ruling.require(false, 0, "it is wrong");
  return ruling;
}

/// One clause of the spec with its judge and a fault: a small spec that fits together.
struct SmallSpec {
  SmallSpec() {
    const Clause* clause = find_clause(cede::chapters(), "PASS-2");
    auto judge = std::ranges::find(cede::properties(), "PASS-2", &Property::clause);
    if (clause) chapters.clauses = {*clause};
    for (Clause& alone : chapters.clauses) alone.rests_on.clear();  // what it rests on is not here
    if (judge != cede::properties().end()) properties = {*judge};
  }

  std::vector<std::string> complaints() const { return check_spec(chapters, properties, faults, reference_adapter()); }

  /// The only complaint there is.
  std::string complaint() const {
    auto all = complaints();
    EXPECT_EQ(all.size(), 1u);
    std::string text;
    for (const std::string& one : all) text += one + "\n";
    return text;
  }

  std::string at_clause(std::string_view file = "06-passes.md") const {
    return std::string(file) + ":" + std::to_string(chapters.clauses[0].line) + ": PASS-2";
  }

  Chapters chapters;
  std::vector<Property> properties;
  std::vector<Fault> faults{{"drains_until_empty", "PASS-2", "runs the queue until it is empty"}};
};

TEST(SpecCheck, is_content_with_a_clause_that_has_all_it_needs) {
  EXPECT_EQ(SmallSpec().complaints(), std::vector<std::string>{});
}

TEST(SpecCheck, complains_of_a_clause_without_a_judge) {
  SmallSpec spec;
  spec.properties.clear();
  EXPECT_EQ(spec.complaint(), spec.at_clause() + " has no judge: add one to properties/\n");
}

TEST(SpecCheck, complains_of_a_clause_with_two_judges) {
  SmallSpec spec;
  spec.properties.push_back(spec.properties[0]);
  EXPECT_EQ(spec.complaint(), spec.at_clause() + " has 2 judges: one is enough\n");
}

TEST(SpecCheck, complains_of_a_judge_without_a_clause) {
  SmallSpec spec;
  spec.properties.push_back({"PASS-99", reaches_nothing});
  EXPECT_EQ(spec.complaint(), "the judge of PASS-99 has no clause in any chapter\n");
}

TEST(SpecCheck, complains_of_a_clause_without_a_fault) {
  SmallSpec spec;
  spec.faults.clear();
  EXPECT_EQ(spec.complaint(), spec.at_clause() + " has no fault: add a diff to adapters/faults/\n");
}

TEST(SpecCheck, complains_of_a_fault_without_a_clause) {
  SmallSpec spec;
  spec.faults.push_back({"sulks", "PASS-99", "does nothing on Mondays"});
  EXPECT_EQ(spec.complaint(), "the fault sulks breaks PASS-99, which no chapter has\n");
}

TEST(SpecCheck, complains_of_an_id_that_is_there_twice) {
  SmallSpec spec;
  auto passes = std::ranges::find(chapter_texts(), "06-passes.md", &ChapterText::file);
  ASSERT_NE(passes, chapter_texts().end());
  read_chapter("06-copy.md", passes->text, spec.chapters);
  auto all = spec.complaints();
  EXPECT_EQ(std::ranges::count(all, spec.at_clause("06-copy.md").erase(spec.at_clause("06-copy.md").rfind(':')) +
                                        ": PASS-2 is there twice: ids are never reused"),
            1);
}

TEST(SpecCheck, complains_of_an_example_that_is_not_what_the_reference_does_and_says_where) {
  SmallSpec spec;
  Example& example = spec.chapters.clauses[0].examples.at(0);
  std::size_t poll = example.trace.find("poll 0ms");
  ASSERT_NE(poll, std::string::npos) << example.trace;
  example.trace.replace(poll, 8, "poll 1ms");
  auto line = example.trace_line + std::count(example.trace.begin(), example.trace.begin() + poll, '\n');
  EXPECT_EQ(spec.complaint(),
            "06-passes.md:" + std::to_string(example.line) + ": PASS-2: line " + std::to_string(line) +
                ": the chapter says `poll 1ms`, the reference does `poll 0ms`\n");
}

TEST(SpecCheck, complains_of_a_trace_that_is_too_short_or_too_long) {
  SmallSpec spec;
  Example& example = spec.chapters.clauses[0].examples.at(0);
  const std::string whole = example.trace;
  example.trace = whole.substr(0, whole.rfind('\n', whole.size() - 2) + 1);
  EXPECT_NE(spec.complaint().find("the chapter says ``, the reference does `main: close`"), std::string::npos);
  example.trace = whole + "rest\n";
  EXPECT_NE(spec.complaint().find("the chapter says `rest`, the reference does ``"), std::string::npos);
}

TEST(SpecCheck, complains_of_examples_that_do_not_decide_their_clause) {
  SmallSpec spec;
  spec.properties[0].rule = reaches_nothing;
  EXPECT_EQ(spec.complaint(), spec.at_clause() + ": none of its examples decides it\n");
}

TEST(SpecCheck, complains_of_a_judge_that_condemns_the_examples_of_its_own_clause) {
  SmallSpec spec;
  spec.properties[0].rule = condemns_everything;
  auto all = spec.complaints();
  EXPECT_EQ(all.size(), spec.chapters.clauses[0].examples.size());
  EXPECT_NE(all.at(0).find("PASS-2: its own example violates it: it is wrong"), std::string::npos) << all[0];
}

TEST(SpecCheck, passes_on_what_is_wrong_with_a_chapter) {
  SmallSpec spec;
  read_chapter("99-nonsense.md", "## No id\n", spec.chapters);
  EXPECT_EQ(spec.complaint(), "99-nonsense.md:1: expected `## ID: title`\n");
}

TEST(SpecRewrite, leaves_a_chapter_alone_whose_traces_are_the_references) {
  for (const ChapterText& chapter : chapter_texts())
    EXPECT_EQ(with_traces_of(reference_adapter(), chapter.text), chapter.text) << chapter.file;
}

TEST(SpecRewrite, writes_the_traces_and_nothing_else_and_the_second_time_changes_nothing) {
  const std::string before =
      "## PASS-2: words\n\n```cpp\nint x;\n```\n```scenario\nmain: log a # kept\n```\n```trace\n";
  const std::string wrong = before + "nonsense\nmore\n```\nend";
  const std::string right =
      before + "main: log a\nmain: run\npoll forever\nrest\ngot main: run\nmain: close\n```\nend\n";
  EXPECT_EQ(with_traces_of(reference_adapter(), wrong), right);
  EXPECT_EQ(with_traces_of(reference_adapter(), right), right);
}

}  // namespace
}  // namespace cede
