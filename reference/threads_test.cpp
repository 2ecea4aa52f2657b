// What a user relies on who calls a loop from other threads.
#include <gtest/gtest.h>

#include <atomic>
#include <optional>
#include <thread>

#include "reference/loop.h"

namespace cede::reference {
namespace {

/// A selector whose `wake` takes as long as it is let.
struct SlowToWake : EpollSelector {
  void wake() override {
    waking = true;
    waking.notify_all();
    may_wake.wait(false);
    EpollSelector::wake();
    woken_last = true;
  }
  std::atomic<bool> waking = false, may_wake = false, woken_last = false;
};

TEST(Threads, a_loop_does_not_go_before_those_who_have_called_it_are_back) {
  MonotonicClock clock;
  SlowToWake selector;
  std::optional<Loop> loop(std::in_place, clock, selector);
  std::thread caller([&] { loop->call_soon_threadsafe([] {}); });
  selector.waking.wait(false);
  std::thread releaser([&] {
    std::this_thread::sleep_for(std::chrono::milliseconds(20));
    selector.may_wake = true;
    selector.may_wake.notify_all();
  });
  loop.reset();
  EXPECT_TRUE(selector.woken_last);
  caller.join();
  releaser.join();
}

}  // namespace
}  // namespace cede::reference
