// What is expected of a loop: the file is read strictly, and says for which back end and version it is meant.
#include "adapters/expectations.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <filesystem>
#include <fstream>

namespace cede {
namespace {

class ExpectationsFile : public testing::Test {
 protected:
  ~ExpectationsFile() override { std::filesystem::remove(file_); }

  std::optional<Expectations> read(const std::string& text) {
    std::ofstream(file_) << text;
    complaints_.clear();
    return read_expectations(file_, complaints_);
  }
  /// Nothing can be read, and one complaint says why and where.
  void expect_complaint(const std::string& text, int line, const std::string& part) {
    EXPECT_FALSE(read(text)) << text;
    ASSERT_EQ(complaints_.size(), 1u) << text;
    EXPECT_NE(complaints_[0].find(part), std::string::npos) << complaints_[0];
    EXPECT_TRUE(complaints_[0].starts_with(file_ + ":" + std::to_string(line) + ":")) << complaints_[0];
  }

  const std::string head_ = "loop = \"libev\"\nversion = \">=1.44, <1.45\"\n";
  const std::string reason_ = "why = \"w\"\nlink = \"https://l\"\n";
  std::string file_ = testing::TempDir() + "expectations." + std::to_string(getpid());
  std::vector<std::string> complaints_;
};

LoopInfo loop(std::string version, std::string back_end = {}) {
  return {.name = "libev", .back_end = std::move(back_end), .version = std::move(version)};
}

TEST_F(ExpectationsFile, says_what_is_expected_of_which_loop) {
  auto read = this->read(head_ + "[[clause]]\nid = [\"PASS-10\", \"TIMER-8\"]\nexpect = \"fail\"\n" + reason_ +
                         "[[clause]]\nid = \"IO-5\"\nexpect = \"undecided\"\nback_end = \"poll\"\n" + reason_ +
                         "[[clause]]\nid = \"IO-9\"\nexpect = \"variant:skipped\"\nversion = \"<1.44.2\"\n" + reason_);
  ASSERT_TRUE(read) << complaints_[0];
  EXPECT_EQ(read->of("TIMER-8", loop("1.44.2"))->kind, Expectation::Kind::fail);
  EXPECT_EQ(read->of("TIMER-8", loop("1.44.2"))->line, 3);
  EXPECT_FALSE(read->of("TIMER-9", loop("1.44.2")));
  EXPECT_FALSE(read->of("IO-5", loop("1.44.2", "epoll")));
  EXPECT_EQ(read->of("IO-5", loop("1.44.2", "poll"))->kind, Expectation::Kind::undecided);
  EXPECT_FALSE(read->of("IO-9", loop("1.44.2")));
  EXPECT_EQ(read->of("IO-9", loop("1.44.1"))->variant, "skipped");
  EXPECT_TRUE(read->concern(loop("1.44.2")));
  EXPECT_FALSE(read->concern(loop("1.45.0")));
}

TEST_F(ExpectationsFile, names_another_for_what_loops_of_a_language_have_in_common) {
  const std::string shared = file_ + ".shared", head = "language = \"CPython\"\nversion = \">=3.9\"\n";
  const std::string also = "also = \"" + std::filesystem::path(shared).filename().string() + "\"\n";
  std::ofstream(shared) << head << "[[clause]]\nid = [\"PASS-1\", \"PASS-2\"]\nexpect = \"fail\"\n" << reason_
                        << "[[clause]]\nid = \"PASS-3\"\nexpect = \"fail\"\nversion = \"<3.12\"\n" << reason_;
  auto read = this->read(head_ + also + "[[clause]]\nid = \"PASS-1\"\nexpect = \"undecided\"\n" + reason_);
  ASSERT_TRUE(read) << complaints_[0];
  LoopInfo here = loop("1.44.2");
  EXPECT_FALSE(read->of("PASS-2", here)) << "it has no such language";
  here.language = "CPython 3.12.1";
  EXPECT_TRUE(read->of("PASS-2", here)->seldom);
  EXPECT_EQ(read->of("PASS-2", here)->where(), shared + ":3");
  EXPECT_EQ(read->of("PASS-1", here)->where(), file_ + ":4") << "the loop's own comes first";
  EXPECT_FALSE(read->of("PASS-3", here));
  here.language = "CPython 3.8.18";
  EXPECT_FALSE(read->of("PASS-2", here)) << "the file is not about that version";
  std::ofstream(shared) << "version = \">=3.9\"\n";
  EXPECT_FALSE(this->read(head_ + also));
  EXPECT_NE(complaints_.at(0).find("say which language"), std::string::npos) << complaints_[0];
  std::filesystem::remove(shared);
  EXPECT_FALSE(this->read(head_ + also));
}

TEST_F(ExpectationsFile, is_read_strictly) {
  std::string clause = head_ + "[[clause]]\n";
  expect_complaint("loop = \n", 1, "");
  expect_complaint("version = \"=1\"\n", 1, "which loop");
  expect_complaint("loop = \"libev\"\n", 1, "which versions");
  expect_complaint(head_ + "[clause]\n[[clause]]\n", 4, "");
  expect_complaint(clause + "id = \"PASS-99\"\nexpect = \"fail\"\n" + reason_, 3, "no clause PASS-99");
  expect_complaint(clause + "expect = \"fail\"\n" + reason_, 3, "of which clauses");
  expect_complaint(clause + "id = \"PASS-1\"\nexpect = \"fails\"\n" + reason_, 3, "\"fails\"");
  expect_complaint(clause + "id = \"IO-9\"\nexpect = \"variant:x\"\n" + reason_, 3, "no variant x");
  expect_complaint(clause + "id = \"PASS-1\"\nexpect = \"fail\"\nwhy = \"w\"\n", 3, "has no link");
  expect_complaint(clause + "id = \"PASS-1\"\nexpect = \"fail\"\nlink = \"https://l\"\nwhy = \"\"\n", 3, "has no why");
  expect_complaint(clause + "id = \"PASS-1\"\nexpect = \"fail\"\nversion = \"new\"\n" + reason_, 3, "version new");
  expect_complaint(clause + "id = \"PASS-1\"\nexpect = \"fail\"\nreason = \"r\"\n" + reason_, 6,
                   "no key reason; there are: id expect why link");
  std::string twice = "id = \"PASS-1\"\nexpect = \"fail\"\n" + reason_;
  expect_complaint(clause + twice + "[[clause]]\n" + twice, 8, "PASS-1 is in line 3 already");
}

TEST_F(ExpectationsFile, may_say_of_each_back_end_something_else) {
  std::string clause = "[[clause]]\nid = \"PASS-1\"\n" + reason_;
  auto read = this->read(head_ + clause + "back_end = \"poll\"\nexpect = \"fail\"\n" + clause +
                         "back_end = \"epoll\"\nexpect = \"undecided\"\n");
  ASSERT_TRUE(read) << complaints_[0];
  EXPECT_TRUE(read->of("PASS-1", loop("1.44.2", "poll"))->fails());
  EXPECT_FALSE(read->of("PASS-1", loop("1.44.2", "epoll"))->fails());
}

TEST(Versions, are_compared_number_by_number) {
  EXPECT_EQ(version_among("1.44.2", ">=1.44, <1.45"), true);
  EXPECT_EQ(version_among("1.45.0", ">=1.44, <1.45"), false);
  EXPECT_EQ(version_among("1.9", "<1.10"), true);
  EXPECT_EQ(version_among("2.1.12-stable", "=2.1.12"), true);
  EXPECT_EQ(version_among("4.33", "<=4.33.0"), true);
  EXPECT_EQ(version_among("252", ">251"), true);
  for (std::string versions : {"", "1.44", ">=", "~1"}) EXPECT_EQ(version_among("1", versions), std::nullopt);
}

}  // namespace
}  // namespace cede
