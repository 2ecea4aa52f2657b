// What has changed between two reports, and whether anything is worse.
#include "ci/diff.h"

#include <gtest/gtest.h>

#include "ci/sample_test.h"
#include "ci/shell_test.h"

namespace cede {
namespace {

RunReport report(Status timer, std::uint64_t any = 0) {
  RunReport run;
  LoopReport& loop = run.loops.emplace_back();
  loop.info.name = "libfoo";
  loop.info.version = "1.0";
  for (const char* id : {"PASS-2", "TIMER-4", "TIMER-8"}) {
    ClauseReport& one = loop.clauses.emplace_back();
    one.clause = find_clause(chapters(), id);
    one.decisive = 100;
    one.status = Status::verified;
  }
  if (any) loop.clauses[1].variants["any"] = any;
  loop.clauses[2].status = timer;
  return run;
}

TEST(Diff, finds_no_change_in_the_same) { EXPECT_TRUE(changes(strange_report(), strange_report()).empty()); }

TEST(Diff, tells_what_departs_now_and_what_holds_again) {
  auto worse = changes(report(Status::verified), report(Status::failed));
  ASSERT_EQ(worse.size(), 1u);
  EXPECT_EQ(worse[0].loop, "libfoo");
  EXPECT_EQ(worse[0].clause, "TIMER-8");
  EXPECT_TRUE(worse[0].worse);
  auto better = changes(report(Status::failed), report(Status::verified));
  ASSERT_EQ(better.size(), 1u);
  EXPECT_EQ(better[0].before, "failed");
  EXPECT_FALSE(better[0].worse);
  EXPECT_TRUE(changes(report(Status::verified), report(Status::not_verified)).at(0).worse);
}

TEST(Diff, tells_which_outcomes_are_seen_now) {
  auto changed = changes(report(Status::verified), report(Status::verified, 40));
  ASSERT_EQ(changed.size(), 1u);
  EXPECT_EQ(changed[0].before, "verified: registration-order");
  EXPECT_EQ(changed[0].after, "verified: registration-order, any");
  EXPECT_FALSE(changed[0].worse);
}

TEST(Diff, tells_loops_that_come_go_and_change) {
  RunReport before = report(Status::verified), after = before;
  after.loops[0].info.version = "1.1";
  after.loops[0].crashes.push_back({"aborted", "aborted", 1, {}, ""});
  auto changed = changes(before, after);
  ASSERT_EQ(changed.size(), 2u);
  EXPECT_EQ(changed[0].after, "version 1.1");
  EXPECT_FALSE(changed[0].worse);
  EXPECT_TRUE(changed[1].worse);
  EXPECT_TRUE(changes(before, {}).at(0).worse);
  EXPECT_FALSE(changes({}, before).at(0).worse);
}

TEST(DiffCommand, ends_with_1_when_something_got_worse_and_2_when_it_cannot_read) {
  Folder folder;
  std::string good = write(folder / "good", to_json_lines(report(Status::verified))).string();
  std::string bad = write(folder / "bad", to_json_lines(report(Status::failed))).string();
  Said worse = cede("diff " + good + " " + bad);
  EXPECT_EQ(worse.exit, 1) << worse;
  EXPECT_TRUE(contains(worse.text, "worse  libfoo TIMER-8: verified -> failed\n")) << worse;
  EXPECT_EQ(cede("diff " + bad + " " + good).exit, 0);
  Said json = cede("diff --json " + good + " " + bad);
  EXPECT_EQ(json.text,
            R"({"kind":"change","loop":"libfoo","id":"TIMER-8","before":"verified","after":"failed","worse":true})"
            "\n"
            R"({"kind":"end","exit":1})"
            "\n");
  EXPECT_EQ(cede("diff " + good + " " + write(folder / "junk", "junk\n").string()).exit, 2);
  EXPECT_EQ(cede("diff " + good + " " + (folder / "lost").string()).exit, 2);
}

}  // namespace
}  // namespace cede
