// Receiving as an awaitable (IO-12), on real descriptors.
#include "reference/receive.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <string>
#include <utility>

#include "reference/loop.h"
#include "reference/run.h"
#include "reference/virtual_time_test.h"

namespace cede::reference {
namespace {

/// Two connected sockets: the loop's end and the peer's.
struct Pair {
  Pair() { EXPECT_EQ(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, fd), 0); }
  Pair(const Pair&) = delete;
  Pair& operator=(const Pair&) = delete;
  ~Pair() {
    ::close(fd[0]);
    hang_up();
  }
  void write(const std::string& text) {
    EXPECT_EQ(::write(fd[1], text.data(), text.size()), static_cast<ssize_t>(text.size()));
  }
  void hang_up() {
    if (fd[1] >= 0) ::close(std::exchange(fd[1], -1));
  }
  int fd[2] = {-1, -1};
};

Coroutine<std::string> receive_text(AbstractLoop& loop, int descriptor) {
  std::array<std::byte, 8> bytes;
  std::size_t count = co_await receive(loop, descriptor, bytes);
  co_return std::string(reinterpret_cast<const char*>(bytes.data()), count);
}

TEST(receive, does_not_suspend_when_data_is_there) {
  Loop loop;
  Pair pair;
  pair.write("hello, world");
  auto task = create_task(loop, receive_text(loop, pair.fd[0]));
  turn(loop);
  EXPECT_EQ(task.result(), "hello, w");
}

/// A task that has received nothing yet when the descriptor becomes ready.
struct Woken {
  Woken() {
    turn(loop);
    pair.write("hi");
    turn(loop);
    EXPECT_FALSE(task.done());
  }
  Loop loop;
  Pair pair;
  Task<std::string> task = create_task(loop, receive_text(loop, pair.fd[0]));
};

TEST(receive, goes_on_in_the_pass_after_that_of_the_readiness) {
  Woken woken;
  auto& [loop, pair, task] = woken;
  turn(loop);
  EXPECT_EQ(task.result(), "hi");
  EXPECT_FALSE(loop.remove_reader(pair.fd[0]));
}

TEST(receive, gives_nothing_at_the_end_of_the_stream) {
  Loop loop;
  Pair pair;
  auto task = create_task(loop, receive_text(loop, pair.fd[0]));
  turn(loop);
  pair.hang_up();
  EXPECT_EQ(run_until_complete(loop, task), "");
}

TEST(receive, waits_again_when_somebody_else_was_faster) {
  Loop loop;
  Pair pair;
  auto task = create_task(loop, receive_text(loop, pair.fd[0]));
  turn(loop);
  pair.write("x");
  turn(loop);
  char taken;
  EXPECT_EQ(::read(pair.fd[0], &taken, 1), 1);
  turn(loop);
  EXPECT_FALSE(task.done());
  pair.write("y");
  EXPECT_EQ(run_until_complete(loop, task), "y");
}

TEST(receive, a_cancellation_withdraws_the_interest_and_loses_no_data) {
  for (bool ready : {false, true}) {
    Loop loop;
    Pair pair;
    auto task = create_task(loop, receive_text(loop, pair.fd[0]));
    turn(loop);
    pair.write("hi");
    if (ready) turn(loop);
    EXPECT_TRUE(task.cancel());
    for (int passes = 0; passes < 3; ++passes) turn(loop);
    EXPECT_TRUE(task.cancelled());
    EXPECT_FALSE(loop.remove_reader(pair.fd[0]));
    char bytes[2];
    EXPECT_EQ(::read(pair.fd[0], bytes, 2), 2);
  }
}

TEST(receive, has_no_reader_left_once_the_descriptor_is_ready) {
  Woken woken;
  auto& [loop, pair, task] = woken;
  EXPECT_FALSE(loop.remove_reader(pair.fd[0]));
  int calls = 0;
  loop.add_reader(pair.fd[0], [&] { ++calls; });  // somebody else's, which stays
  turn(loop);
  EXPECT_TRUE(task.done());
  EXPECT_TRUE(loop.remove_reader(pair.fd[0]));
}

TEST(receive, refuses_what_cannot_be_read) {
  Loop loop;
  int directory = ::open("/", O_RDONLY | O_DIRECTORY | O_CLOEXEC);
  ASSERT_GE(directory, 0);
  EXPECT_THROW(run_until_complete(loop, receive_text(loop, directory)), RuntimeError);
  ::close(directory);
}

TEST(receive, a_loop_without_descriptors_refuses_them) {
  struct Blind : Loop {
    Error try_add_reader(int descriptor, Callback callback) override {
      return AbstractLoop::try_add_reader(descriptor, std::move(callback));
    }
  } loop;
  Pair pair;
  EXPECT_THROW(run_until_complete(loop, receive_text(loop, pair.fd[0])), RuntimeError);
  EXPECT_THROW(loop.add_reader(pair.fd[0], [] {}), RuntimeError);
  EXPECT_FALSE(loop.AbstractLoop::remove_reader(pair.fd[0]));
}

}  // namespace
}  // namespace cede::reference
