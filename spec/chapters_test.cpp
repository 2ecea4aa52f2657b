// Reading chapters: what a clause is made of, and that whatever does not fit is named with its line.
#include "spec/chapters.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace cede {
namespace {

constexpr std::string_view metadata = "MUST · callback · P · stated by the documents (S1), observed in asyncio\n";
constexpr std::string_view example = "```scenario\nmain: call_soon a\n```\n```trace\nmain: call_soon a\n```\n";

Chapters read(const std::string& text) {
  Chapters chapters;
  read_chapter("06-passes.md", text, chapters);
  return chapters;
}

/// A chapter's errors, each as `LINE: what`.
std::string errors_in(const std::string& text) {
  std::string errors;
  for (const ChapterError& error : read(text).errors) {
    EXPECT_EQ(error.file, "06-passes.md");
    errors += std::to_string(error.line) + ": " + error.what + "\n";
  }
  return errors;
}

std::string clause(std::string_view heading, std::string_view below, std::string_view blocks) {
  return "## " + std::string(heading) + "\n\n" + std::string(below) + "\nThe words.\n\n" + std::string(blocks);
}

TEST(Chapters, a_clause_is_read_with_all_that_stands_under_it) {
  Chapters chapters = read("# The pass\n\nProse.\n\n## PASS-2: what is added: later\n\n" + std::string(metadata) +
                           "\nThe words,\non two lines.\n\nVariants: registration order, heap order\n\n" +
                           std::string(example) + "\nBetween.\n\n" + std::string(example));
  ASSERT_TRUE(chapters.errors.empty()) << chapters.errors[0].what;
  ASSERT_EQ(chapters.clauses.size(), 1u);
  const Clause& clause = chapters.clauses[0];
  EXPECT_EQ(clause.id, "PASS-2");
  EXPECT_EQ(clause.title, "what is added: later");
  EXPECT_EQ(clause.level, "MUST");
  EXPECT_EQ(clause.profile, "callback");
  EXPECT_EQ(clause.tier, "P");
  EXPECT_EQ(clause.source, "stated by the documents (S1), observed in asyncio");
  EXPECT_TRUE(clause.words.starts_with("The words,\non two lines.")) << clause.words;
  EXPECT_EQ(clause.variants, (std::vector<std::string>{"registration order", "heap order"}));
  EXPECT_EQ(clause.file, "06-passes.md");
  EXPECT_EQ(clause.line, 5);
  ASSERT_EQ(clause.examples.size(), 2u);
  EXPECT_EQ(clause.examples[0].scenario, "main: call_soon a\n");
  EXPECT_EQ(clause.examples[0].trace, "main: call_soon a\n");
  EXPECT_EQ(clause.examples[0].line, 15);
  EXPECT_EQ(clause.examples[0].trace_line, 18);
}

TEST(Chapters, an_id_that_is_there_twice_is_named) {
  std::string one = clause("PASS-1: first", metadata, example);
  EXPECT_EQ(errors_in(one + one), "13: PASS-1 is there twice: ids are never reused\n");
}

TEST(Chapters, an_id_of_another_chapter_is_not_free_either) {
  Chapters chapters;
  read_chapter("06-passes.md", clause("PASS-1: first", metadata, example), chapters);
  read_chapter("07-timers.md", clause("PASS-1: first", metadata, example), chapters);
  ASSERT_EQ(chapters.errors.size(), 1u);
  EXPECT_EQ(chapters.errors[0].file, "07-timers.md");
  EXPECT_EQ(chapters.errors[0].line, 1);
}

TEST(Chapters, a_heading_without_an_id_is_named) {
  EXPECT_EQ(errors_in("## About this chapter\n\nProse.\n"), "1: expected `## ID: title`\n");
}

TEST(Chapters, metadata_that_is_missing_is_named_once) {
  const std::string form = "expected `LEVEL · profile · tier · source` below the heading\n";
  EXPECT_EQ(errors_in(clause("PASS-1: first", "", example)), "4: " + form);
  EXPECT_EQ(errors_in("## PASS-1: first\n" + std::string(example)), "1: " + form);
  EXPECT_EQ(errors_in(clause("PASS-1: first", "MUST · callback · P\n\nMore words,\nand more.\n", example)),
            "3: " + form);
}

TEST(Chapters, a_level_and_a_tier_that_are_none_are_named) {
  EXPECT_EQ(errors_in(clause("PASS-1: first", "SHALL · callback · P · chosen by us\n", example)),
            "3: SHALL is no level: MUST, SHOULD or MAY\n");
  EXPECT_EQ(errors_in(clause("PASS-1: first", "MUST · callback · Q · chosen by us\n", example)),
            "3: Q is no tier: P, X or V\n");
}

TEST(Chapters, a_clause_without_an_example_is_named) {
  EXPECT_EQ(errors_in(clause("PASS-1: first", metadata, "")),
            "1: PASS-1 has no example: add a scenario block and a trace block\n");
}

TEST(Chapters, a_scenario_without_a_trace_is_named) {
  EXPECT_EQ(errors_in(clause("PASS-1: first", metadata, "```scenario\nmain: run\n```\n")),
            "8: a scenario without a trace block behind it\n");
}

TEST(Chapters, a_trace_without_a_scenario_is_named) {
  std::string trace = "```trace\nrest\n```\n";
  EXPECT_EQ(errors_in(clause("PASS-1: first", metadata, trace + std::string(example))),
            "7: a trace without a scenario before it\n");
  EXPECT_EQ(errors_in(clause("PASS-1: first", metadata, std::string(example) + trace)),
            "13: a trace without a scenario before it\n");
}

TEST(Chapters, an_example_that_is_no_scenario_is_named_with_the_line_in_the_chapter) {
  EXPECT_EQ(errors_in(clause("PASS-1: first", metadata, "```scenario\nmain: run\nmain: fly\n```\n```trace\n```\n")),
            "9: column 7: expected a verb such as call_soon\n");
}

TEST(Chapters, a_fence_that_is_never_closed_is_named) {
  EXPECT_EQ(errors_in(clause("PASS-1: first", metadata, "") + std::string(example) + "```cpp\nint x;\n"),
            "13: a fence that is never closed\n");
}

TEST(Chapters, blocks_in_other_languages_are_prose_of_no_consequence) {
  std::string cpp = "```cpp\n## NO-1: not a heading\nloop.run();\n```\n";
  Chapters chapters = read(cpp + clause("PASS-1: first", metadata, cpp + std::string(example)));
  EXPECT_TRUE(chapters.errors.empty()) << chapters.errors[0].what;
  ASSERT_EQ(chapters.clauses.size(), 1u);
  EXPECT_EQ(chapters.clauses[0].examples.size(), 1u);
  EXPECT_EQ(chapters.clauses[0].words, "The words.");
}

TEST(Chapters, a_clause_is_found_by_its_id) {
  Chapters chapters = read(clause("PASS-1: first", metadata, example) + clause("PASS-10: tenth", metadata, example));
  ASSERT_TRUE(find_clause(chapters, "PASS-10"));
  EXPECT_EQ(find_clause(chapters, "PASS-10")->title, "tenth");
  EXPECT_FALSE(find_clause(chapters, "PASS"));
}

TEST(Chapters, those_that_are_built_in_can_all_be_read) {
  for (const ChapterError& error : chapters().errors)
    ADD_FAILURE() << error.file << ":" << error.line << ": " << error.what;
  EXPECT_GE(chapters().clauses.size(), 80u);
  EXPECT_GE(chapter_texts().size(), 7u);
  EXPECT_TRUE(std::ranges::is_sorted(chapter_texts(), {}, &ChapterText::file));
}

TEST(Chapters, every_example_that_is_built_in_survives_printing) {
  for (const Clause& clause : chapters().clauses)
    for (const Example& example : clause.examples) {
      Scenario scenario = parse_scenario(example.scenario).scenario;
      EXPECT_EQ(parse_scenario(to_string(scenario)).scenario, scenario) << clause.file << ":" << example.line;
    }
}

}  // namespace
}  // namespace cede
