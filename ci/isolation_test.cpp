// Broken loops: each is told apart, its scenario is kept, the others are judged, and nothing is left behind.
// And parts: how many processes or machines share a run does not change a byte of the report.
#include <gtest/gtest.h>
#include <unistd.h>

#include <csignal>
#include <filesystem>
#include <fstream>
#include <sstream>
#include <string>

#include "ci/shell_test.h"

namespace cede {
namespace {

namespace fs = std::filesystem;

/// What this test begins is known by it.
const std::string mark = "CEDE_ISOLATION_TEST=" + std::to_string(getpid());

/// Processes of the command's that are alive; other tests have some, too.
int processes() {
  int count = 0;
  for (const fs::directory_entry& process : fs::directory_iterator("/proc")) {
    std::ifstream stream(process.path() / "environ");
    const std::string environment{std::istreambuf_iterator<char>(stream), {}};
    std::error_code error;
    const bool is_ours = fs::read_symlink(process.path() / "exe", error) == fs::path(CEDE_COMMAND);
    count += is_ours && environment.find(mark) != std::string::npos;
  }
  return count;
}

class Isolation : public testing::Test {
 protected:
  Isolation() { fs::create_directories(folder_); }
  ~Isolation() override { fs::remove_all(folder_); }

  /// The exit code; what was said is in `said_`.
  int cede(const std::string& arguments) {
    Said said = shell(mark + " " CEDE_COMMAND " " + arguments);
    said_ = std::move(said.text);
    return said.exit;
  }
  bool says(std::string_view part) const { return said_.find(part) != std::string::npos; }
  std::string file(const std::string& name) const { return folder_ / name; }
  std::string contents(const std::string& name) const {
    std::ifstream stream(file(name));
    return {std::istreambuf_iterator<char>(stream), {}};
  }

  const fs::path folder_ = fs::path(testing::TempDir()) / ("isolation." + std::to_string(getpid()));
  std::string said_;
};

struct Ruin {
  const char* how;
  int exit;
  const char* told;
};

/// Looks a while; a machine may be busy.
bool comes_to(int wanted) {
  for (int i = 0; i < 3000 && processes() != wanted; ++i) usleep(10'000);
  return processes() == wanted;
}

TEST_F(Isolation, knows_its_processes_and_those_that_they_begin) {
  Said begun = shell(mark + " " CEDE_COMMAND " run --budget 1000s -j1 >/dev/null 2>&1 & echo $!");
  EXPECT_TRUE(comes_to(2)) << processes();
  kill(std::stoi(begun.text), SIGTERM);
  EXPECT_TRUE(comes_to(0)) << processes();
}

TEST_F(Isolation, tells_broken_loops_apart_and_goes_on) {
  for (const Ruin& ruin : {
           Ruin{"aborts", 1, "CRASH hostile/aborts aborted"},
           Ruin{"throws", 1, "CRASH hostile/throws aborted"},
           Ruin{"crashes", 1, "CRASH hostile/crashes crashed: Segmentation fault"},
           Ruin{"corrupts", 1, "CRASH hostile/corrupts corrupted its memory"},
           Ruin{"computes", 1, "CRASH hostile/computes never came back: it computed"},
           Ruin{"blocks", 1, "CRASH hostile/blocks never came back: it waited in the system"},
           Ruin{"exits", 1, "CRASH hostile/exits left the process with exit code 0"},
           Ruin{"prints", 1, "CRASH hostile/prints wrote to standard output"},
           Ruin{"scribbles", 1, "CRASH hostile/scribbles wrote to descriptors that are none of its own"},
           Ruin{"smashes", 6, "CRASH hostile/smashes aborted"},
           Ruin{"forks", 1, "CRASH hostile/forks aborted"},
           Ruin{"opens", 6, "absent: hostile/opens: it aborted when it was opened"},
       }) {
    const std::string loop = std::string("hostile/") + ruin.how;
    const std::string json = file(ruin.how);
    const std::string options = " --loop reference --budget 3000cases --patience 0.5 --json=" + json;
    EXPECT_EQ(cede("run --loop " + loop + options), ruin.exit) << said_;
    EXPECT_TRUE(says(ruin.told)) << said_;
    EXPECT_TRUE(says("reference 1: 3274 scenarios")) << "the next loop is judged\n" << said_;
    EXPECT_NE(contents(ruin.how).find("\"kind\":\"end\""), std::string::npos) << "the report is whole";
    if (ruin.exit == 1) {
      EXPECT_TRUE(says("main: stop")) << "the scenario is kept\n" << said_;
      EXPECT_TRUE(says("  went down 16 times\n")) << said_;
    }
  }
  EXPECT_EQ(processes(), 0) << "something is left behind";
}

TEST_F(Isolation, shows_again_how_a_loop_goes_down) {
  std::ofstream(file("scenario")) << "main: call_later 0ms a\nmain: stop\n";
  EXPECT_EQ(cede("replay --loop hostile/crashes " + file("scenario")), 1) << said_;
  EXPECT_EQ(said_, "hostile/crashes 1: it crashed: Segmentation fault\n");
}

TEST_F(Isolation, says_the_same_however_many_share_the_work) {
  const std::string run = "run --loop reference --loop libuv --budget 20000cases --no-expect ";
  ASSERT_EQ(cede(run + "-j1 --json=" + file("one")), 1) << said_;
  std::string one = said_;
  ASSERT_EQ(cede(run + "-j5 --json=" + file("five")), 1) << said_;
  EXPECT_EQ(contents("five"), contents("one"));
  EXPECT_EQ(said_, one);
  for (const char* shard : {"1", "2", "3"})
    EXPECT_EQ(cede(run + "--shard " + shard + "/3 --json=" + file(shard)), 1) << said_;
  const std::string parts = file("2") + " " + file("1") + " " + file("3");
  EXPECT_EQ(cede("report merge --no-expect " + parts + " --json=" + file("all")), 1) << said_;
  EXPECT_EQ(contents("all"), contents("one"));
}

TEST_F(Isolation, finds_no_loop_to_depend_on_its_process) {
  const std::string run = "run --loop all --no-expect --budget 1000cases ";
  const int exit = cede(run + "-j1 --json=" + file("one"));
  EXPECT_EQ(cede(run + "-j3 --json=" + file("three")), exit) << said_;
  EXPECT_EQ(contents("three"), contents("one"));
}

TEST_F(Isolation, takes_only_the_parts_of_one_run_for_one) {
  const std::string run = "run PASS-1 --budget 1000cases ";
  ASSERT_EQ(cede(run + "--shard 1/2 --json=" + file("1")), 0) << said_;
  ASSERT_EQ(cede(run + "--shard 2/2 --seed 7 --json=" + file("other")), 0) << said_;
  ASSERT_EQ(cede(run + "--json=" + file("whole")), 0) << said_;
  EXPECT_EQ(cede("report merge " + file("1")), 2);
  EXPECT_TRUE(says("shard 2/2 is missing")) << said_;
  EXPECT_EQ(cede("report merge " + file("1") + " " + file("1")), 2);
  EXPECT_TRUE(says("shard 1/2 is there twice")) << said_;
  EXPECT_EQ(cede("report merge " + file("1") + " " + file("other")), 2);
  EXPECT_TRUE(says("it is part of another run than")) << said_;
  EXPECT_EQ(cede("report merge " + file("whole")), 2);
  EXPECT_TRUE(says("it is no part of a run: make it with --shard")) << said_;
  std::ofstream(file("cut")) << contents("1").substr(0, contents("1").size() / 2);
  EXPECT_EQ(cede("report merge " + file("cut")), 2);
  EXPECT_TRUE(says("cut: line")) << said_;
  ASSERT_EQ(cede(run + "--shard 1/1 --json=" + file("only")), 0) << said_;
  EXPECT_EQ(cede("report merge " + file("only")), 0) << said_;
  const std::string of_libuv = "run PASS-10 --budget 1000cases --loop libuv ";
  if (cede(of_libuv + "--shard 1/2 --json=" + file("a")) == 6) GTEST_SKIP() << "libuv is absent";
  ASSERT_EQ(cede(of_libuv + "--no-expect --shard 2/2 --json=" + file("b")), 1) << said_;
  EXPECT_EQ(cede("report merge " + file("a") + " " + file("b")), 2);
  EXPECT_TRUE(says("libuv is another one, or expected to be, than in")) << said_;
}

}  // namespace
}  // namespace cede
