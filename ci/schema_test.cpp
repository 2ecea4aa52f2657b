// The schema of a report's lines, held against reports by a validator that is not ours.
#include <gtest/gtest.h>
#include <nlohmann/json.hpp>

#include "ci/page.h"
#include "ci/sample_test.h"
#include "ci/shell_test.h"

namespace cede {
namespace {

constexpr std::string_view validator = R"(
import json, sys, jsonschema
check = jsonschema.Draft202012Validator
schema = json.load(open(sys.argv[1]))
check.check_schema(schema)
for name in sys.argv[2:]:
    for number, line in enumerate(open(name, encoding="utf-8"), 1):
        value = json.loads(line)
        kind = schema["$defs"].get(value.get("kind"), {})
        for error in check({**kind, "$defs": schema["$defs"]}).iter_errors(value):
            print("%s:%d: %s: %s" % (name, number, error.json_path, error.message[:200]))
        if not check(schema).is_valid(value):
            print("%s:%d: none of the kinds" % (name, number))
)";

class Schema : public testing::Test {
 protected:
  void SetUp() override {
    write(folder_ / "validate.py", std::string(validator));
    write(folder_ / "schema.json", std::string(report_schema_text()));
    if (shell(python_ + " -c 'import jsonschema'").exit != 0)
      GTEST_SKIP() << "no validator: python3-jsonschema is not installed";
  }

  /// What is wrong with it.
  std::string errors_in(const std::string& lines) {
    auto file = write(folder_ / "report.jsonl", lines);
    Said said = shell(python_ + " -W ignore " + (folder_ / "validate.py").string() + " " +
                      (folder_ / "schema.json").string() + " " + file.string());
    return said.exit == 0 ? said.text : "the validator failed: " + said.text;
  }

  std::string report_of(const std::string& words) {
    cede("run --json " + (folder_ / "run").string() + " " + words);
    return contents(folder_ / "run");
  }

  Folder folder_;
  std::string python_ = std::filesystem::exists("/usr/bin/python3") ? "/usr/bin/python3" : "python3";
};

TEST_F(Schema, describes_what_runs_write) {
  EXPECT_EQ(errors_in(report_of("--loop reference --loop libuv --budget 2000cases")), "");
  EXPECT_EQ(errors_in(report_of("--loop libuv --no-expect 'TIMER-*' --budget 2000cases --shard 2/3")), "");
  EXPECT_EQ(errors_in(report_of("--budget exhaustive:2 'PASS-*'")), "");
  EXPECT_EQ(errors_in(report_of("--clock creeping --without yield --choices random --budget 300cases 'PASS-*'")), "");
}

TEST_F(Schema, describes_all_that_a_report_can_say) {
  std::string lines = to_json_lines(strange_report());
  EXPECT_EQ(errors_in(lines), "");
  for (std::string kind : {"run", "loop", "clause", "order", "crash", "stale", "absent", "end"})
    EXPECT_TRUE(contains(lines, "{\"kind\":\"" + kind + "\"")) << kind;
}

TEST_F(Schema, describes_loops_that_are_absent) {
  std::filesystem::copy_file(CEDE_COMMAND, folder_ / "cede");  // its modules are not beside it there
  shell((folder_ / "cede").string() + " run --loop libuv PASS-2 --json " + (folder_ / "absent").string());
  std::string lines = contents(folder_ / "absent");
  EXPECT_TRUE(contains(lines, "\"kind\":\"absent\"")) << lines;
  EXPECT_EQ(errors_in(lines), "");
}

TEST_F(Schema, refuses_what_is_no_line_of_a_report) {
  for (std::string line : {R"({"kind":"loop"})", R"({"kind":"end","exit":9,"exits":[]})", R"({"kind":"verdict"})",
                           R"({})", R"({"kind":"stale","loop":"a","what":"b","more":1})"})
    EXPECT_NE(errors_in(line + "\n"), "") << line;
}

TEST(SchemaCommand, prints_the_schema_and_names_the_number_that_reports_carry) {
  Said said = cede("report schema");
  EXPECT_EQ(said.exit, 0) << said;
  EXPECT_EQ(said.text, contents(CEDE_SOURCES "/ci/report.schema.json"));
  auto schema = nlohmann::json::parse(said.text, nullptr, false);
  ASSERT_FALSE(schema.is_discarded());
  auto run = nlohmann::json::parse(to_json_lines({}).substr(0, to_json_lines({}).find('\n')));
  EXPECT_EQ(schema["$defs"]["run"]["properties"]["schema"]["const"], run["schema"]);
}

}  // namespace
}  // namespace cede
