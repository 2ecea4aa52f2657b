// A child gives back what its job returned, or says how it ended.
#include "ci/child.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <unistd.h>

namespace cede {
namespace {

TEST(Child, gives_what_its_job_returned_however_long) {
  const std::string text(1'000'000, 'x');
  Child child([&] { return text; }, 60);
  std::string said, why;
  EXPECT_TRUE(child.wait(said, why)) << why;
  EXPECT_EQ(said, text);
}

TEST(Child, says_which_signal_ended_it) {
  Child child([] { return raise(SIGKILL), std::string("never"); }, 60);
  std::string said, why;
  EXPECT_FALSE(child.wait(said, why));
  EXPECT_EQ(why, "ended by Killed");
}

TEST(Child, is_ended_when_it_takes_too_long) {
  Child child([] { return pause(), std::string("never"); }, 1);
  std::string said, why;
  EXPECT_FALSE(child.wait(said, why));
  EXPECT_EQ(why, "ended by Alarm clock");
}

TEST(Child, says_that_it_left_by_itself) {
  Child child([]() -> std::string { _exit(3); }, 60);
  std::string said, why;
  EXPECT_FALSE(child.wait(said, why));
  EXPECT_EQ(why, "ended with 3");
}

TEST(Child, does_not_outlive_its_owner) {
  int pipe_of_child[2];
  ASSERT_EQ(pipe(pipe_of_child), 0);
  { Child child([] { return pause(), std::string(); }, 60); }
  close(pipe_of_child[1]);
  char byte;
  EXPECT_EQ(read(pipe_of_child[0], &byte, 1), 0);  // nobody else holds the other end
  close(pipe_of_child[0]);
}

}  // namespace
}  // namespace cede
