// Timer descriptors where a world goes at the pace of the real clock.
#include <gtest/gtest.h>
#include <sys/epoll.h>
#include <sys/timerfd.h>
#include <unistd.h>

#include <vector>

#include "adapters/virtual_time.h"

namespace cede {
namespace {

struct Limits : WaitObserver {
  void on_poll(Nanos timeout) override { said.push_back(timeout); }
  void on_rest() override { ADD_FAILURE() << "a wait for a timer is no rest"; }
  void on_stuck() override { ADD_FAILURE(); }
  std::vector<Nanos> said;
};

TEST(TimerDescriptor, limits_the_waits_of_its_epoll_in_real_time_too) {
  Limits limits;
  World world(World::Pace::real);
  world.begin(limits);
  InWorld in(world);
  for (clockid_t clock : {CLOCK_MONOTONIC, CLOCK_REALTIME, CLOCK_BOOTTIME}) {
    int timer = timerfd_create(clock, TFD_NONBLOCK), epoll = epoll_create1(0);
    epoll_event event{EPOLLIN, {}};
    epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &event);
    itimerspec spec{};
    clock_gettime(clock, &spec.it_value);
    spec.it_value.tv_sec += spec.it_value.tv_nsec / (second - 5 * millisecond);
    spec.it_value.tv_nsec = (spec.it_value.tv_nsec + 5 * millisecond) % second;
    EXPECT_EQ(timerfd_settime(timer, TFD_TIMER_ABSTIME, &spec, nullptr), 0);
    EXPECT_EQ(epoll_wait(epoll, &event, 1, -1), 1);
    close(epoll);
    close(timer);
  }
  EXPECT_EQ(limits.said.size(), 3u);
  for (Nanos limit : limits.said) EXPECT_LE(limit, 6 * millisecond);
  world.end();
}

}  // namespace
}  // namespace cede
