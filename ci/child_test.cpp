// A child gives back what its job returned; or it is known how it ended, and nothing of it is left.
#include "ci/child.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <csignal>
#include <cstdlib>
#include <ctime>
#include <filesystem>

namespace cede {
namespace {

using How = Child::How;

TEST(Child, gives_what_its_job_returned_however_long) {
  const std::string text(1'000'000, 'x');
  Child::End end = Child([&](Pulse&) { return text; }).end();
  EXPECT_EQ(end.how, How::done) << end.words();
  EXPECT_EQ(end.said, text);
}

TEST(Child, shows_what_it_is_at) {
  Child child([](Pulse& pulse) { return pulse.beat(7), pulse.beat(8, "eight"), std::string(); });
  EXPECT_EQ(child.end().how, How::done);
  EXPECT_EQ(child.pulse().number(), 8u);
  EXPECT_EQ(child.pulse().text(), "eight");
  EXPECT_EQ(child.pulse().beats(), 2u);
}

/// How a job ends that does this.
Child::End end_of(void (*act)()) {
  return Child([act](Pulse&) { return act(), std::string("survived"); }).end();
}

TEST(Child, is_known_to_have_crashed_or_given_up) {
  EXPECT_EQ(end_of([] { (void)raise(SIGSEGV); }).words(), "crashed: Segmentation fault");
  EXPECT_EQ(end_of([] { std::abort(); }).how, How::aborted);
  EXPECT_EQ(end_of([] { throw 1; }).how, How::aborted) << "nothing it throws gets into its copy of the test";
  Child::End left = end_of([] { _exit(3); });
  EXPECT_EQ(left.how, How::left);
  EXPECT_EQ(left.words(), "left the process with exit code 3");
  EXPECT_EQ(end_of([] { _exit(0); }).how, How::left) << "though it seems to have ended well";
}

TEST(Child, is_known_to_have_broken_its_memory) {
  Child::End end = end_of([] {
    char* volatile block = static_cast<char*>(std::malloc(24));
    std::free(block);
    std::free(block);
  });
  EXPECT_EQ(end.how, How::corrupted) << end.words();
  EXPECT_NE(end.printed, "") << "what the C library says is kept";
}

TEST(Child, is_ended_when_it_waits_for_ever_after_it_has_computed_a_while) {
  auto compute_and_wait = [](Pulse&) {
    for (const std::clock_t begin = std::clock(); std::clock() - begin < CLOCKS_PER_SEC / 10;) {}
    return pause(), std::string();
  };
  EXPECT_EQ(Child(compute_and_wait, 0.5).end().how, How::blocked);
}

TEST(Child, is_ended_when_it_computes_or_waits_without_end) {
  Child endless([](Pulse&) -> std::string { for (volatile int i = 0;; i = i + 1) {} });
  Child blocked([](Pulse&) { return pause(), std::string(); });
  EXPECT_EQ(blocked.end().how, How::blocked);
  EXPECT_EQ(endless.end().how, How::endless);
}

TEST(Child, may_take_as_long_as_it_likes_while_it_gets_on) {
  Child child([](Pulse& pulse) {
    for (int i = 0; i < 120; ++i) usleep(100'000), pulse.beat(1);
    return std::string("done");
  });
  EXPECT_EQ(child.end().how, How::done);
}

TEST(Child, has_no_say_in_what_its_parent_writes) {
  Child::End loud = end_of([] {
    (void)!write(STDOUT_FILENO, "hello", 5);
    Child::leave_if_scribbled();
  });
  EXPECT_EQ(loud.how, How::printed);
  EXPECT_EQ(loud.printed, "hello");
  Child::End quiet = end_of([] {
    (void)!write(STDERR_FILENO, "a warning", 9);
    Child::leave_if_scribbled();
  });
  EXPECT_EQ(quiet.how, How::done);
  EXPECT_EQ(quiet.printed, "a warning");
  EXPECT_EQ(end_of([] {
              for (int descriptor = 3; descriptor < 64; ++descriptor) (void)!write(descriptor, "garbage\n", 8);
            }).how,
            How::garbled);
  EXPECT_EQ(end_of([] {
              std::string much(1 << 20, 'x');
              for (int i = 0; i < 100; ++i) (void)!write(STDERR_FILENO, much.data(), much.size());
            }).how,
            How::done);
}

TEST(Child, comes_to_an_end_when_it_is_asked_to) {
  static volatile std::sig_atomic_t asked;
  asked = 0;
  auto before = std::signal(SIGTERM, [](int) { asked = 1; });
  Child child([](Pulse& pulse) {
    pulse.beat(1);
    while (!asked) usleep(1000);
    return std::string("so far");
  });
  while (child.pulse().beats() == 0) usleep(1000);
  child.interrupt();
  EXPECT_EQ(child.end().said, "so far");
  std::signal(SIGTERM, before);
}

std::ptrdiff_t open_descriptors() {
  std::filesystem::directory_iterator all("/proc/self/fd");
  return std::distance(begin(all), end(all));
}

TEST(Child, leaves_nothing_behind) {
  int pipe_of_child[2];
  ASSERT_EQ(pipe(pipe_of_child), 0);
  const auto before = open_descriptors();
  {
    Child forgotten([](Pulse& pulse) { return pulse.beat(1), pause(), std::string(); });
    Child parent([](Pulse&) {
      for (int i = 0; i < 10; ++i)
        if (fork() == 0) pause();
      return std::string("has children");
    });
    EXPECT_EQ(parent.end().how, How::done);
  }
  EXPECT_EQ(open_descriptors(), before);
  close(pipe_of_child[1]);
  char byte;
  EXPECT_EQ(read(pipe_of_child[0], &byte, 1), 0) << "somebody else holds the other end";
  close(pipe_of_child[0]);
  EXPECT_EQ(waitpid(-1, nullptr, WNOHANG), -1) << "a process is left";
}

}  // namespace
}  // namespace cede
