// What is written for people is what the command does: the README, the known departures, the clocks.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include <unistd.h>

#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <sstream>
#include <string>
#include <vector>

#include "ci/shell_test.h"
#include "spec/chapters.h"

namespace cede {
namespace {

std::vector<std::string> lines_of(const std::string& text) {
  std::istringstream stream(text);
  std::vector<std::string> lines;
  for (std::string line; std::getline(stream, line);) lines.push_back(line);
  return lines;
}

std::vector<std::string> readme() {
  std::ifstream file(CEDE_SOURCES "/README.md");
  return lines_of({std::istreambuf_iterator<char>(file), {}});
}

const std::string built = "build/release/cede";

/// What a shell command says, in which `cede` is the one that was built.
std::string output_of(std::string command, const std::string& errors = "2>&1") {
  if (std::size_t at = command.find(built); at != std::string::npos) command.replace(at, built.size(), CEDE_COMMAND);
  return shell(command + " " + errors).text;
}

/// What the command says that the README shows the output of.
const std::vector<std::string>& main_job() {
  static const auto lines = lines_of(output_of(built + " run --loop reference --loop libuv --no-expect"));
  return lines;
}

/// Whether it was built, which is known by its module.
bool libuv_is_here() {
  return std::filesystem::exists(std::filesystem::path(CEDE_COMMAND).parent_path() / "cede-loops/libuv.so");
}

TEST(Readme, shows_what_the_main_job_says_in_its_order) {
  if (!libuv_is_here()) GTEST_SKIP() << "libuv is absent";
  auto shown = readme();
  const auto& seen = main_job();
  auto line = shown.begin();
  while (line != shown.end() && !line->starts_with("197 clauses, seed")) ++line;
  ASSERT_NE(line, shown.end()) << "the README shows no output of ci/run";
  auto at = seen.begin();
  for (; *line != "```"; ++line) {
    if (*line == "..." || line->empty()) continue;
    std::string wanted = *line;  // called by its path there, by another here
    if (auto path = wanted.find(built); path != std::string::npos) wanted.replace(path, built.size(), CEDE_COMMAND);
    while (at != seen.end() && *at != wanted) ++at;
    ASSERT_NE(at, seen.end()) << "the command does not say, or not there: " << *line;
  }
}

TEST(Readme, has_a_replay_that_shows_the_violation) {
  if (!libuv_is_here()) GTEST_SKIP() << "libuv is absent";
  std::string command;
  for (const std::string& line : readme())
    if (line.starts_with("printf 'main")) command = line;
  ASSERT_FALSE(command.empty());
  std::string said = output_of(command);
  EXPECT_NE(said.find("violated  TIMER-8"), std::string::npos) << said;
}

TEST(Readme, lists_commands_that_the_command_knows) {
  int commands = 0;
  for (const std::string& line : readme()) {
    if (!line.starts_with("| `cede ")) continue;
    ++commands;
    std::istringstream words(line.substr(3));
    std::string name, subcommand;
    words >> name >> subcommand;
    if (subcommand.ends_with("`")) subcommand.pop_back();
    std::string help = output_of("build/release/cede " + subcommand + " --help");
    EXPECT_NE(help.find("Usage: cede " + subcommand), std::string::npos) << line << "\n" << help;
    for (std::string word; words >> word && word != "|";)
      if (word.starts_with("--"))
        EXPECT_NE(help.find(word.substr(0, word.find_first_of("=`"))), std::string::npos) << line << "\n" << help;
  }
  EXPECT_GE(commands, 8);
}

TEST(Readme, has_an_example_of_a_factory_of_loops_that_any_python_can_make) {
  if (!is_installed("python3")) GTEST_SKIP() << "python3 is absent";
  std::string command;
  for (const std::string& line : readme())
    if (line.starts_with("| `cede run --loop python:")) command = line.substr(8, line.find('`', 3) - 8);
  ASSERT_FALSE(command.empty());
  const std::string said = output_of("cd / && " + built + " " + command + " PASS-1 --budget 300cases");
  EXPECT_NE(said.find("exit 0: verified"), std::string::npos) << said;
}

/// The clauses that have this status in a run's JSON lines.
std::set<std::string> clauses_that(const std::string& status, const std::string& options) {
  std::set<std::string> ids;
  for (const std::string& line : lines_of(output_of(built + " run --json=- " + options, "2>/dev/null"))) {
    if (!line.starts_with("{\"kind\":\"clause\"")) continue;
    auto clause = nlohmann::json::parse(line);
    if (clause["status"] == status) ids.insert(clause["id"]);
  }
  return ids;
}

/// Whether a run in this time verifies what one in virtual time does, and accuses nobody.
testing::AssertionResult agrees_with_virtual_time(const std::string& clock) {
  std::string options = "--budget 50cases --clock " + clock;
  for (const std::string& clause : clauses_that("failed", options))
    return testing::AssertionFailure() << clause << " fails in " << clock << " time";
  auto verified = clauses_that("verified", options);
  // A clock that moves meets a deadline to the nanosecond by chance only.
  if (clock != "virtual") verified.insert("TIMER-9");
  for (const Clause& clause : chapters().clauses)
    if (!verified.contains(clause.id))
      return testing::AssertionFailure() << clause.id << " is open in " << clock << " time";
  return testing::AssertionSuccess();
}

TEST(Clock, does_not_change_what_is_said_of_the_reference) {
  EXPECT_TRUE(agrees_with_virtual_time("virtual"));
  EXPECT_TRUE(agrees_with_virtual_time("creeping"));
  EXPECT_TRUE(agrees_with_virtual_time("real"));
}

}  // namespace
}  // namespace cede
