// Virtual time as C programs and libuv see it.
#include "adapters/virtual_time.h"

#include <gtest/gtest.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>
#include <uv.h>

#include <chrono>
#include <string>
#include <thread>
#include <vector>

#include "adapters/adapter.h"

namespace cede {
namespace {

constexpr Nanos hour = 3600 * second;

/// Counts what a loop does at its waits.
struct Counter : WaitObserver {
  void on_poll(Nanos timeout) override { polls.push_back(timeout); }
  void on_rest() override {
    ++rests;
    if (at_rest) at_rest();
  }
  void on_stuck() override {
    ++stucks;
    if (when_stuck) when_stuck();
  }

  std::vector<Nanos> polls;
  int rests = 0;
  int stucks = 0;
  std::function<void()> at_rest;
  std::function<void()> when_stuck;
};

/// A world in which a scenario has begun.
struct Begun {
  explicit Begun(World::Pace pace = World::Pace::frozen) : world(pace) { world.begin(counter); }
  Counter counter;
  World world;
};

struct Pipe {
  Pipe() { EXPECT_EQ(pipe2(ends, O_NONBLOCK), 0); }
  ~Pipe() {
    close(ends[0]);
    close(ends[1]);
  }
  void fill() { EXPECT_EQ(write(ends[1], "x", 1), 1); }
  int ends[2];
};

Nanos clock_now(clockid_t clock = CLOCK_MONOTONIC) {
  timespec now;
  EXPECT_EQ(clock_gettime(clock, &now), 0);
  return now.tv_sec * second + now.tv_nsec;
}

/// What the function takes in real time.
template <class F>
Nanos really(F function) {
  Nanos before = World::real_now();
  function();
  return World::real_now() - before;
}

/// libuv as a C program uses it: timers that write down who was called when.
struct Uv {
  explicit Uv(const World& world) : world(world) {
    uv_loop_init(&loop);
    loop.data = this;
    uv_async_init(&loop, &async, [](uv_async_t* async) { uv_stop(async->loop); });
  }
  ~Uv() {
    uv_walk(&loop, [](uv_handle_t* handle, void*) { uv_close(handle, nullptr); }, nullptr);
    uv_run(&loop, UV_RUN_DEFAULT);
    EXPECT_EQ(uv_loop_close(&loop), 0);
  }
  void start(int id, std::uint64_t ms) {
    uv_timer_t& timer = timers[id];
    uv_timer_init(&loop, &timer);
    uv_timer_start(&timer, [](uv_timer_t* timer) {
      auto* self = static_cast<Uv*>(timer->loop->data);
      self->called.emplace_back(timer - self->timers, self->world.elapsed());
    }, ms, 0);
  }
  void run() { uv_run(&loop, UV_RUN_DEFAULT); }

  const World& world;
  uv_loop_t loop;
  uv_async_t async;
  uv_timer_t timers[8];
  std::vector<std::pair<long, Nanos>> called;
};

TEST(VirtualTime, outside_a_world_the_clock_is_the_systems) {
  World world;
  auto before = std::chrono::steady_clock::now();
  {
    InWorld in(world);
    sleep(3600);
  }
  auto after = std::chrono::steady_clock::now();
  EXPECT_LT(after - before, std::chrono::seconds(60));
  EXPECT_EQ(current_world(), nullptr);
  EXPECT_LE(std::abs(clock_now() - World::real_now()), second);
}

TEST(VirtualTime, inside_a_world_all_clocks_stand_still_until_somebody_waits) {
  Begun begun;
  InWorld in(begun.world);
  auto before = std::chrono::steady_clock::now();
  auto date = std::chrono::system_clock::now();
  EXPECT_EQ(std::chrono::steady_clock::now(), before);
  begun.world.busy(20 * millisecond);
  EXPECT_EQ(std::chrono::steady_clock::now() - before, std::chrono::milliseconds(20));
  EXPECT_EQ(std::chrono::system_clock::now() - date, std::chrono::milliseconds(20));

  timespec raw;
  timeval coarse;
  EXPECT_EQ(syscall(SYS_clock_gettime, CLOCK_MONOTONIC, &raw), 0);
  EXPECT_EQ(raw.tv_sec * second + raw.tv_nsec, clock_now());
  EXPECT_EQ(gettimeofday(&coarse, nullptr), 0);
  EXPECT_EQ(time(nullptr), coarse.tv_sec);
}

TEST(VirtualTime, the_real_clock_and_the_processors_time_are_real_everywhere) {
  Begun begun;
  Nanos before = World::real_now();
  InWorld in(begun.world);
  sleep(3600);
  EXPECT_LT(World::real_now() - before, 60 * second);
  EXPECT_LT(clock_now(CLOCK_THREAD_CPUTIME_ID), 60 * second);
}

TEST(VirtualTime, worlds_nest_and_can_be_left_for_a_while) {
  Begun outer, inner;
  InWorld in(outer.world);
  sleep(1);
  {
    InWorld in(inner.world);
    EXPECT_EQ(current_world(), &inner.world);
    sleep(5);
    OutsideWorlds outside;
    EXPECT_EQ(current_world(), nullptr);
    EXPECT_LE(std::abs(clock_now() - World::real_now()), second);
  }
  EXPECT_EQ(current_world(), &outer.world);
  EXPECT_EQ(outer.world.elapsed(), 1 * second);
  EXPECT_EQ(inner.world.elapsed(), 5 * second);
}

TEST(VirtualTime, other_threads_stay_in_real_time) {
  Begun begun;
  InWorld in(begun.world);
  sleep(3600);
  std::thread([] { EXPECT_LE(std::abs(clock_now() - World::real_now()), second); }).join();
}

TEST(VirtualTime, sleeps_take_no_real_time_and_are_no_polls) {
  Begun begun;
  InWorld in(begun.world);
  EXPECT_LT(really([&] {
    timespec ten{10, 5}, deadline;
    EXPECT_EQ(nanosleep(&ten, nullptr), 0);
    EXPECT_EQ(usleep(250), 0);
    EXPECT_EQ(sleep(20), 0u);
    EXPECT_EQ(clock_nanosleep(CLOCK_REALTIME, 0, &ten, nullptr), 0);
    clock_gettime(CLOCK_REALTIME, &deadline);
    deadline.tv_sec += 100;
    EXPECT_EQ(clock_nanosleep(CLOCK_REALTIME, TIMER_ABSTIME, &deadline, nullptr), 0);
  }), second);
  EXPECT_EQ(begun.world.elapsed(), 140 * second + 250 * microsecond + 10);
  EXPECT_TRUE(begun.counter.polls.empty());
}

TEST(VirtualTime, every_wait_jumps_to_its_deadline) {
  Begun begun;
  InWorld in(begun.world);
  Pipe pipe;
  int epoll = epoll_create1(0);
  epoll_event event{EPOLLIN, {}};
  epoll_ctl(epoll, EPOLL_CTL_ADD, pipe.ends[0], &event);
  pollfd readable{pipe.ends[0], POLLIN, 0};
  fd_set reads;
  auto one_reader = [&] {
    FD_ZERO(&reads);
    FD_SET(pipe.ends[0], &reads);
    return &reads;
  };
  timespec ns{0, 7};
  timeval us{0, 9};
  auto wait_everywhere = [&] {
    return std::vector<long>{
        epoll_wait(epoll, &event, 1, 1), epoll_pwait(epoll, &event, 1, 1, nullptr),
        epoll_pwait2(epoll, &event, 1, &ns, nullptr), poll(&readable, 1, 1),
        ppoll(&readable, 1, &ns, nullptr), select(pipe.ends[0] + 1, one_reader(), nullptr, nullptr, &us),
        pselect(pipe.ends[0] + 1, one_reader(), nullptr, nullptr, &ns, nullptr),
        syscall(SYS_epoll_wait, epoll, &event, 1, 1), syscall(SYS_poll, &readable, 1, 1),
        syscall(SYS_epoll_pwait2, epoll, &event, 1, &ns, nullptr, 8)};
  };
  EXPECT_EQ(wait_everywhere(), std::vector<long>(10, 0));
  Nanos ms = millisecond, nine_us = 9 * microsecond;
  EXPECT_EQ(begun.counter.polls, (std::vector<Nanos>{ms, ms, 7, ms, 7, nine_us, 7, ms, ms, 7}));
  EXPECT_EQ(begun.world.elapsed(), 5 * ms + 4 * 7 + nine_us);

  pipe.fill();  // what is ready goes before any jump
  EXPECT_EQ(wait_everywhere(), std::vector<long>(10, 1));
  EXPECT_EQ(begun.world.elapsed(), 5 * ms + 4 * 7 + nine_us);
  close(epoll);
}

TEST(VirtualTime, what_happens_outside_wakes_a_wait_on_time) {
  Begun begun;
  InWorld in(begun.world);
  Pipe pipe;
  pollfd readable{pipe.ends[0], POLLIN, 0};
  begun.world.at(begun.world.now() + 200 * millisecond, [] {});  // nothing that concerns the wait
  begun.world.at(begun.world.now() + 500 * millisecond + 500, [&] { pipe.fill(); });
  auto never = begun.world.at(begun.world.now() + 300 * millisecond, [&] { pipe.fill(); });
  begun.world.call_off(never);
  EXPECT_EQ(poll(&readable, 1, -1), 1);
  EXPECT_EQ(begun.world.elapsed(), 500 * millisecond + 500);
  EXPECT_EQ(begun.counter.rests, 0);
}

TEST(VirtualTime, a_timer_descriptor_expires_at_its_virtual_time) {
  Begun begun;
  InWorld in(begun.world);
  int timer = timerfd_create(CLOCK_REALTIME, TFD_NONBLOCK | TFD_CLOEXEC);
  int epoll = epoll_create1(0);
  epoll_event event{EPOLLIN, {}};
  epoll_ctl(epoll, EPOLL_CTL_ADD, timer, &event);
  std::uint64_t times = 0;

  itimerspec spec{{0, 0}, {3600, 0}}, left;
  EXPECT_EQ(timerfd_settime(timer, 0, &spec, nullptr), 0);
  EXPECT_EQ(epoll_wait(epoll, &event, 1, 1000), 0);
  EXPECT_EQ(timerfd_gettime(timer, &left), 0);
  EXPECT_EQ(left.it_value.tv_sec, 3599);
  EXPECT_EQ(epoll_wait(epoll, &event, 1, -1), 1);
  EXPECT_EQ(begun.world.elapsed(), hour);
  EXPECT_EQ(read(timer, &times, sizeof times), 8);
  EXPECT_EQ(times, 1u);

  clock_gettime(CLOCK_REALTIME, &spec.it_value);  // an absolute time, and then every ten seconds
  spec.it_value.tv_sec += 5;
  spec.it_interval.tv_sec = 10;
  EXPECT_EQ(timerfd_settime(timer, TFD_TIMER_ABSTIME, &spec, nullptr), 0);
  EXPECT_EQ(epoll_wait(epoll, &event, 1, -1), 1);
  EXPECT_EQ(begun.world.elapsed(), hour + 5 * second);
  begun.world.busy(25 * second);
  EXPECT_EQ(epoll_wait(epoll, &event, 1, -1), 1);
  EXPECT_EQ(read(timer, &times, sizeof times), 8);
  EXPECT_EQ(times, 3u);

  begun.world.busy(10 * second);  // expired once more, and then set anew: the expiration is forgotten
  EXPECT_EQ(epoll_wait(epoll, &event, 1, -1), 1);
  spec = {};
  EXPECT_EQ(timerfd_settime(timer, 0, &spec, &left), 0);
  EXPECT_EQ(left.it_interval.tv_sec, 10);
  EXPECT_EQ(epoll_wait(epoll, &event, 1, 60'000), 0);
  close(timer);
  close(epoll);
}

TEST(VirtualTime, a_timer_descriptor_that_is_closed_by_the_back_door_is_forgotten) {
  Begun begun;
  InWorld in(begun.world);
  int timer = timerfd_create(CLOCK_MONOTONIC, TFD_NONBLOCK);
  itimerspec spec{{0, 0}, {1, 0}};
  timerfd_settime(timer, 0, &spec, nullptr);
  EXPECT_EQ(syscall(SYS_close, timer), 0);
  Pipe pipe;
  EXPECT_TRUE(pipe.ends[0] == timer || pipe.ends[1] == timer);  // its number is used again
  pollfd readable{pipe.ends[0], POLLIN, 0};
  EXPECT_EQ(poll(&readable, 1, 5000), 0);
  EXPECT_EQ(timerfd_gettime(timer, &spec), -1);
}

TEST(VirtualTime, a_wait_for_ever_rests_until_somebody_helps) {
  Begun begun;
  InWorld in(begun.world);
  Pipe pipe;
  begun.counter.at_rest = [&] {
    if (begun.counter.rests == 3) pipe.fill();
  };
  fd_set reads;
  FD_ZERO(&reads);
  FD_SET(pipe.ends[0], &reads);
  EXPECT_EQ(select(pipe.ends[0] + 1, &reads, nullptr, nullptr, nullptr), 1);
  EXPECT_TRUE(FD_ISSET(pipe.ends[0], &reads));
  EXPECT_EQ(begun.counter.rests, 3);
  EXPECT_EQ(begun.counter.polls, std::vector<Nanos>{forever});
  EXPECT_EQ(begun.world.elapsed(), 0);
}

TEST(VirtualTime, who_waits_by_epoll_may_ask_for_the_state_of_a_descriptor) {
  Begun begun;
  InWorld in(begun.world);
  Pipe pipe;
  pollfd readable{pipe.ends[0], POLLIN, 0};
  EXPECT_EQ(poll(&readable, 1, 0), 0);
  EXPECT_EQ(begun.counter.polls.size(), 1u);  // for all that is known the loop waits so
  int epoll = epoll_create1(0);
  epoll_event event{EPOLLIN, {}};
  EXPECT_EQ(epoll_wait(epoll, &event, 1, 0), 0);
  ASSERT_EQ(write(pipe.ends[1], "x", 1), 1);
  EXPECT_EQ(poll(&readable, 1, 0), 1);
  EXPECT_EQ(begun.counter.polls.size(), 2u);
  EXPECT_EQ(poll(&readable, 1, 1), 1);
  EXPECT_EQ(begun.counter.polls.size(), 3u);
  close(epoll);
}

TEST(VirtualTime, in_real_time_what_another_thread_wrote_before_a_wake_up_is_seen_after_it) {
  Begun begun(World::Pace::real);
  InWorld in(begun.world);
  int epoll = epoll_create1(0), wake = eventfd(0, 0);
  epoll_event event{EPOLLIN, {}};
  epoll_ctl(epoll, EPOLL_CTL_ADD, wake, &event);
  int written = 0;
  std::thread thread([&] {
    usleep(20'000);
    written = 7;  // ThreadSanitizer has to learn of it from the wait alone, since nobody reads
    eventfd_write(wake, 1);
  });
  EXPECT_EQ(epoll_wait(epoll, &event, 1, 900), 1);
  EXPECT_EQ(written, 7);
  thread.join();
  close(wake);
  close(epoll);
}

TEST(VirtualTime, a_creeping_clock_moves_with_every_look_at_it) {
  Begun begun(World::Pace::creeping);
  InWorld in(begun.world);
  Nanos before = clock_now();
  EXPECT_EQ(clock_now(), before + 20);
  EXPECT_EQ(poll(nullptr, 0, 10), 0);
  EXPECT_EQ(clock_now(), before + 40 + 10 * millisecond + microsecond);
}

TEST(VirtualTime, time_moves_on_for_a_loop_that_polls_and_polls) {
  Begun begun;
  InWorld in(begun.world);
  for (int i = 0; i < 300; ++i) EXPECT_EQ(poll(nullptr, 0, 0), 0);
  EXPECT_GT(begun.world.elapsed(), 0);
  EXPECT_EQ(begun.counter.stucks, 0);
}

TEST(VirtualTime, a_world_lasts_however_far_its_scenarios_go) {
  Begun begun;
  InWorld in(begun.world);
  for (int i = 0; i < 1000; ++i) {
    begun.world.begin(begun.counter);
    EXPECT_EQ(poll(nullptr, 0, INT32_MAX), 0);
    EXPECT_EQ(begun.world.elapsed(), INT32_MAX * millisecond);
    begun.world.busy(forever);
    begun.world.end();
  }
  EXPECT_EQ(begun.counter.rests, 0);
}

TEST(VirtualTimeDeathTest, a_loop_that_cannot_be_ended_ends_the_process_with_a_word) {
  auto wait_on_and_on = [] {
    Begun begun;
    InWorld in(begun.world, "wild");
    for (;;) poll(nullptr, 0, 1);
  };
  EXPECT_EXIT(wait_on_and_on(), testing::ExitedWithCode(exit_cannot_be_ended),
              "cede: wild cannot be ended: it goes on calling poll");
}

TEST(VirtualTime, a_handler_of_sigalrm_runs_outside_worlds) {
  static Nanos seen;
  signal(SIGALRM, [](int) { seen = clock_now(); });
  wrap_sigalrm_outside_worlds();
  wrap_sigalrm_outside_worlds();  // once is enough
  Begun begun;
  InWorld in(begun.world);
  sleep(36'000);
  raise(SIGALRM);
  EXPECT_LE(std::abs(seen - World::real_now()), second);
  EXPECT_EQ(current_world(), &begun.world);
  signal(SIGALRM, SIG_DFL);
}

using Called = std::vector<std::pair<long, Nanos>>;

TEST(Libuv, an_hour_of_timers_costs_nothing_and_all_are_exact) {
  Begun begun;
  InWorld in(begun.world);
  Uv uv(begun.world);
  begun.counter.at_rest = [&] { uv_async_send(&uv.async); };
  EXPECT_LT(really([&] {
    uv.start(0, 3'600'000);
    uv.start(1, 10);
    uv.start(2, 1'800'000);
    uv.start(3, 0);
    uv.run();
  }), second);
  EXPECT_EQ(uv.called, (Called{{3, 0}, {1, 10 * millisecond}, {2, hour / 2}, {0, hour}}));
  EXPECT_EQ(begun.counter.rests, 1);
  EXPECT_EQ(begun.counter.polls.back(), forever);
}

TEST(Libuv, a_timer_of_a_year_is_exact_and_one_for_ever_is_rest) {
  Begun begun;
  InWorld in(begun.world);
  Uv uv(begun.world);
  begun.counter.at_rest = [&] { uv_async_send(&uv.async); };
  constexpr Nanos year = 365 * 24 * hour;
  uv.start(0, year / millisecond);
  uv.start(1, UINT64_MAX);
  uv.run();
  EXPECT_EQ(uv.called, (Called{{0, year}}));
  EXPECT_EQ(begun.counter.rests, 1);
  EXPECT_EQ(begun.counter.stucks, 0);
}

TEST(Libuv, a_loop_that_never_rests_is_stuck) {
  Begun begun;
  InWorld in(begun.world);
  Uv uv(begun.world);
  begun.counter.when_stuck = [&] { uv_stop(&uv.loop); };
  uv_idle_t idle;
  uv_idle_init(&uv.loop, &idle);
  uv_idle_start(&idle, [](uv_idle_t*) {});
  uv.run();
  EXPECT_EQ(begun.counter.stucks, 1);
}

TEST(Libuv, in_real_time_the_order_and_the_polls_are_the_same) {
  auto play_at = [](World::Pace pace) {
    Begun begun(pace);
    InWorld in(begun.world);
    Uv uv(begun.world);
    begun.counter.at_rest = [&] { uv_async_send(&uv.async); };
    for (int id : {2, 0, 1}) uv.start(id, 20 * id);
    uv.run();
    EXPECT_GE(begun.world.elapsed(), 39 * millisecond);
    EXPECT_EQ(begun.counter.rests, 1);
    std::vector<long> order;
    for (auto [id, when] : uv.called) order.push_back(id);
    return std::pair(order, begun.counter.polls.size());
  };
  auto expected = std::pair(std::vector<long>{0, 1, 2}, std::size_t{3});
  EXPECT_EQ(play_at(World::Pace::frozen), expected);
  EXPECT_EQ(play_at(World::Pace::creeping), expected);
  EXPECT_EQ(play_at(World::Pace::real).first, expected.first);
}

}  // namespace
}  // namespace cede
