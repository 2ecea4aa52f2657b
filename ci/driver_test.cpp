// Drivers that break the protocol: each is told apart, its scenario is kept, and nothing is left behind. And those
// that are killed, with the workers that they serve: the report is as if nothing had been.
#include "adapters/driver.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <chrono>
#include <fstream>
#include <random>
#include <regex>
#include <string>
#include <thread>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "ci/shell_test.h"

namespace cede {
namespace {

namespace fs = std::filesystem;

TEST(Driver, is_begun_by_words_that_blanks_part) {
  using Words = std::vector<std::string>;
  EXPECT_EQ(words_of("python3  driver.py\t--loop x"), (Words{"python3", "driver.py", "--loop", "x"}));
  EXPECT_EQ(words_of("'a b' \"c'd\" e'f g'h ''"), (Words{"a b", "c'd", "ef gh", ""}));
  EXPECT_EQ(words_of(" $HOME;* "), (Words{"$HOME;*"})) << "there is no shell";
  EXPECT_EQ(words_of(""), Words{});
  EXPECT_THROW(words_of("python3 'driver.py"), std::invalid_argument);
}

TEST(Driver, is_asked_for_in_words_that_make_sense) {
  const Said open = cede("run --loop \"exec:python3 'driver.py\"");
  EXPECT_EQ(open.exit, 2) << open;
  EXPECT_TRUE(contains(open.text, "a ' is not closed in: python3 'driver.py")) << open;
  const Said none = cede("adapter info exec:");
  EXPECT_EQ(none.exit, 2) << none;
  EXPECT_TRUE(contains(none.text, "there is no command in exec:")) << none;
}

TEST(Driver, that_never_reads_is_said_not_to) {
  const Said deaf = cede("adapter info 'exec:sleep 1000'");
  EXPECT_EQ(deaf.exit, 6) << deaf;
  EXPECT_TRUE(contains(deaf.text, "opened: the driver has read nothing of what it was sent to its standard input\n"))
      << deaf;
}

TEST(Driver, finds_no_more_in_its_environment_than_it_needs) {
  setenv("CEDE_SEEN", "1", 1);
  constexpr std::array secrets{"SECRET_TOKEN", "NODE_AUTH_TOKEN", "CARGO_REGISTRY_TOKEN"};
  for (const char* secret : secrets) setenv(secret, "1", 1);
  Driver driver({"/bin/sh", "-c", "echo seen=$CEDE_SEEN secret=$SECRET_TOKEN$NODE_AUTH_TOKEN$CARGO_REGISTRY_TOKEN "
                                  "path=${PATH:+1}"});
  EXPECT_EQ(driver.receive(), "seen=1 secret= path=1");
  unsetenv("CEDE_SEEN");
  for (const char* secret : secrets) unsetenv(secret);
}

/// What a driver is found to have done that a shell plays.
std::string failure_of(const std::string& script) {
  try {
    Driver driver({"/bin/sh", "-c", script});
    driver.send("hello");
    driver.receive();
    driver.end();
    return "";
  } catch (const DriverFailure& failure) {
    return std::string(failure.what()) + (failure.said.empty() ? "" : " | " + failure.said);
  }
}

TEST(Driver, is_told_by_how_it_ends) {
  EXPECT_EQ(failure_of("read x; echo $x; read x"), "");
  EXPECT_EQ(failure_of("exit 3"), "ended with exit code 3");
  EXPECT_EQ(failure_of("echo last words >&2; kill -SEGV $$"), "crashed: Segmentation fault | last words\n");
  EXPECT_EQ(failure_of("printf half; exit 0"), "ended with exit code 0 in the middle of an answer");
  EXPECT_EQ(failure_of("read x; echo $x; echo more; read x"),
            "answers what it was not asked: there is more after its last answer");
  EXPECT_EQ(failure_of("trap '' TERM; read x; echo $x; while :; do echo tick >&2; sleep 0.1; done").substr(0, 49),
            "ignores `bye`, the end of its input and SIGTERM: ") << "though it is not silent";
  EXPECT_EQ(failure_of("trap '' TERM; read x; echo $x; sleep 100 & while :; do wait; done"),
            "ignores `bye`, the end of its input and SIGTERM: it had to be killed");
  EXPECT_EQ(failure_of("i=0; while [ $i -lt 9999 ]; do echo 0123456789 >&2; i=$((i+1)); done; echo done >&2; exit 1")
                .size(),
            std::string("ended with exit code 1 | ").size() + 4096) << "the end of what it said is kept";
}

class HostileDriver : public testing::Test {
 protected:
  void SetUp() override {
    if (!is_installed("python3")) GTEST_SKIP() << "no python3 to be hostile with";
    fs::copy_file(CEDE_SOURCES "/ci/hostile_driver.py", folder_ / "hostile_driver.py");
  }

  std::string loop(const std::string& way) const {
    return "exec:" + (folder_ / "hostile_driver.py").string() + " " + way + " " CEDE_COMMAND;
  }

  /// How many processes of such drivers there are.
  int left() const {
    int count = 0;
    for (const fs::directory_entry& process : fs::directory_iterator("/proc"))
      count += contains(contents(process.path() / "cmdline"), (folder_ / "hostile_driver.py").string());
    return count;
  }

  Folder folder_;
};

struct Way {
  const char* way;
  int exit;
  const char* told;
};

TEST_F(HostileDriver, is_told_what_it_does_wrong) {
  const std::string scenario = write(folder_ / "s", "main: call_later 0ms a\nmain: stop\n").string();
  for (const Way& way : {
           Way{"garbage", 1, "answered wrongly: expected an object and found %% no JSON"},
           Way{"binary", 1, "answered wrongly: expected an object and found"},
           Way{"half", 1, "answered wrongly: expected a comma or } and found the end"},
           Way{"no_seq", 1, "answered without the seq that it was asked with"},
           Way{"lost_seq", 1, "answered with seq lost, and was asked with 1"},
           Way{"twice", 1, "answers what it was not asked"},
           Way{"no_trace", 1, "answered wrongly: there is no trace, unsupported or errored"},
           Way{"empty_trace", 1, "answered wrongly: its trace is empty"},
           Way{"no_event", 1, "answered wrongly: event 2: there is no event jumped"},
           Way{"errored", 1, "gave up: Oops: mine\nTraceback"},
           Way{"unsupported", 0, "it cannot play this scenario: too hard"},
           Way{"endless_line", 1, "answered with a line that does not end: 16 MB are too many"},
           Way{"closes", 1, "closed its standard output, and lives on"},
           Way{"floods", 1, "answered with seq lost, and was asked with 1"},
           Way{"crashes", 1, "crashed: Segmentation fault\nabout to end"},
           Way{"aborts", 1, "crashed: Aborted\nabout to end"},
           Way{"kills_itself", 1, "crashed: Killed\nabout to end"},
           Way{"exits", 1, "ended with exit code 3"},
           Way{"half_and_exits", 1, "ended with exit code 0 in the middle of an answer"},
           Way{"forks", 1, "crashed: Aborted"},
           Way{"version", 6, "answered hello wrongly: it speaks protocol 2, and this cede protocol 1"},
           Way{"no_mapping", 6, "answered hello wrongly: mapping: mapping is empty"},
           Way{"unknown_verb", 6, "answered hello wrongly: unsupported: there is no verb dance"},
           Way{"ends_at_once", 6, "its driver ended with exit code 1: no module named anything"},
           Way{"deaf", 6, "ignores `bye`, the end of its input and SIGTERM"},
           Way{"says_goodbye", 6, "answers what it was not asked"},
       }) {
    Said said = cede("replay --loop '" + loop(way.way) + "' " + scenario);
    EXPECT_EQ(said.exit, way.exit) << way.way << said;
    EXPECT_TRUE(contains(said.text, way.told)) << way.way << said;
  }
  EXPECT_EQ(left(), 0) << "something is left behind";
}

TEST_F(HostileDriver, is_passed_on_by_what_serves_it) {
  const std::string run = R"({"cmd":"run","seq":"7","scenario":"main: call_later 0ms a\nmain: stop\n"})";
  const Said wrong = shell("printf '%s\\n' '" + run + "' | " CEDE_COMMAND " serve --loop '" + loop("garbage") + "'");
  EXPECT_EQ(wrong.exit, 0) << wrong;
  EXPECT_TRUE(contains(wrong.text, R"({"seq":"7","errored":")")) << wrong;
  EXPECT_TRUE(contains(wrong.text, "its driver answered wrongly: expected an object")) << wrong;
  const Said broken = cede("serve --loop '" + loop("version") + "' < /dev/null");
  EXPECT_EQ(broken.exit, 6) << broken;
  EXPECT_TRUE(contains(broken.text, "it speaks protocol 2")) << broken;
}

TEST_F(HostileDriver, does_not_keep_who_interrupts_waiting) {
  const std::string options = "--budget 100cases --shard 1/16 --patience 60 PASS-1 --json=" + (folder_ / "r").string();
  const auto begin = std::chrono::steady_clock::now();
  const Said said = shell("timeout --foreground --signal=INT --kill-after=50 3 " CEDE_COMMAND " run --loop '" +
                          loop("never_answers") + "' " + options);
  EXPECT_LT(std::chrono::steady_clock::now() - begin, std::chrono::seconds(30)) << "it was waited for: " << said;
  EXPECT_TRUE(contains(contents(folder_ / "r"), "\"kind\":\"end\"")) << "the report is whole: " << said;
  EXPECT_EQ(left(), 0) << "something is left behind";
}

TEST_F(HostileDriver, does_not_keep_others_from_being_judged) {
  for (const Way& way : {Way{"garbage", 1, "has a driver that answered wrongly"},
                         Way{"twice", 6, "has a driver that answered twice what it was asked with seq"},
                         Way{"never_answers", 1, "never came back: it waited in the system"},
                         Way{"computes", 1, "never came back: it computed and computed"},
                         Way{"forks", 1, "has a driver that crashed: Aborted"}}) {
    const std::string options = "--budget 100cases --shard 1/16 --patience 1 --json=" + (folder_ / "report").string();
    Said said = cede("run PASS-1 --loop '" + loop(way.way) + "' --loop reference " + options);
    EXPECT_EQ(said.exit, way.exit) << way.way << said;
    EXPECT_TRUE(contains(said.text, way.told)) << way.way << said;
    EXPECT_TRUE(contains(said.text, "main: stop")) << "the scenario is kept\n" << said;
    EXPECT_TRUE(contains(said.text, "reference 1: 281 scenarios")) << "the next loop is judged\n" << said;
    EXPECT_TRUE(contains(contents(folder_ / "report"), "\"kind\":\"end\"")) << "the report is whole";
  }
  EXPECT_EQ(left(), 0) << "something is left behind";
}

TEST_F(HostileDriver, is_believed_if_it_says_the_same_twice) {
  const Said always = cede("run --loop '" + loop("lies") + "' --budget 1000cases");
  EXPECT_EQ(always.exit, 1) << always;
  const Said once = cede("run --loop '" + loop("lies_once") + "' --budget 1000cases");
  EXPECT_FALSE(contains(once.text, "FAIL") || contains(once.text, "CRASH")) << once;
  EXPECT_TRUE(contains(once.text, " 0 unexplained, ")) << once;
}

TEST_F(HostileDriver, that_cannot_play_some_scenarios_is_said_not_to_have) {
  const Said said = cede("run TIMER-1 --loop '" + loop("unsupported") + "' --budget 300cases --json=" +
                         (folder_ / "report").string());
  EXPECT_TRUE(contains(said.text, " of the scenarios: too hard")) << said;
  EXPECT_TRUE(contains(contents(folder_ / "report"), R"("unplayed":{"too hard":)")) << said;
}

TEST_F(HostileDriver, gets_a_hint_from_the_check) {
  for (const Way& way : {
           Way{"garbage", 6, "the answer to run: expected an object and found %% no JSON"},
           Way{"no_seq", 6, "put the seq of the command into the answer"},
           Way{"lost_seq", 6, "the seq is a text that comes back as it was"},
           Way{"twice", 6, "it answers what it was not asked: there is more after its last answer: answer each command "
                           "once"},
           Way{"reverses", 6, "answer in the order in which was asked: seq b came before c"},
           Way{"no_event", 6, "the answer to run: event 2: there is no event jumped"},
           Way{"endless_line", 6, "end each answer with a newline"},
           Way{"closes", 6, "keep standard output open until bye"},
           Way{"errored", 6, "it gave up: Oops: mine: catch what is the scenario"},
           Way{"never_answers", 6, "flush standard output behind each answer"},
           Way{"deaf_to_the_unknown", 6, "flush standard output behind each answer"},
           Way{"version", 6, "it speaks protocol 2"},
           Way{"ends_at_once", 6, "no module named anything"},
           Way{"deaf", 6, "ignores `bye`, the end of its input and SIGTERM"},
           Way{"none", 0, "ok     a loop that is gone holds no descriptors"},
       }) {
    Said said = cede("adapter check '" + loop(way.way) + " always'");
    EXPECT_EQ(said.exit, way.exit) << way.way << said;
    EXPECT_TRUE(contains(said.text, way.told)) << way.way << said;
  }
  EXPECT_EQ(left(), 0) << "something is left behind";
}

// Serving.

/// What it answers to such a line.
std::string served(const std::string& line) {
  return shell("printf '%s\\r\\n' '" + line + "' | timeout 20 " CEDE_COMMAND " serve --loop reference").text;
}

TEST(Serving, reads_commands_however_they_are_written) {
  EXPECT_EQ(served(R"({"cmd": "bye"})"), "");
  EXPECT_TRUE(contains(served(R"({ "seq" : "1", "cmd" : "run", "scenario" : "main: call_soon a" })"), R"("trace":[)"));
}

TEST(Serving, says_what_it_does_not_understand) {
  EXPECT_EQ(served(R"({"cmd":"run","seq":"1","scenario":"main: stop","pace":"hasty"})"),
            R"({"seq":"1","errored":"there is no pace hasty"})" "\n");
  EXPECT_EQ(served(R"({"cmd":"jump","seq":"1"})"), R"({"seq":"1","unsupported":"there is no command jump"})" "\n");
  EXPECT_TRUE(contains(served("bye"), R"({"errored":"expected an object and found bye)"));
}

// Killing.

std::vector<pid_t> descendants_of(pid_t process) {
  std::vector<pid_t> found;
  std::ifstream children("/proc/" + std::to_string(process) + "/task/" + std::to_string(process) + "/children");
  for (pid_t child; children >> child;) {
    found.push_back(child);
    for (pid_t one : descendants_of(child)) found.push_back(one);
  }
  return found;
}

/// Kills processes that the command has begun, now a worker and now a driver, at moments that follow from the seed,
/// at most so long apart, until it ends. How many.
int harass(pid_t command, unsigned seed, unsigned milliseconds) {
  constexpr int kills_max = 12;  // who is always killed is given up in the end
  std::mt19937 random(seed);
  int killed = 0;
  while (kill(command, 0) == 0) {
    std::this_thread::sleep_for(std::chrono::microseconds(random() % (1000 * milliseconds)));
    const std::vector<pid_t> victims = descendants_of(command);
    if (killed < kills_max && !victims.empty() && kill(victims[random() % victims.size()], SIGKILL) == 0) ++killed;
  }
  return killed;
}

/// What the command says while it is harassed, and how often that hit.
std::pair<Said, int> say_under_fire(const std::string& words, const Folder& folder, unsigned seed,
                                    unsigned milliseconds) {
  const std::string pid_file = (folder / fmt::format("pid.{}", seed)).string();
  Said said;
  std::thread runs([&] { said = shell("echo $$ > " + pid_file + "; exec " CEDE_COMMAND " " + words); });
  pid_t command = 0;
  while (!(std::ifstream(pid_file) >> command)) std::this_thread::yield();
  const int killed = harass(command, seed, milliseconds);
  runs.join();
  return {said, killed};
}

/// How often something was begun again, as the report counts it; and the report as if that had not been.
int take_restarts(std::string& report) {
  const std::regex counted(",\"restarts\":([0-9]+)");
  std::smatch found;
  const int restarts = std::regex_search(report, found, counted) ? std::stoi(found[1]) : 0;
  report = std::regex_replace(report, counted, "");
  return restarts;
}

struct Harassed {
  const char* loop;
  const char* clauses;
  unsigned milliseconds;  // between two kills at most: several of what its driver takes to begin
};

TEST(Killing, changes_nothing_in_the_report) {
  for (const Harassed& one : {
           Harassed{"'exec:" CEDE_COMMAND " serve --loop reference'", "", 100},
           // What CPython keeps in sets it goes through in the order of addresses, which depend on what was before.
           Harassed{"asyncio/epoll", "'PASS-*' 'FUT-*' 'TASK-*' 'TIMER-*' 'CANCEL-*'", 1500},
       }) {
    if (contains(one.loop, "asyncio") && !is_installed("python3")) GTEST_SKIP() << "python3 is absent";
    Folder folder;
    const std::string run = fmt::format("run {} --loop {} --budget 6000cases -j2 --json=", one.clauses, one.loop);
    const Said calm = cede(run + (folder / "calm").string());
    const std::string expected = contents(folder / "calm");
    ASSERT_TRUE(contains(expected, "\"kind\":\"end\"")) << calm;
    int killed = 0, restarts = 0;
    for (unsigned seed = 1; seed <= 3; ++seed) {
      auto [harassed, hits] = say_under_fire(run + (folder / "harassed").string(), folder, seed, one.milliseconds);
      killed += hits;
      std::string report = contents(folder / "harassed");
      restarts += take_restarts(report);
      EXPECT_EQ(harassed.exit, calm.exit) << one.loop << ", seed " << seed << ": " << harassed;
      EXPECT_TRUE(report == expected) << one.loop << ", seed " << seed << ": a result was lost, or is another one";
      if (hits) EXPECT_TRUE(contains(harassed.text, "somebody has killed a process that played it: begun again"));
    }
    EXPECT_GT(restarts, 0) << "of " << killed << " that were killed";
    EXPECT_LE(restarts, killed) << "something was begun again that nobody had killed";
  }
}

}  // namespace
}  // namespace cede
