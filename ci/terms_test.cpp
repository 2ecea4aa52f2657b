// The slices of a run, which do not depend on who plays them.
#include "ci/terms.h"

#include <gtest/gtest.h>

#include <string>

namespace cede {
namespace {

std::string text_of(const Slice& slice, const Terms& terms) {
  std::string text;
  for_all_of(slice, terms, [&](std::uint64_t, const Scenario& scenario) {
    text += to_string(scenario);
    return text.size() < 10'000;
  });
  return text;
}

TEST(Slice, of_a_run_by_time_is_none_of_a_run_with_another_seed) {
  Terms one, other;
  ASSERT_TRUE(parse_budget("1s", one.budget));
  ASSERT_TRUE(parse_budget("1s", other.budget));
  one.seed = 1;
  other.seed = 2;
  EXPECT_NE(text_of(slice_of(one.budget, 2), one), text_of(slice_of(other.budget, 1), other));
  EXPECT_EQ(text_of(slice_of(one.budget, 2), one), text_of(slice_of(one.budget, 2), one));
}

TEST(Slice, tells_that_it_goes_on_while_it_comes_by_what_others_play) {
  Terms terms;
  int told = 0;
  for_all_of({.index = 1, .skipped = 1 << 20, .count = 1}, terms,
             [](std::uint64_t, const Scenario&) { return true; }, [&] { ++told; });
  EXPECT_GE(told, 10);
}

}  // namespace
}  // namespace cede
