// The schema of the wire, held against messages by a validator that is not ours.
#include <gtest/gtest.h>

#include "adapters/adapters.h"
#include "adapters/wire.h"
#include "adapters/wire_trace.h"
#include "ci/page.h"
#include "ci/shell_test.h"
#include "properties/for_all.h"
#include "spec/chapters.h"

namespace cede {
namespace {

constexpr std::string_view validator = R"(
import json, sys, jsonschema
schema = json.load(open(sys.argv[1]))
check = jsonschema.Draft202012Validator
check.check_schema(schema)
valid = check(schema)
for number, line in enumerate(open(sys.argv[2], encoding="utf-8"), 1):
    if not valid.is_valid(json.loads(line)):
        print("%d: %s" % (number, line[:300].rstrip()))
)";

class WireSchema : public testing::Test {
 protected:
  void SetUp() override {
    write(folder_ / "validate.py", std::string(validator));
    write(folder_ / "schema.json", std::string(wire_schema_text()));
    if (shell(python_ + " -c 'import jsonschema'").exit != 0)
      GTEST_SKIP() << "no validator: python3-jsonschema is not installed";
  }

  /// Those of the lines that are no messages.
  std::string wrong_in(const std::string& lines) {
    auto file = write(folder_ / "lines", lines);
    Said said = shell(python_ + " -W ignore " + (folder_ / "validate.py").string() + " " +
                      (folder_ / "schema.json").string() + " " + file.string());
    return said.exit == 0 ? said.text : "the validator failed: " + said.text;
  }

  Folder folder_;
  std::string python_ = std::filesystem::exists("/usr/bin/python3") ? "/usr/bin/python3" : "python3";
};

TEST_F(WireSchema, describes_what_cede_asks_and_answers) {
  std::string asked = hello_message() + "\n" + R"({"cmd":"bye"})" "\n";
  auto ask = [&](const Scenario& scenario) {
    asked += run_message("7f", scenario, World::Pace::creeping) + "\n";
    return true;
  };
  for (const Clause& clause : chapters().clauses)
    for (const Example& example : clause.examples) ask(parse_scenario(example.scenario).scenario);
  for_all_scenarios(3, 100, ask);
  const std::string unknown = R"({"cmd":"dance"})" "\n" R"({"cmd":"dance","seq":"1"})" "\n";
  Said answers = shell(CEDE_COMMAND " serve --loop reference < " + write(folder_ / "asked", unknown + asked).string());
  EXPECT_EQ(answers.exit, 0) << answers;
  EXPECT_EQ(wrong_in(asked + answers.text), "");
  LoopInfo loop{.name = "a", .back_end = "b", .version = "1", .mapping = "all", .language = "C", .bugs = "here"};
  loop.unsupported = {{Verb::storm, "no \"wind\"\n"}, {Verb::log, "\t"}};
  loop.layered = {"future", "task"};
  EXPECT_EQ(wrong_in(hello_answer(loop) + "\n"), "");
}

TEST_F(WireSchema, refuses_what_is_no_message) {
  for (std::string event : {R"(["jumped",0])", R"(["rest"])", R"(["rest",0,1])", R"(["poll",0])", R"(["did",0,0,1])",
                            R"(["did",0,"jump",1,0])", R"(["did",0,0,-1,0])", R"(["did",0,0,1,0,{"raises":"oops"}])",
                            R"(["did",0,0,1,0,{"value":1,"not":"ignored"}])", R"(["enter",0,"",1])",
                            R"(["did",0,0,1,0,{"thread":0}])", R"(["did",0,0,1,0,{"value":{}}])"})
    EXPECT_NE(wrong_in(R"({"seq":"1","trace":[)" + event + "]}\n"), "") << event;
  for (std::string line : {R"({"seq":"1"})", R"({"seq":1,"unsupported":"no"})", R"({"seq":"1","trace":[]})",
                           R"({"protocol":2,"loop":"a","version":"1","mapping":"b"})", R"({"cmd":"run"})",
                           R"({"protocol":1,"loop":"a","version":"1","mapping":""})"})
    EXPECT_NE(wrong_in(line + "\n"), "") << line;
}

TEST(WireSchemaCommand, prints_the_schema) {
  Said said = cede("adapter schema");
  EXPECT_EQ(said.exit, 0) << said;
  EXPECT_TRUE(said.text == wire_schema_text());
}

}  // namespace
}  // namespace cede
