// What a name on the command line means.
#include "adapters/adapters.h"

#include <gtest/gtest.h>

namespace cede {
namespace {

TEST(Loops, are_named_or_given_by_their_file) {
  for (std::string_view file : {"./mine", "../mine.so", "/usr/lib/mine.so", "build/mine.so", "mine.so", "cabi:mine"})
    EXPECT_TRUE(is_yours(file)) << file;
  for (std::string_view name : {"libev", "libev/poll", "faulty/drains_until_empty", "reference", ""})
    EXPECT_FALSE(is_yours(name)) << name;
}

TEST(Loops, have_one_file_of_expectations_whichever_the_back_end_or_folder) {
  EXPECT_EQ(loop_of("libev/poll"), "libev");
  EXPECT_EQ(loop_of("libuv"), "libuv");
  for (std::string_view file : {"./mine.so", "mine.so", "../build/mine.so", "cabi:mine.so", "cabi:./mine"})
    EXPECT_EQ(loop_of(file), "mine") << file;
}

TEST(Loops, that_cannot_be_opened_say_why) {
  std::string why;
  EXPECT_EQ(find_adapter("./nowhere.so", why), nullptr);
  EXPECT_NE(why.find("nowhere.so"), std::string::npos) << why;
}

}  // namespace
}  // namespace cede
