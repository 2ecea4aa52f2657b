// What a user of signal handlers relies on: they run as jobs, wake the loop, and leave nothing behind.
#include "reference/signals.h"

#include <gtest/gtest.h>

#include <unistd.h>

#include <string>
#include <thread>

#include "reference/loop.h"
#include "reference/virtual_time_test.h"

namespace cede::reference {
namespace {

auto action_of(int signal) {
  struct sigaction now{};
  sigaction(signal, nullptr, &now);
  return now.sa_handler;
}

TEST(Signals, a_handler_runs_as_a_job_and_not_where_the_signal_comes) {
  Loop loop;
  std::string order;
  loop.add_signal_handler(SIGUSR1, [&] { order += 'h'; });
  loop.call_soon([&] {
    raise(SIGUSR1);
    order += 'a';
  });
  for (int i = 0; i < 3; ++i) turn(loop);
  EXPECT_EQ(order, "ah");
}

TEST(Signals, a_signal_wakes_a_loop_that_rests) {
  Loop loop;
  int handled = 0;
  loop.add_signal_handler(SIGUSR1, [&] {
    ++handled;
    loop.stop();
  });
  std::thread other([] { kill(getpid(), SIGUSR1); });
  loop.run_forever();
  other.join();
  EXPECT_EQ(handled, 1);
}

TEST(Signals, a_second_handler_replaces_the_first_and_removal_restores_what_was_before) {
  auto before = action_of(SIGUSR1);
  Loop loop;
  std::string called;
  loop.add_signal_handler(SIGUSR1, [&] { called += 'a'; });
  loop.add_signal_handler(SIGUSR1, [&] { called += 'b'; });
  raise(SIGUSR1);
  for (int i = 0; i < 2; ++i) turn(loop);
  EXPECT_EQ(called, "b");
  EXPECT_NE(action_of(SIGUSR1), before);
  EXPECT_TRUE(loop.remove_signal_handler(SIGUSR1));
  EXPECT_FALSE(loop.remove_signal_handler(SIGUSR1));
  EXPECT_EQ(action_of(SIGUSR1), before);
}

TEST(Signals, closing_the_loop_restores_them_all) {
  auto before = action_of(SIGUSR2);
  Loop loop;
  loop.add_signal_handler(SIGUSR2, [] {});
  loop.close();
  EXPECT_EQ(action_of(SIGUSR2), before);
  EXPECT_THROW(loop.add_signal_handler(SIGUSR2, [] {}), RuntimeError);
}

TEST(Signals, what_cannot_be_caught_is_refused_and_so_are_other_threads) {
  Loop loop;
  EXPECT_THROW(loop.add_signal_handler(SIGKILL, [] {}), RuntimeError);
  EXPECT_THROW(loop.add_signal_handler(0, [] {}), RuntimeError);
  EXPECT_THROW(loop.add_signal_handler(NSIG, [] {}), RuntimeError);
  std::thread([&] { EXPECT_THROW(loop.add_signal_handler(SIGUSR1, [] {}), RuntimeError); }).join();
}

}  // namespace
}  // namespace cede::reference
