// What the loop relies on in epoll: readiness of both kinds and of broken descriptors, wakes from
// other threads, signals that only end a wait, and time-outs that never end too early.
#include "reference/selector.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <thread>
#include <vector>

#include "reference/clock.h"

namespace cede::reference {

static bool operator==(const Ready& a, const Ready& b) {
  return a.descriptor == b.descriptor && a.interest == b.interest;
}

namespace {

using Readies = std::vector<Ready>;

/// What is ready now.
Readies ready_in(EpollSelector& selector, Nanos timeout = 0) {
  Readies ready;
  selector.select(timeout, ready);
  return ready;
}

/// Two connected sockets, or a pipe; what is written to the second is read from the first.
struct Ends {
  Ends() = default;
  Ends(const Ends&) = delete;
  Ends& operator=(const Ends&) = delete;
  ~Ends() {
    for (int i : {0, 1}) close(i);
  }
  void close(int i) {
    if (fd[i] >= 0) ::close(std::exchange(fd[i], -1));
  }
  void write() { EXPECT_EQ(::write(fd[1], "x", 1), 1); }
  void fill() {
    std::array<char, 4096> bytes{};
    while (::write(fd[1], bytes.data(), bytes.size()) > 0) {}
  }

  int fd[2] = {-1, -1};
};
struct Pipe : Ends {
  Pipe() { EXPECT_EQ(::pipe2(fd, O_NONBLOCK | O_CLOEXEC), 0); }
};
struct SocketPair : Ends {
  SocketPair() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd), 0); }
};

TEST(EpollSelector, tells_who_is_readable_as_long_as_it_is) {
  EpollSelector selector;
  Pipe pipe;
  selector.add(pipe.fd[0], Interest::read);
  EXPECT_EQ(ready_in(selector), Readies{});
  pipe.write();
  for (int i = 0; i < 2; ++i) EXPECT_EQ(ready_in(selector), (Readies{{pipe.fd[0], Interest::read}}));
}

TEST(EpollSelector, tells_who_is_writable) {
  EpollSelector selector;
  Pipe pipe;
  selector.add(pipe.fd[1], Interest::write);
  EXPECT_EQ(ready_in(selector), (Readies{{pipe.fd[1], Interest::write}}));
  pipe.fill();
  EXPECT_EQ(ready_in(selector), Readies{});
}

TEST(EpollSelector, keeps_the_two_interests_in_a_descriptor_apart_and_names_reading_first) {
  EpollSelector selector;
  SocketPair sockets;
  int fd = sockets.fd[0];
  sockets.write();
  selector.add(fd, Interest::write);
  selector.add(fd, Interest::read);
  EXPECT_EQ(ready_in(selector), (Readies{{fd, Interest::read}, {fd, Interest::write}}));
  selector.remove(fd, Interest::write);
  EXPECT_EQ(ready_in(selector), (Readies{{fd, Interest::read}}));
  selector.remove(fd, Interest::read);
  EXPECT_EQ(ready_in(selector), Readies{});
}

TEST(EpollSelector, takes_an_interest_once_however_often_it_is_added) {
  EpollSelector selector;
  Pipe pipe;
  pipe.write();
  for (int i = 0; i < 2; ++i) selector.add(pipe.fd[0], Interest::read);
  EXPECT_EQ(ready_in(selector).size(), 1u);
  for (int i = 0; i < 2; ++i) selector.remove(pipe.fd[0], Interest::read);
  EXPECT_EQ(ready_in(selector), Readies{});
}

TEST(EpollSelector, a_hang_up_makes_a_reader_ready_even_if_nothing_was_written) {
  EpollSelector selector;
  Pipe pipe;
  selector.add(pipe.fd[0], Interest::read);
  pipe.close(1);
  EXPECT_EQ(ready_in(selector), (Readies{{pipe.fd[0], Interest::read}}));
}

TEST(EpollSelector, an_error_makes_a_writer_ready_even_if_there_is_no_room) {
  EpollSelector selector;
  Pipe pipe;
  pipe.fill();
  selector.add(pipe.fd[1], Interest::write);
  pipe.close(0);
  EXPECT_EQ(ready_in(selector), (Readies{{pipe.fd[1], Interest::write}}));
}

TEST(EpollSelector, a_broken_socket_is_ready_only_for_what_somebody_is_interested_in) {
  EpollSelector selector;
  SocketPair sockets;
  selector.add(sockets.fd[0], Interest::write);
  sockets.close(1);
  EXPECT_EQ(ready_in(selector), (Readies{{sockets.fd[0], Interest::write}}));
}

TEST(EpollSelector, tells_of_all_in_the_end_however_many_they_are) {
  EpollSelector selector;
  std::vector<Pipe> pipes(100);
  for (Pipe& pipe : pipes) {
    pipe.write();
    selector.add(pipe.fd[0], Interest::read);
  }
  std::size_t told = 0;
  for (Readies ready; !(ready = ready_in(selector)).empty(); told += ready.size())
    for (Ready one : ready) selector.remove(one.descriptor, one.interest);
  EXPECT_EQ(told, pipes.size());
}

TEST(EpollSelector, refuses_what_cannot_be_waited_for) {
  EpollSelector selector;
  int file = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(file, 0);
  EXPECT_FALSE(selector.add(file, Interest::read));
  ::close(file);
  EXPECT_FALSE(selector.add(file, Interest::read));
  EXPECT_NO_THROW(selector.remove(file, Interest::read));
}

TEST(EpollSelector, forgets_a_descriptor_that_was_closed_before_its_removal) {
  EpollSelector selector;
  Pipe pipe;
  int fd = pipe.fd[0];
  selector.add(fd, Interest::read);
  pipe.close(0);
  EXPECT_NO_THROW(selector.remove(fd, Interest::read));
  Pipe reused;  // takes the lowest free number, which is the one that was closed
  ASSERT_EQ(reused.fd[0], fd);
  reused.write();
  selector.add(fd, Interest::read);
  EXPECT_EQ(ready_in(selector), (Readies{{fd, Interest::read}}));
}

TEST(EpollSelector, a_wake_ends_a_wait_without_an_end) {
  EpollSelector selector;
  std::thread other([&] { selector.wake(); });
  EXPECT_EQ(ready_in(selector, forever), Readies{});
  other.join();
}

TEST(EpollSelector, many_wakes_before_a_wait_end_one_wait) {
  EpollSelector selector;
  for (int i = 0; i < 3; ++i) selector.wake();
  EXPECT_EQ(ready_in(selector, forever), Readies{});
  MonotonicClock clock;
  Nanos before = clock.now();
  EXPECT_EQ(ready_in(selector, 5'000'000), Readies{});
  EXPECT_GE(clock.now() - before, 5'000'000);
}

TEST(EpollSelector, a_signal_only_ends_the_wait) {
  struct sigaction action{}, before{};
  action.sa_handler = [](int) {};
  ASSERT_EQ(sigaction(SIGUSR1, &action, &before), 0);
  std::atomic<bool> returned = false;
  std::thread waiting([&] {
    EpollSelector selector;
    EXPECT_NO_THROW(EXPECT_EQ(ready_in(selector, forever), Readies{}));
    returned = true;
  });
  while (!returned) {  // again, since the first may come before the wait
    pthread_kill(waiting.native_handle(), SIGUSR1);
    std::this_thread::yield();
  }
  waiting.join();
  sigaction(SIGUSR1, &before, nullptr);
}

TEST(EpollSelector, never_ends_a_wait_too_early) {
  EpollSelector selector;
  MonotonicClock clock;
  for (Nanos timeout : {1, 999'999, 1'000'001, 2'500'000}) {
    Nanos before = clock.now();
    (void)ready_in(selector, timeout);
    EXPECT_GE(clock.now() - before, timeout);
  }
}

}  // namespace
}  // namespace cede::reference
