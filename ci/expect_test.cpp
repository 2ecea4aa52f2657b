// What is expected and what is not: how runs end, and how the files are mended.
#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <string>

#include "adapters/adapters.h"
#include "ci/shell_test.h"

namespace cede {
namespace {

class Expect : public testing::Test {
 protected:
  ~Expect() override { std::filesystem::remove(file_); }

  /// The exit code; what was said is in `said_`.
  int cede(const std::string& arguments) {
    Said said = shell(std::string(CEDE_COMMAND) + " " + arguments);
    said_ = std::move(said.text);
    return said.exit;
  }
  void write(const std::string& text) { std::ofstream(file_) << text; }
  std::string contents() {
    std::ifstream stream(file_);
    return {std::istreambuf_iterator<char>(stream), {}};
  }
  bool says(std::string_view part) const { return said_.find(part) != std::string::npos; }

  const std::string head_ = "loop = \"reference\"\nversion = \"=1\"\n";
  const std::string fails_ = "expect = \"fail\"\nwhy = \"w\"\nlink = \"https://l\"\n";
  std::string file_ = testing::TempDir() + "expect." + std::to_string(getpid()) + ".toml";
  std::string said_;
};

TEST_F(Expect, a_clause_that_holds_though_it_should_fail_is_stale) {
  write(head_ + "\n[[clause]]\nid = \"PASS-1\"\n" + fails_);
  EXPECT_EQ(cede("run PASS-1 --expect " + file_), 3) << said_;
  EXPECT_TRUE(says(file_ + ":4: PASS-1 is verified here: remove it")) << said_;
  EXPECT_EQ(cede("run PASS-1 --budget 1000cases --expect " + file_), 0) << "too little to say so\n" << said_;
  EXPECT_EQ(cede("run PASS-1 --no-expect"), 0) << said_;
}

TEST_F(Expect, a_file_for_another_version_or_about_an_unknown_clause_is_stale) {
  write("loop = \"reference\"\nversion = \"<1\"\n");
  EXPECT_EQ(cede("run PASS-1 --budget 1000cases --expect " + file_), 3) << said_;
  EXPECT_TRUE(says(file_ + ":2: it is for reference <1, and this is 1: run `cede expect update")) << said_;
  write(head_ + "[[clause]]\nid = \"PASS-99\"\n" + fails_);
  EXPECT_EQ(cede("run PASS-1 --expect " + file_), 3) << said_;
  EXPECT_EQ(cede("expect check " + file_), 3) << said_;
  EXPECT_TRUE(says("no clause PASS-99: remove it")) << said_;
}

TEST_F(Expect, what_is_shipped_has_reasons_and_links) {
  EXPECT_EQ(cede("expect check"), 0) << said_;
  EXPECT_TRUE(says("each with its reason and a link")) << said_;
}

TEST_F(Expect, what_is_shipped_is_what_a_run_finds) {
  int loops = 0;
  for (const auto& file : std::filesystem::directory_iterator(CEDE_SOURCES "/adapters/expect")) {
    if (file.is_directory()) continue;  // what loops share
    std::string loop = file.path().stem();
    const bool is_slow = is_driven(loop);  // whose whole budget is played in ci/soak, and all of most of them
    if (is_slow && loop != "asyncio") continue;
    int exit = cede("run --loop " + loop + (is_slow ? " --budget 3000cases" : ""));
    if (exit == 6) continue;  // absent
    ++loops;
    EXPECT_TRUE(exit == 0 || (is_slow && exit == 4)) << loop << "\n" << said_;
    EXPECT_TRUE(says("departs, as expected, from:")) << loop << "\n" << said_;
  }
  if (loops == 0) GTEST_SKIP() << "all these loops are absent";
}

TEST_F(Expect, prune_takes_out_what_holds_and_leaves_the_rest_as_it_is) {
  std::string before = "# a comment\n" + head_ + "\n# about passes\n";
  std::string after = "\n# about timers, which are\n# decided\n";
  std::string one = "[[clause]]\nid = \"PASS-1\"\n" + fails_;
  std::string others = "[[clause]]\nid = [\"PASS-2\", \"PASS-3\"]\nseldom = true\n" + fails_;
  write(before + one + after + others);
  for (const char* small : {"3000cases", "0.1s", "exhaustive:2"})
    EXPECT_EQ(cede("expect prune " + file_ + " --budget " + small), 2) << "too little to say so\n" << said_;
  EXPECT_EQ(contents(), before + one + after + others) << said_;
  EXPECT_EQ(cede("expect prune " + file_), 0) << said_;
  EXPECT_EQ(contents(), before + after + others) << said_;
}

TEST_F(Expect, a_departure_that_is_expected_is_no_failure) {
  if (cede("run PASS-10 --loop libuv --budget 1000cases --no-expect") == 6) GTEST_SKIP() << "libuv is absent";
  EXPECT_TRUE(says("FAIL libuv PASS-10")) << said_;
  EXPECT_EQ(cede("run PASS-10 --loop libuv --budget 1000cases"), 0) << said_;
  EXPECT_FALSE(says("FAIL")) << said_;
  EXPECT_TRUE(says("departs, as expected, from: PASS-10")) << said_;
  write("loop = \"libuv\"\nversion = \">=1\"\n# the end");
  EXPECT_EQ(cede("run PASS-10 --loop libuv --budget 1000cases --expect " + file_), 1) << said_;
}

TEST_F(Expect, update_adds_what_a_run_finds_and_init_begins_a_file) {
  if (cede("run PASS-10 --loop libuv --budget 1000cases") == 6) GTEST_SKIP() << "libuv is absent";
  write("loop = \"libuv\"\nversion = \"<1\"\n# the end\n");
  EXPECT_EQ(cede("expect update --budget 3000cases " + file_), 0) << said_;
  std::string text = contents();
  EXPECT_TRUE(text.starts_with("loop = \"libuv\"\nversion = \"=1.")) << text;
  EXPECT_NE(text.find("# the end\n\n# stop before run makes one pass\n#     main: stop\n"), std::string::npos) << text;
  EXPECT_NE(text.find("[[clause]]\nid = \"PASS-10\"\nexpect = \"fail\"\nwhy = \"\"\n"), std::string::npos) << text;
  EXPECT_EQ(cede("expect check " + file_), 3) << "the reasons are still to be written\n" << said_;
  EXPECT_EQ(cede("expect init libuv --budget 3000cases"), 0) << said_;
  EXPECT_TRUE(says("id = \"PASS-10\"")) << said_;
}

TEST_F(Expect, update_leaves_it_to_people_to_change_what_a_file_says) {
  if (cede("run PASS-10 --loop libuv --budget 1000cases") == 6) GTEST_SKIP() << "libuv is absent";
  std::string text = "loop = \"libuv\"\nversion = \">=1\"\n[[clause]]\nid = \"PASS-10\"\nexpect = \"undecided\"\n";
  write(text + "why = \"w\"\nlink = \"https://l\"\n");
  EXPECT_EQ(cede("expect update --budget 3000cases " + file_), 3) << said_;
  EXPECT_TRUE(says(file_ + ":3: PASS-10 is failed on libuv, where undecided is expected: change it there")) << said_;
  EXPECT_EQ(contents().find("PASS-10"), contents().rfind("PASS-10")) << contents();
  EXPECT_EQ(contents().find("expect = \"undecided\"", text.size()), std::string::npos) << "too little to say so";
}

TEST_F(Expect, update_adds_what_is_new_of_one_back_end_though_another_has_its_expectation) {
  if (cede("run TIMER-13 --loop libevent/poll --budget 1000cases") == 6) GTEST_SKIP() << "libevent is absent";
  std::string text = "loop = \"libevent\"\nversion = \">=2\"\n[[clause]]\nid = \"TIMER-13\"\nback_end = [\"poll\"]\n";
  write(text + fails_);
  EXPECT_EQ(cede("expect update --budget 4000cases " + file_), 0) << said_;
  EXPECT_NE(contents().find("id = \"TIMER-13\"\nexpect = \"fail\"\nback_end = [\"epoll\", "), std::string::npos)
      << contents();
}

TEST_F(Expect, what_a_loop_cannot_do_is_stale_once_it_does_it) {
  write(head_ + "[[clause]]\nid = \"PASS-1\"\nexpect = \"unsupported\"\nwhy = \"w\"\nlink = \"https://l\"\n");
  EXPECT_EQ(cede("run PASS-1 --expect " + file_), 3) << said_;
  EXPECT_TRUE(says("PASS-1 is verified here: remove it")) << said_;
}

TEST_F(Expect, a_file_about_a_loop_that_is_absent_stops_nobody) {
  write("loop = \"hostile\"\nversion = \">=1\"\n");
  EXPECT_EQ(cede("run PASS-1 --loop reference --loop hostile/opens --budget 1000cases --expect " + file_), 6) << said_;
  EXPECT_TRUE(says("absent: hostile/opens")) << said_;
  EXPECT_TRUE(says("reference 1: ")) << said_;
  EXPECT_EQ(cede("run PASS-1 --budget 1000cases --expect " + file_), 3) << said_;
  EXPECT_TRUE(says("it is about hostile, which is not judged: leave it out")) << said_;
}

}  // namespace
}  // namespace cede
