// What is made of reports for terminals, Markdown and badges, and the commands that make it.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "ci/badge.h"
#include "ci/markdown.h"
#include "ci/markup.h"
#include "ci/matrix.h"
#include "ci/sample_test.h"
#include "ci/shell_test.h"

namespace cede {
namespace {

RunReport plain_report(Status status = Status::verified) {
  RunReport run;
  LoopReport& loop = run.loops.emplace_back();
  loop.info.name = "plain";
  loop.info.version = "1";
  loop.played = 1000;
  for (const char* id : {"PASS-2", "TIMER-8"}) {
    ClauseReport& report = loop.clauses.emplace_back();
    report.clause = find_clause(chapters(), id);
    report.decisive = 500;
    report.status = status;
  }
  return run;
}

TEST(Markup, lets_text_be_text) {
  EXPECT_EQ(escaped("<a href=\"x\" b='y'>&"), "&lt;a href=&quot;x&quot; b=&#39;y&#39;&gt;&amp;");
  EXPECT_EQ(escaped("caf\u00e9 \xff\x01\xc0\xaf\xed\xa0\x80"), "caf\u00e9 \uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD\uFFFD");
  EXPECT_EQ(link("https://a.b/?c&d", "e<f"), "<a href=\"https://a.b/?c&amp;d\" rel=\"noreferrer\">e&lt;f</a>");
  EXPECT_EQ(link("javascript:alert(1)", "here"), "here");
  EXPECT_EQ(prose("*Why.* a `<b>`\n\n**no** [x](javascript:y) [z](https://z) 2 * 3"),
            "<p><em>Why.</em> a <code>&lt;b&gt;</code></p>"
            "<p><strong>no</strong> x <a href=\"https://z\" rel=\"noreferrer\">z</a> 2 * 3</p>");
}

TEST(Badge, says_what_came_of_it_in_words_and_a_colour) {
  EXPECT_EQ(badge_words({plain_report()}).words, "2 MUST");
  EXPECT_EQ(badge_words({plain_report(Status::failed)}).words, "2 departures");
  EXPECT_EQ(badge_words({plain_report(Status::not_verified)}).words, "not verified");
  EXPECT_EQ(badge_words({plain_report(), plain_report()}).words, "4 MUST");
  EXPECT_EQ(badge_words({}).words, "0 MUST");
  RunReport absent = plain_report();
  absent.absent = {{"lost", "install it"}};
  EXPECT_EQ(badge_words({absent}).words, "loop absent");
  EXPECT_NE(badge_words({plain_report()}).color, badge_words({plain_report(Status::failed)}).color);
}

TEST(Badge, is_an_svg_with_a_title_and_asks_nobody_for_anything) {
  Folder folder;
  for (const RunReport& run : {plain_report(), strange_report()}) {
    std::string svg = to_badge({run});
    EXPECT_TRUE(contains(svg, "<title")) << svg;
    EXPECT_FALSE(contains(svg, "<script")) << svg;
    EXPECT_EQ(svg.find("http", svg.find("xmlns") + 10), std::string::npos) << svg;
    if (!is_installed("xmllint")) GTEST_SKIP() << "xmllint, of libxml2-utils, is not installed";
    Said said = shell("xmllint --noout " + write(folder / "badge.svg", svg).string());
    EXPECT_EQ(said.exit, 0) << said << svg;
  }
}

TEST(Markdown, tells_first_what_is_red_and_new_and_then_the_matrix) {
  RunReport run = strange_report();
  std::string text = to_markdown({run});
  std::size_t news = text.find("### New"), loops = text.find("### Loops"), matrix = text.find("### Clauses");
  EXPECT_LT(news, loops);
  EXPECT_LT(loops, matrix);
  std::string told = text.substr(news, loops - news);
  EXPECT_TRUE(contains(told, "PASS-2 (MUST)")) << told;
  EXPECT_TRUE(contains(told, "main: call_soon a\na: call_later 0ms a\n")) << told;
  EXPECT_TRUE(contains(told, "cede replay")) << told;
  EXPECT_FALSE(contains(told, "TIMER-8")) << "it was expected\n" << told;
  EXPECT_TRUE(contains(text.substr(matrix), "| TIMER-8 "));
  EXPECT_TRUE(contains(text, "Only shard 2/3")) << text;
}

TEST(Markdown, leaves_out_what_all_verify_and_counts_it) {
  std::string text = to_markdown({plain_report()});
  EXPECT_FALSE(contains(text, "### New")) << text;
  EXPECT_FALSE(contains(text, "| PASS-2")) << text;
  EXPECT_TRUE(contains(text, "2 verified by all.")) << text;
  EXPECT_TRUE(contains(text, "| plain 1 | 2 of 2 |")) << text;
}

TEST(Markdown, takes_no_ones_words_for_markup) {
  std::istringstream lines(to_markdown({strange_report()}));
  bool inside = false;  // of a fence
  std::string fence;
  for (std::string line; std::getline(lines, line);) {
    if (!inside && line.starts_with("```")) inside = true, fence = line;
    else if (inside && line == fence) inside = false;
    else if (!inside) EXPECT_FALSE(contains(line, "<script>")) << line;
  }
  EXPECT_FALSE(inside);
}

TEST(Matrix, sets_loops_side_by_side_and_tells_those_with_one_name_apart) {
  RunReport newer = plain_report(Status::failed);
  newer.loops[0].info.version = "2";
  std::vector<RunReport> runs{plain_report(), newer};
  EXPECT_EQ(matrix_text(matrix_of(runs), false, false),
            "             plain plain\n"
            "             1     2\n"
            "PASS-2       +     X\n"
            "TIMER-8      +     X\n"
            "  +  verified\n"
            "  X  departs\n");
  runs.pop_back();
  EXPECT_EQ(matrix_text(matrix_of(runs), false, false), "             plain\n2 verified by all\n");
  EXPECT_TRUE(contains(matrix_text(matrix_of(runs), true, false), "TIMER-8      +\n"));
  auto json = nlohmann::json::parse(matrix_json(matrix_of(runs), true));
  EXPECT_EQ(json["clauses"][1]["marks"]["plain"], "verified");
}

TEST(Matrix, has_a_letter_and_a_sign_of_its_own_for_each_mark) {
  for (const Look& one : looks)
    for (const Look& other : looks) {
      EXPECT_EQ(&look(one.mark), &one);
      if (&one == &other) continue;
      EXPECT_NE(one.letter, other.letter);
      EXPECT_NE(one.sign, other.sign);
    }
}

class ReportCommand : public testing::Test {
 protected:
  std::string at(const std::string& name) { return (folder_ / name).string(); }
  Folder folder_;
};

TEST_F(ReportCommand, renders_a_stored_report_as_the_run_itself_did) {
  std::string all = " --html {}html --badge {}svg --junit {}xml", words;
  auto to = [&](std::string name) {
    std::string text = all;
    for (std::size_t i; (i = text.find("{}")) != std::string::npos;) text.replace(i, 2, at(name) + ".");
    return text;
  };
  Said run = cede("run 'TIMER-*' --loop libuv --no-expect --budget 2000cases --json " + at("a.jsonl") +
                  " --md=" + at("a.md") + to("a"));
  ASSERT_LE(run.exit, 1) << run;
  Said rendered = cede("report render " + at("a.jsonl") + " --md " + at("b.md") + to("b"));
  EXPECT_EQ(rendered.exit, 0) << rendered;
  EXPECT_EQ(rendered.text, "");
  for (std::string form : {".md", ".html", ".svg"})
    EXPECT_EQ(contents(at("a" + form)), contents(at("b" + form))) << form;
  for (std::string name : {"a.xml", "b.xml"}) {
    std::string xml = contents(at(name));
    EXPECT_TRUE(contains(xml, "<testcase name=\"TIMER_8\"")) << name << xml;
    EXPECT_TRUE(contains(xml, "tests=\"17\" failures=\"3\"")) << name << xml.substr(0, 300);
  }
}

TEST_F(ReportCommand, does_what_the_page_of_this_folder_shows) {
  std::istringstream page(contents(CEDE_SOURCES "/ci/README.md"));
  bool inside = false;
  int count = 0;
  for (std::string line; std::getline(page, line);) {
    if (line.starts_with("## ")) inside = line == "## Reports";
    if (!inside || !line.starts_with("cede ")) continue;
    Said said = shell("cd " + at("") + " && " CEDE_COMMAND + line.substr(4));
    if (contains(said.text, "absent: libuv")) GTEST_SKIP() << "libuv is absent";
    EXPECT_LE(said.exit, contains(line, "diff") ? 1 : 0) << line << said;
    ++count;
  }
  EXPECT_GE(count, 8);
  for (std::string file : {"run.jsonl", "run.md", "run.html", "run.svg", "page.html", "run.xml", "later.jsonl"})
    EXPECT_NE(contents(at(file)), "") << file;
  EXPECT_EQ(contents(at("run.html")), contents(at("page.html")));
}

TEST_F(ReportCommand, has_help_that_fits_a_screen) {
  for (std::string words : {"matrix", "report", "report render", "report check", "diff"}) {
    Said said = cede(words + " --help");
    EXPECT_EQ(said.exit, 0) << said;
    EXPECT_LE(std::ranges::count(said.text, '\n'), 24) << said;
  }
}

TEST_F(ReportCommand, appends_markdown_to_the_page_beside_the_run) {
  write(at("summary.md"), "before\n");
  Said said = shell("GITHUB_STEP_SUMMARY=" + at("summary.md") + " " CEDE_COMMAND " run PASS-2 --budget 500cases --md");
  EXPECT_TRUE(contains(said.text, "exit 0")) << said;
  EXPECT_TRUE(contents(at("summary.md")).starts_with("before\n## cede: 1 MUST\n")) << contents(at("summary.md"));
  said = shell("unset GITHUB_STEP_SUMMARY; " CEDE_COMMAND " run PASS-2 --budget 500cases --md 2>/dev/null");
  EXPECT_TRUE(said.text.starts_with("## cede: 1 MUST\n")) << said;
}

TEST_F(ReportCommand, checks_that_reports_are_whole) {
  std::string lines = to_json_lines(plain_report());
  EXPECT_EQ(cede("report check " + write(at("whole"), lines).string()).exit, 0);
  auto refuses = [&](const std::string& text, const std::string& why) {
    Said said = cede("report check " + write(at("broken"), text).string());
    EXPECT_EQ(said.exit, 2) << said;
    EXPECT_TRUE(contains(said.text, why)) << said;
  };
  refuses(lines.substr(0, lines.rfind("{\"kind\":\"end\"")), "cut off");
  refuses("", "empty");
  refuses("{\"kind\":\"loop\"}\n", "line 1");
  std::string lie = lines;
  lie.replace(lie.find("\"exit\":0"), 8, "\"exit\":1");
  refuses(lie, "it ends with exit 1, and what it says comes to 0");
  refuses(lines + lines, "and here is more");
  auto with = [&](const std::string& before, const std::string& text) {
    return std::string(lines).insert(lines.find(before), text);
  };
  refuses(with("\"seed\":", "\"shard\":\"9/3\","), "there is no shard \"9/3\"");
  refuses(with("{\"kind\":\"loop\"", lines.substr(0, lines.find('\n') + 1)), "begins with one");
  std::string other = with("\"reached\":", "\"variants\":{\"foo\":1},");
  refuses(other.replace(other.find("PASS-2"), 6, "PASS-3"), "PASS-3 has no variants");
  refuses(with("\"reached\":", "\"expectation\":{\"expect\":\"nonsense\"},"), "there is no expectation \"nonsense\"");
}

TEST_F(ReportCommand, says_in_one_line_what_cannot_be_made) {
  auto refuses = [&](const std::string& words, const std::string& why) {
    Said said = cede(words);
    EXPECT_EQ(said.exit, 2) << said;
    EXPECT_TRUE(contains(said.text, why)) << said;
    EXPECT_EQ(std::ranges::count(said.text, '\n'), 1) << said;
  };
  std::string report = write(at("a.jsonl"), to_json_lines(plain_report())).string();
  refuses("report render " + report, "nothing to make");
  refuses("report render " + at("lost") + " --md -", "No such file");
  refuses("report render " + report + " --html " + at("no/where"), "cannot write");
  refuses("report render " + report + " --html " + at("x") + " --badge " + at("x"), "cannot both be");
  refuses("report render " + report + " " + report + " --junit " + at("x"), "one by one");
  refuses("matrix nosuchloop", "there is no loop nosuchloop");
  refuses("matrix " + at("lost.jsonl"), "No such file");
  refuses("run PASS-2 --junit -", "has to be a file");
  for (std::string option : {"--html", "--badge"})
    refuses("run PASS-2 " + option + " " + at("no/where"), "cannot write");
}

TEST_F(ReportCommand, has_absent_loops_among_the_tests_whatever_they_should_do_when_they_fail) {
  std::string run = CEDE_COMMAND " run PASS-2 --budget 500cases --loop reference --loop hostile/opens --junit ";
  for (std::string settings : {"", "GTEST_BREAK_ON_FAILURE=1 ", "GTEST_THROW_ON_FAILURE=1 "}) {
    Said said = shell(settings + run + at("a.xml"));
    EXPECT_EQ(said.exit, 6) << said;
    std::string xml = contents(at("a.xml"));
    EXPECT_TRUE(contains(xml, "<testsuite name=\"hostile/opens\" tests=\"1\" failures=\"1\"")) << said << xml;
    EXPECT_TRUE(contains(xml, "it aborted when it was opened")) << xml;
  }
}

TEST(Report, has_crashes_in_an_order_of_their_own) {
  auto crash = [](const char* steps) { return Crash{.how = "aborted", .scenario = parse_scenario(steps).scenario}; };
  const char* both[] = {"main: stop\n", "main: close\n"};
  std::vector<Crash> one, other;
  for (int i : {0, 1}) add(one, crash(both[i])), add(other, crash(both[1 - i]));
  ASSERT_EQ(one.size(), 2u);
  for (int i : {0, 1}) EXPECT_EQ(to_string(one[i].scenario), to_string(other[i].scenario));
}

TEST_F(ReportCommand, draws_loops_that_it_runs_beside_stored_ones) {
  std::string report = write(at("a.jsonl"), to_json_lines(plain_report(Status::failed))).string();
  Said said = cede("matrix reference " + report + " --clause PASS-2 --budget 500cases");
  EXPECT_EQ(said.exit, 1) << said;
  EXPECT_TRUE(contains(said.text, "             reference plain\nPASS-2       +         X\nTIMER-8                X\n"))
      << said;
  for (std::string format : {"md", "html", "json"})
    EXPECT_GT(cede("matrix " + report + " --format " + format).text.size(), 100u);
}

}  // namespace
}  // namespace cede
