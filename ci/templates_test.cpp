// What is shipped for other people's build servers: the files are read, and their commands run as far as they can be
// here, where cede is built already and nothing is installed.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "ci/shell_test.h"

namespace cede {
namespace {

using Json = nlohmann::json;

class Templates : public testing::Test {
 protected:
  void SetUp() override {
    if (shell(python_ + " -c 'import yaml'").exit != 0)
      GTEST_SKIP() << "nothing to read it with: python3-yaml is not installed";
  }

  Json read(const std::string& file) {
    Said said = shell(
        python_ +
        " -c 'import json, sys, yaml; print(json.dumps(yaml.safe_load(open(sys.argv[1]))))' " CEDE_SOURCES "/" + file);
    EXPECT_EQ(said.exit, 0) << file << said;
    return Json::parse(said.text, nullptr, false);
  }

  /// Runs a block of shell in the folder, with settings in its environment, as build servers do.
  Said run(const std::string& block, const std::string& settings) {
    write(folder_ / "block", block);
    write(folder_ / "summary", "");
    return shell("cd " + (folder_ / "").string() + " && GITHUB_STEP_SUMMARY=$PWD/summary CEDE=" CEDE_COMMAND " " +
                 settings + " bash -eo pipefail block");
  }

  bool there(const std::string& file) { return std::filesystem::exists(folder_ / file); }

  static Json step(const Json& steps, const std::string& id) {
    for (const Json& step : steps)
      if (step.value("id", "") == id) return step;
    return {};
  }

  Folder folder_;
  std::string python_ = std::filesystem::exists("/usr/bin/python3") ? "/usr/bin/python3" : "python3";
};

/// Whether this command puts parts together.
bool merges() { return contains(cede("report merge --help").text, "Usage: cede report merge"); }

TEST_F(Templates, are_yaml_of_which_each_step_of_the_action_says_its_shell) {
  for (std::string file : {"ci/github-workflow.yml", "ci/gitlab.yml", ".github/workflows/ci.yml"})
    EXPECT_TRUE(read(file).is_object()) << file;
  for (const Json& step : read("ci/action/action.yml")["runs"]["steps"])
    EXPECT_TRUE(step.contains("uses") || step.value("shell", "") == "bash") << step;
}

TEST_F(Templates, give_the_action_only_inputs_that_it_has_and_set_no_input_among_its_commands) {
  Json action = read("ci/action/action.yml");
  for (auto& [name, job] : read("ci/github-workflow.yml")["jobs"].items())
    for (const Json& step : job["steps"])
      if (step.value("uses", "").find("/ci/action@") != std::string::npos)
        for (auto& [input, value] : step["with"].items()) EXPECT_TRUE(action["inputs"].contains(input)) << input;
  for (const Json& step : action["runs"]["steps"])  // there it could be a command
    EXPECT_EQ(step.value("run", "").find("${{"), std::string::npos) << step;
}

TEST_F(Templates, of_the_action_judge_a_loop_and_keep_its_report) {
  Json steps = read("ci/action/action.yml")["runs"]["steps"];
  const std::string some = "OUT=out ARGUMENTS='PASS-* --budget 2000cases' ";
  Said said = run(step(steps, "judge")["run"], some);
  EXPECT_EQ(said.exit, 0) << said;
  for (std::string file : {"out/cede.jsonl", "out/cede.html", "out/cede.svg", "out/cede.xml"})
    EXPECT_TRUE(there(file)) << file;
  EXPECT_TRUE(contents(folder_ / "summary").starts_with("## cede: ")) << contents(folder_ / "summary");
  if (!contains(cede("run --list --loop libuv PASS-10").text, "libuv")) return;
  said = run(step(steps, "judge")["run"], "OUT=out ARGUMENTS='--loop libuv TIMER-8 --no-expect --budget 2000cases'");
  EXPECT_TRUE(said.exit == 1 || said.exit == 6) << "6 where libuv is absent\n" << said;
}

TEST_F(Templates, of_the_action_put_parts_together) {
  Json steps = read("ci/action/action.yml")["runs"]["steps"];
  for (std::string part : {"1", "2"}) {
    std::string settings = "OUT=parts/" + part + " SHARD=" + part + "/2 ARGUMENTS='PASS-* --budget 4000cases' ";
    Said said = run(step(steps, "part")["run"], settings);
    EXPECT_EQ(said.exit, 0) << said;
    EXPECT_TRUE(there("parts/" + part + "/cede.jsonl")) << said;
  }
  if (!merges()) GTEST_SKIP() << "this command has no report merge";
  Said said = run(step(steps, "merge")["run"], "OUT=out MERGE='parts/*/cede.jsonl'");
  EXPECT_EQ(said.exit, 0) << said;
  EXPECT_TRUE(there("out/cede.html")) << said;
  EXPECT_TRUE(contents(folder_ / "summary").starts_with("## cede: ")) << contents(folder_ / "summary");
}

TEST_F(Templates, for_gitlab_run_in_parts_and_put_them_together) {
  Json jobs = read("ci/gitlab.yml");
  for (std::string part : {"1", "2"}) {
    const Json& script = jobs["conformance"]["script"];
    Said said = run(std::string(script[0]) + "\n" + std::string(script[1]),
                    "CI_NODE_TOTAL=2 CI_NODE_INDEX=" + part +
                        " CEDE_BUILD_LOOP='touch built' CEDE_ARGUMENTS='PASS-* --budget 4000cases'");
    EXPECT_EQ(said.exit, 0) << said;
    EXPECT_TRUE(there("built")) << said;
    EXPECT_TRUE(there("part-" + part + ".jsonl")) << said;
  }
  if (!merges()) GTEST_SKIP() << "this command has no report merge";
  Said said = run(jobs["conformance-report"]["script"][0], "");
  EXPECT_EQ(said.exit, 0) << said;
  for (const Json& file : jobs["conformance-report"]["artifacts"]["paths"]) EXPECT_TRUE(there(file)) << file;
  EXPECT_TRUE(there(jobs["conformance-report"]["artifacts"]["reports"]["junit"])) << said;
}

TEST_F(Templates, name_files_that_are_there) {
  std::string all;
  for (std::string file :
       {"ci/action/action.yml", "ci/github-workflow.yml", "ci/gitlab.yml", ".github/workflows/ci.yml"})
    all += contents(std::string(CEDE_SOURCES "/") + file);
  for (std::string script : {"ci/setup", "ci/build", "ci/check", "ci/github-workflow.yml", "ci/gitlab.yml"}) {
    EXPECT_TRUE(contains(all, script)) << script;
    EXPECT_TRUE(std::filesystem::exists(std::string(CEDE_SOURCES "/") + script)) << script;
  }
}

}  // namespace
}  // namespace cede
