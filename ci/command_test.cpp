// The command as a person or a script meets it: a child process with its output and its exit code.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <pty.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <chrono>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>
#include <thread>

#include "adapters/adapters.h"
#include "ci/exit.h"
#include "properties/exhaustive.h"
#include "spec/chapters.h"

namespace cede {
namespace {

namespace fs = std::filesystem;
using namespace std::chrono_literals;
using Words = std::vector<std::string>;

std::string contents(const fs::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

Words lines_of(const std::string& text) {
  Words lines;
  std::istringstream stream(text);
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

struct Ended {
  int exit = -1;  // negative: by that signal
  std::string out, err;
};

/// For failures: what the command said.
std::ostream& operator<<(std::ostream& stream, const Ended& ended) {
  return stream << "exit " << ended.exit << "\n--- stdout\n" << ended.out << "--- stderr\n" << ended.err << "---\n";
}

/// A program that runs, with an environment of its own and its output in files.
class Child {
 public:
  Child(const fs::path& folder, const Words& words, const Words& environment)
      : out_(folder / "stdout"), err_(folder / "stderr") {
    child_ = fork();
    if (child_ != 0) return;
    redirect("/dev/null", O_RDONLY, STDIN_FILENO);
    redirect(out_, O_WRONLY | O_CREAT | O_TRUNC, STDOUT_FILENO);
    redirect(err_, O_WRONLY | O_CREAT | O_TRUNC, STDERR_FILENO);
    execute(words, environment);
  }

  static void execute(const Words& words, const Words& environment) {
    for (const char* name : {"NO_COLOR", "CI", "RC_PARAMS", "GTEST_FILTER", "GTEST_OUTPUT"}) unsetenv(name);
    setenv("TERM", "xterm", 1);
    for (const std::string& setting : environment) putenv(const_cast<char*>(setting.c_str()));
    std::vector<char*> argv;
    for (const std::string& word : words) argv.push_back(const_cast<char*>(word.c_str()));
    argv.push_back(nullptr);
    execvp(argv[0], argv.data());
    _exit(127);
  }

  /// Once more if nothing comes of it: while a scenario listens to interrupts, they are the scenario's.
  void interrupt() {
    for (int presses = 0; presses < 5; ++presses) {
      kill(child_, SIGINT);
      siginfo_t ended{};
      for (int i = 0; i < 400 && ended.si_pid == 0; ++i) {
        waitid(P_PID, static_cast<id_t>(child_), &ended, WEXITED | WNOHANG | WNOWAIT);
        std::this_thread::sleep_for(5ms);
      }
      if (ended.si_pid != 0) return;
    }
  }

  Ended wait() {
    int status = 0;
    for (int tenths = 0; waitpid(child_, &status, WNOHANG) == 0; ++tenths) {
      if (tenths == 1200) kill(child_, SIGKILL);  // it hangs
      std::this_thread::sleep_for(5ms * (tenths < 100 ? 1 : 20));
    }
    return {WIFEXITED(status) ? WEXITSTATUS(status) : -WTERMSIG(status), contents(out_), contents(err_)};
  }

 private:
  static void redirect(const fs::path& file, int flags, int descriptor) {
    dup2(open(file.c_str(), flags, 0600), descriptor);
  }

  fs::path out_, err_;
  pid_t child_;
};

class Command : public testing::Test {
 protected:
  Command() {
    std::string name = (fs::temp_directory_path() / "cede-command-XXXXXX").string();
    folder_ = mkdtemp(name.data());
  }
  ~Command() override { fs::remove_all(folder_); }

  Ended cede(Words words, const Words& environment = {}) {
    words.insert(words.begin(), CEDE_COMMAND);
    return Child(folder_, words, environment).wait();
  }

  std::string file(std::string_view name, std::string_view text) {
    std::ofstream(folder_ / name) << text;
    return folder_ / name;
  }

  /// Exit code 2 and one line on standard error that has `part` in it, and nothing else.
  void expect_usage(const Words& words, std::string_view part) {
    Ended ended = cede(words);
    EXPECT_EQ(ended.exit, 2) << ended;
    EXPECT_EQ(ended.out, "") << ended;
    EXPECT_EQ(lines_of(ended.err).size(), 1u) << ended;
    EXPECT_TRUE(ended.err.starts_with("cede: ")) << ended;
    EXPECT_TRUE(contains(ended.err, part)) << "expected in it: " << part << "\n" << ended;
  }

  static std::vector<nlohmann::json> json_lines(const std::string& text) {
    std::vector<nlohmann::json> all;
    for (const std::string& line : lines_of(text)) {
      all.push_back(nlohmann::json::parse(line, nullptr, false));
      EXPECT_TRUE(all.back().is_object()) << line;
    }
    return all;
  }

  fs::path folder_;
};

/// What needs a loop that departs.
class FaultyCommand : public Command {
 protected:
  void SetUp() override {
    if (faults().empty()) GTEST_SKIP() << "this build has no faults";
  }
};

const Words quick_run{"run", "PASS-2", "--budget", "2000cases"};
const Words faulty_run{"run", "--loop", "faulty/drains_until_empty", "PASS-2", "--budget", "500cases"};

Words operator+(Words words, const Words& more) {
  words.insert(words.end(), more.begin(), more.end());
  return words;
}

// Exit codes.

TEST_F(Command, exits_with_0_when_all_is_verified) {
  Ended ended = cede(quick_run);
  EXPECT_EQ(ended.exit, 0) << ended;
  EXPECT_EQ(ended.err, "") << ended;
  EXPECT_TRUE(contains(ended.out, "MUST   1 of 1 verified")) << ended;
  EXPECT_TRUE(contains(ended.out, "exit 0: verified")) << ended;
}

TEST_F(FaultyCommand, exits_with_1_when_a_loop_departs_from_a_clause) {
  Ended ended = cede(faulty_run);
  EXPECT_EQ(ended.exit, 1) << ended;
  EXPECT_TRUE(contains(ended.out, "FAIL faulty/drains_until_empty PASS-2")) << ended;
  EXPECT_TRUE(contains(ended.out, "main: call_soon a")) << ended;
}

TEST_F(Command, exits_with_4_when_nothing_is_verified) {
  Ended ended = cede({"spec", "check", folder_});
  EXPECT_EQ(ended.exit, 4) << ended;
  EXPECT_TRUE(contains(ended.err, "has no chapters")) << ended;
}

TEST_F(Command, exits_with_6_when_a_loop_cannot_be_started) {
  fs::path elsewhere = folder_ / "cede";  // its modules are not beside it there
  fs::copy_file(CEDE_COMMAND, elsewhere);
  Words words{elsewhere, "run", "--loop", "libuv", "PASS-2", "--json", folder_ / "report"};
  Ended ended = Child(folder_, words, {}).wait();
  EXPECT_EQ(ended.exit, 6) << ended;
  EXPECT_TRUE(contains(ended.err, "install libuv1-dev")) << ended;
  auto json = json_lines(contents(folder_ / "report"));
  ASSERT_FALSE(json.empty());
  EXPECT_EQ(json.back()["exit"], 6);
}

TEST_F(Command, ends_with_130_and_a_valid_report_when_interrupted) {
  fs::path report = folder_ / "report.json";
  Child child(folder_, {CEDE_COMMAND, "fuzz", "--budget", "60s", "--json=" + report.string()}, {});
  for (int i = 0; i < 1000 && !fs::exists(report); ++i) std::this_thread::sleep_for(5ms);
  std::this_thread::sleep_for(300ms);
  child.interrupt();
  Ended ended = child.wait();
  EXPECT_EQ(ended.exit, 130) << ended;
  auto json = json_lines(contents(report));
  ASSERT_FALSE(json.empty()) << ended;
  EXPECT_EQ(json.front()["kind"], "run");
  EXPECT_EQ(json.back()["kind"], "end");
  EXPECT_EQ(json.back()["exit"], 130);
  EXPECT_TRUE(contains(ended.out, "seed " + std::to_string(json.front()["seed"].get<std::uint64_t>()))) << ended;
}

TEST_F(Command, leaves_nothing_out_whatever_googletests_environment_says) {
  const Words words = quick_run + Words{"--json", folder_ / "report", "--junit", folder_ / "junit"};
  Ended ended = cede(words, {"GTEST_FILTER=none", "GTEST_TOTAL_SHARDS=2", "GTEST_SHARD_INDEX=1", "GTEST_FAIL_FAST=1"});
  EXPECT_EQ(ended.exit, 0) << ended;
  EXPECT_TRUE(contains(contents(folder_ / "report"), "\"kind\":\"clause\"")) << contents(folder_ / "report");
  EXPECT_TRUE(contains(contents(folder_ / "junit"), "name=\"PASS_")) << contents(folder_ / "junit");
}

TEST_F(Command, plays_every_small_program_and_says_how_many) {
  Ended ended = cede({"run", "--budget", "exhaustive:3", "--json", folder_ / "report"});
  EXPECT_EQ(ended.exit, 0) << ended;
  std::string count = std::to_string(count_programs(3)), letters = std::to_string(alphabet().size());
  EXPECT_TRUE(contains(ended.out, "every program of up to 3 steps out of " + letters + ": " + count)) << ended;
  EXPECT_TRUE(contains(ended.out, "floors do not apply")) << ended;
  EXPECT_TRUE(contains(ended.out, "decided by no program of this scope: ")) << ended;
  for (const auto& json : json_lines(contents(folder_ / "report"))) {
    if (json["kind"] == "loop") EXPECT_EQ(json["scenarios"], count_programs(3));
    if (json["kind"] == "clause") EXPECT_TRUE(json["status"] == "verified" || json["status"] == "out of scope");
  }
}

TEST_F(FaultyCommand, exits_with_1_when_a_small_program_violates_a_clause) {
  Ended ended = cede({"run", "--loop", "faulty/drains_until_empty", "PASS-2", "--budget", "exhaustive:3"});
  EXPECT_EQ(ended.exit, 1) << ended;
  EXPECT_TRUE(contains(ended.out, "FAIL faulty/drains_until_empty PASS-2")) << ended;
}

TEST_F(Command, names_the_clauses_that_a_generator_without_cancellations_leaves_undecided) {
  const Words cancellation{"run", "CANCEL-*", "--budget", "20000cases"};
  EXPECT_EQ(cede(cancellation).exit, 0);
  Ended broken = cede(cancellation + Words{"--without", "cancel_task", "--without", "cancel_future"});
  EXPECT_EQ(broken.exit, 4) << broken;
  std::set<std::string> named, expected;
  std::istringstream told(broken.out.substr(std::min(broken.out.size(), broken.out.find("decisive in fewer than"))));
  for (std::string word; told >> word && word != "exit";)
    if (word.starts_with("CANCEL-")) named.insert(word);
  for (const Clause& clause : chapters().clauses)
    if (clause.id.starts_with("CANCEL-")) expected.insert(clause.id);
  expected.erase("CANCEL-16");  // counts, which a timeout changes too
  expected.erase("CANCEL-19");  // about a cancellation that nobody has asked for
  EXPECT_EQ(named, expected) << broken;
}

// What is not understood.

TEST_F(Command, names_what_is_wrong_with_its_options_in_one_line) {
  expect_usage({}, "subcommand");
  expect_usage({"jump"}, "jump");
  expect_usage({"run", "--frobnicate"}, "--frobnicate");
  expect_usage({"run", "--clock", "sundial"}, "sundial");
  expect_usage({"run", "--seed", "12x"}, "12x");
  expect_usage({"run", "--seed", "-1"}, "--seed");
  expect_usage({"run", "--seed"}, "--seed");
  expect_usage({"replay"}, "file");
  expect_usage({"mutate", "--seeds", "0"}, "--seeds");
  expect_usage({"spec"}, "subcommand");
}

TEST_F(Command, refuses_a_budget_without_a_unit_or_of_nothing) {
  for (const char* budget : {"100", "fast", "0s", "0cases", "-5s", "10min", "1e99s", "nans", "s", "",
                             "exhaustive", "exhaustive:0", "exhaustive:44"})
    expect_usage({"run", "--budget", budget}, "20000cases, 30s or exhaustive:4");
}

TEST_F(Command, names_the_loop_that_is_unknown_and_those_that_are_there) {
  expect_usage({"run", "--loop", "libfoo"}, "libfoo; there are: all reference libuv");
  expect_usage({"run", "--loop", "faulty/none_such"}, "faulty/none_such");
  expect_usage({"replay", file("a", "main: run\n"), "--loop", "libfoo"}, "libfoo");
}

TEST_F(Command, names_the_glob_that_matches_nothing) {
  expect_usage({"run", "PASS-2", "NONE-*"}, "NONE-*");
  expect_usage({"spec", "list", "NONE-*"}, "no clause matches");
  expect_usage({"spec", "show", "PASS-99"}, "PASS-99");
  if (!faults().empty()) expect_usage({"mutate", "none_such"}, "no fault matches");
}

TEST_F(Command, names_the_file_that_cannot_be_read) {
  expect_usage({"replay", folder_ / "absent"}, "absent: No such file or directory");
  expect_usage({"replay", folder_}, "is a directory");
  expect_usage({"spec", "check", folder_ / "absent"}, "is no folder with chapters");
  expect_usage({"spec", "check", "--rewrite"}, "needs the folder");
}

TEST_F(Command, names_line_and_column_of_what_is_no_scenario) {
  expect_usage({"replay", file("bad", "main: run\n\nmain: call_later 10 a\n")},
               "bad: line 3, column 18: expected a duration such as 10ms");
  expect_usage({"replay", file("empty", "# nothing\n")}, "no steps");
  expect_usage({"replay", file("bytes", std::string("\x7f"
                                                    "ELF\0\1\2",
                                                    7))},
               "line 1, column 1");
}

TEST_F(Command, names_the_report_that_cannot_be_written) {
  for (const char* option : {"--json", "--junit"}) {
    expect_usage(quick_run + Words{option, folder_ / "absent" / "report"}, "cannot write");
    expect_usage(quick_run + Words{option, folder_}, "cannot write");
  }
  if (!faults().empty()) expect_usage({"mutate", "--json", folder_, "drains_until_empty"}, "cannot write");
}

// Reports.

TEST_F(Command, writes_the_same_report_twice_from_one_seed) {
  Words words{"run", "--seed", "7", "--budget", "1000cases", "--json"};
  Ended first = cede(words + Words{"-"}), second = cede(words + Words{folder_ / "report"});
  EXPECT_EQ(first.out, contents(folder_ / "report"));
  EXPECT_NE(first.out, cede({"run", "--seed", "8", "--budget", "1000cases", "--json", "-"}).out);
  auto json = json_lines(first.out);
  ASSERT_GT(json.size(), 3u) << first;
  EXPECT_EQ(json[0]["kind"], "run");
  EXPECT_EQ(json[0]["seed"], 7);
  EXPECT_EQ(json[1]["kind"], "loop");
  EXPECT_EQ(json.back()["kind"], "end");
  EXPECT_EQ(json.back()["exit"], first.exit);
  EXPECT_EQ(json.size(), chapters().clauses.size() + 3);
  EXPECT_TRUE(contains(first.err, "seed 7")) << "people read standard error then\n" << first;
}

TEST_F(FaultyCommand, reports_a_failure_with_all_that_is_needed_to_see_it_again) {
  Ended ended = cede(faulty_run + Words{"--json", "-"});
  for (const auto& json : json_lines(ended.out)) {
    if (json["kind"] != "clause") continue;
    EXPECT_EQ(json["status"], "failed");
    EXPECT_EQ(json["id"], "PASS-2");
    EXPECT_FALSE(parse_scenario(json["scenario"].get<std::string>()).error);
    EXPECT_LT(json["deciding_event"].get<std::size_t>(), json["seen"].size());
    EXPECT_TRUE(contains(json["replay"], "| cede replay --loop faulty/drains_until_empty -"));
  }
}

TEST_F(FaultyCommand, fails_again_with_the_same_clause_when_its_replay_line_is_pasted) {
  std::string line;
  for (const std::string& each : lines_of(cede(faulty_run).out))
    if (line.empty() && contains(each, "  replay  ")) line = each.substr(each.find("printf"));
  ASSERT_NE(line, "");
  std::string path = "PATH=" + fs::path(CEDE_COMMAND).parent_path().string() + ":/usr/bin:/bin";
  Ended replayed = Child(folder_, {"/bin/sh", "-c", line}, {path}).wait();
  EXPECT_EQ(replayed.exit, 1) << line << "\n" << replayed;
  EXPECT_TRUE(contains(replayed.out, "violated  PASS-2")) << line << "\n" << replayed;
}

TEST_F(Command, replays_a_scenario_that_holds_with_its_trace) {
  Ended ended = cede({"replay", file("s", "main: call_soon a # once\na: call_soon b\n")});
  EXPECT_EQ(ended.exit, 0) << ended;
  EXPECT_TRUE(contains(ended.out, "a: call_soon b")) << ended;
  EXPECT_TRUE(contains(ended.out, "holds     PASS-2")) << ended;
}

TEST_F(Command, plays_times_at_the_ends_of_their_range_on_every_loop) {
  for (std::string time : {"-9223372036854775808ns", "9223372036854775806ns", "9223372036s", "-1ns", "forever"}) {
    std::string scenario =
        file("s", "main: call_later " + time + " a\nmain: call_at " + time + " b\nmain: create_task t\n" +
                      "a: busy " + time + "\nb: call_later " + time + " c\nt: sleep " + time + "\n");
    for (const KnownLoop& loop : known_loops()) {
      std::string name(loop.name.substr(0, loop.name.find('/')));
      fs::path module = fs::path(CEDE_COMMAND).parent_path() / "cede-loops" / (name + ".so");
      if (!loop.package.empty() && !fs::exists(module)) continue;
      Ended ended = cede({"replay", "--loop", std::string(loop.name), scenario});
      EXPECT_TRUE(ended.exit == 0 || ended.exit == 1) << loop.name << " " << time << "\n" << ended;
      EXPECT_EQ(ended.err, "") << loop.name << " " << time << "\n" << ended;
      EXPECT_TRUE(contains(ended.out, "main: close") || contains(ended.out, "events after")) << ended;
    }
  }
}

TEST_F(Command, writes_junit_that_is_xml) {
  fs::path report = folder_ / "report.xml";
  Words words = faults().empty() ? quick_run : faulty_run;
  Ended ended = cede(words + Words{"--junit", report});
  std::string xml = contents(report);
  EXPECT_TRUE(xml.starts_with("<?xml")) << xml << ended;
  EXPECT_TRUE(contains(xml, "<testcase name=\"PASS_2\"")) << xml;
  if (std::system("python3 -c '' 2>/dev/null") != 0) GTEST_SKIP() << "no python3 to read it with";
  std::string read = "python3 -c 'import sys, xml.dom.minidom as m; m.parse(sys.argv[1])' " + report.string();
  EXPECT_EQ(std::system(read.c_str()), 0) << xml;
}

// Manners.

TEST_F(Command, lists_what_it_would_judge_one_a_line) {
  Ended ended = cede({"run", "--list", "--loop", "reference", "PASS-*"});
  EXPECT_EQ(ended.exit, 0) << ended;
  for (const std::string& line : lines_of(ended.out)) EXPECT_TRUE(line.starts_with("reference PASS-")) << line;
  EXPECT_GT(lines_of(ended.out).size(), 10u) << ended;
}

TEST_F(Command, lists_the_clauses_with_the_id_first) {
  Words lines = lines_of(cede({"spec", "list"}).out);
  ASSERT_EQ(lines.size(), chapters().clauses.size());
  for (std::size_t i = 0; i < lines.size(); ++i)
    EXPECT_TRUE(lines[i].starts_with(chapters().clauses[i].id + " ")) << lines[i];
}

TEST_F(Command, shows_a_clause_with_words_and_examples) {
  Ended ended = cede({"spec", "show", "PASS-2"});
  EXPECT_EQ(ended.exit, 0) << ended;
  EXPECT_TRUE(ended.out.starts_with("PASS-2: ")) << ended;
  EXPECT_TRUE(contains(ended.out, "\nscenario\n")) << ended;
}

TEST_F(Command, has_help_that_fits_a_screen_for_each_subcommand) {
  for (const Words& words :
       {Words{}, {"run"}, {"fuzz"}, {"replay"}, {"spec"}, {"spec", "check"}, {"mutate"}, {"bench"}}) {
    Ended ended = cede(words + Words{"--help"});
    EXPECT_EQ(ended.exit, 0) << ended;
    EXPECT_LE(lines_of(ended.out).size(), 24u) << ended;
    for (const std::string& line : lines_of(ended.out)) EXPECT_LE(line.size(), 120u) << line;
    EXPECT_TRUE(contains(ended.out, "examples:")) << ended;
  }
}

TEST_F(Command, says_its_version) {
  Ended ended = cede({"--version"});
  EXPECT_EQ(ended.exit, 0) << ended;
  EXPECT_TRUE(ended.out.starts_with("cede ")) << ended;
}

TEST_F(Command, sends_no_escapes_into_a_pipe) {
  for (const Words& words : {faults().empty() ? quick_run : faulty_run, Words{"spec", "list"}, Words{"--help"}}) {
    Ended ended = cede(words);
    EXPECT_FALSE(contains(ended.out + ended.err, "\033")) << ended;
  }
}

/// What the command writes to a terminal.
std::string on_a_terminal(Words words, const Words& environment) {
  words.insert(words.begin(), CEDE_COMMAND);
  int terminal = -1;
  pid_t child = forkpty(&terminal, nullptr, nullptr, nullptr);
  if (child < 0) return {};
  if (child == 0) Child::execute(words, environment);
  std::string text;
  char buffer[4096];
  for (ssize_t n; (n = read(terminal, buffer, sizeof buffer)) > 0;) text.append(buffer, n);
  waitpid(child, nullptr, 0);
  close(terminal);
  return text;
}

TEST_F(Command, colours_a_terminal_unless_told_otherwise) {
  std::string colored = on_a_terminal(quick_run, {});
  if (colored.empty()) GTEST_SKIP() << "this machine gives no terminal";
  EXPECT_TRUE(contains(colored, "\033[32m"));
  EXPECT_FALSE(contains(on_a_terminal(quick_run, {"NO_COLOR=1"}), "m\033"));
  EXPECT_FALSE(contains(on_a_terminal(quick_run, {"NO_COLOR=1"}), "\033[3"));
  EXPECT_FALSE(contains(on_a_terminal(quick_run, {"TERM=dumb"}), "\033"));
  EXPECT_FALSE(contains(on_a_terminal(quick_run, {"NO_COLOR=1", "CI=true"}), "\033"));
}

// The spec, changed on disk.

TEST_F(Command, names_file_and_line_of_a_number_that_was_changed_in_a_chapter) {
  fs::path spec = folder_ / "spec";
  fs::copy(fs::path(CEDE_SOURCES) / "spec", spec);
  std::string untouched = cede({"spec", "check", spec}).out;
  Words lines = lines_of(contents(spec / "07-timers.md"));
  bool in_trace = false;
  std::size_t at = 0;
  for (; at < lines.size(); ++at) {
    if (lines[at].starts_with("```")) in_trace = lines[at] == "```trace";
    if (in_trace && lines[at] == "poll 10ms") break;
  }
  ASSERT_LT(at, lines.size()) << "no trace in the chapter polls for 10ms";
  lines[at] = "poll 11ms";
  std::ofstream chapter(spec / "07-timers.md");
  for (const std::string& line : lines) chapter << line << "\n";
  chapter.close();

  Ended ended = cede({"spec", "check", spec});
  EXPECT_EQ(ended.exit, 1) << ended;
  std::string complaint;
  for (const std::string& line : lines_of(ended.out))
    if (!contains(untouched, line) && line.starts_with("07-timers.md:")) complaint = line;
  EXPECT_TRUE(contains(
      complaint, "line " + std::to_string(at + 1) + ": the chapter says `poll 11ms`, the reference does `poll 10ms`"))
      << "complaint: " << complaint;

  EXPECT_EQ(cede({"spec", "check", "--rewrite", spec}).out, untouched);
  EXPECT_EQ(contents(spec / "07-timers.md"), contents(fs::path(CEDE_SOURCES) / "spec" / "07-timers.md"));
}

}  // namespace
}  // namespace cede
