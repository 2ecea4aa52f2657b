// What a user of the loop relies on beyond its clauses: what happens to exceptions and captures at
// the public edge, what a closed loop refuses, what threads and descriptors may do.
//
// Time is virtual wherever time matters. Only the tests with threads and descriptors wait for the
// system, and they wait for an event, never for a while.
#include "reference/loop.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <memory>
#include <string>
#include <thread>
#include <vector>

#include "reference/run.h"
#include "reference/virtual_time_test.h"

namespace cede::reference {
namespace {

constexpr Nanos second = 1'000'000'000;

/// Counts how many of its kind are alive, and how many ever were, moved ones included.
struct Counts {
  int alive = 0;
  int made = 0;
};
template <std::size_t bytes>
struct counted {
  explicit counted(Counts& counts) : counts(counts) { ++counts.alive, ++counts.made; }
  counted(counted&& other) noexcept : counted(other.counts) {}
  ~counted() { --counts.alive; }

  Counts& counts;
  std::array<char, bytes> ballast{};
};

// Callbacks and their captures.

TEST(Loop, calls_run_once_and_in_the_order_in_which_they_were_registered) {
  Loop loop;
  std::string order;
  for (char name : {'a', 'b', 'c'}) loop.call_soon([&order, name] { order += name; });
  turn(loop);
  turn(loop);
  EXPECT_EQ(order, "abc");
}

TEST(Loop, a_call_registered_by_a_call_waits_for_the_next_pass) {
  Loop loop;
  std::string order;
  loop.call_soon([&] {
    order += 'a';
    loop.call_soon([&] { order += 'b'; });
  });
  turn(loop);
  EXPECT_EQ(order, "a");
  turn(loop);
  EXPECT_EQ(order, "ab");
}

TEST(Loop, takes_functions_and_move_only_callables) {
  static int calls;  // since a plain function captures nothing
  calls = 0;
  Loop loop;
  loop.call_soon(+[] { ++calls; });
  loop.call_soon([owned = std::make_unique<int>(41)] { calls += *owned; });
  turn(loop);
  EXPECT_EQ(calls, 42);
}

/// Whatever becomes of a callback, its capture is destroyed, and at once.
template <std::size_t bytes>
void expect_that_captures_never_leak() {
  Counts counts;
  Ref<Handle> kept;
  {
    Loop loop;
    loop.call_soon([held = counted<bytes>(counts)] { EXPECT_EQ(held.counts.alive, 1); });
    turn(loop);
    EXPECT_EQ(counts.alive, 0) << "after the call";

    kept = loop.call_soon([held = counted<bytes>(counts)] { FAIL(); });
    kept->cancel();
    EXPECT_EQ(counts.alive, 0) << "after a cancellation, though the handle is still queued and held";

    Ref<Handle> itself;
    itself = loop.call_soon([held = counted<bytes>(counts), &itself] {
      itself->cancel();
      EXPECT_EQ(held.counts.alive, 1) << "while it runs";
    });
    turn(loop);
    EXPECT_EQ(counts.alive, 0);

    loop.call_soon([held = counted<bytes>(counts)] { FAIL(); });
    loop.call_later(second, [held = counted<bytes>(counts)] { FAIL(); });
    loop.call_soon_threadsafe([held = counted<bytes>(counts)] { FAIL(); });
    loop.close();
    EXPECT_EQ(counts.alive, 0) << "after close";

    EXPECT_THROW(loop.call_soon([held = counted<bytes>(counts)] { FAIL(); }), RuntimeError);
    EXPECT_EQ(counts.alive, 0) << "after a refusal";
  }
  {
    Loop loop;
    kept = loop.call_soon([held = counted<bytes>(counts)] { FAIL(); });
    loop.call_later(second, [held = counted<bytes>(counts)] { FAIL(); });
  }
  EXPECT_EQ(counts.alive, 1) << "who holds a handle holds its callback, even beyond the loop";
  kept = {};
  EXPECT_EQ(counts.alive, 0);
  EXPECT_GT(counts.made, 0);
}

TEST(Loop, destroys_small_captures_exactly_once) { expect_that_captures_never_leak<1>(); }
TEST(Loop, destroys_large_captures_exactly_once) { expect_that_captures_never_leak<4096>(); }

TEST(Loop, keeps_captures_where_their_alignment_wants_them) {
  struct alignas(64) Aligned {
    char first = 0;
  };
  Loop loop;
  bool aligned = false;
  loop.call_soon([value = Aligned{}, &aligned] {
    aligned = reinterpret_cast<std::uintptr_t>(&value) % 64 == 0;
  });
  turn(loop);
  EXPECT_TRUE(aligned);
}

TEST(Loop, a_capture_is_gone_before_the_next_call) {
  Loop loop;
  Counts counts;
  loop.call_soon([held = counted<1>(counts)] {});
  loop.call_soon([&] { EXPECT_EQ(counts.alive, 0); });
  turn(loop);
}

// Exceptions at the public edge.

TEST(Loop, an_exception_from_a_callback_reaches_the_handler_whole_and_stops_nobody) {
  Loop loop;
  std::string seen;
  loop.set_exception_handler([&](const Error& error) {
    try {
      error.raise();
    } catch (const std::out_of_range& thrown) {
      seen += thrown.what();
    }
    return Error{};
  });
  loop.call_soon([] { throw std::out_of_range("far"); });
  loop.call_soon([&] { seen += " next"; });
  turn(loop);
  EXPECT_EQ(seen, "far next");
}

TEST(Loop, an_error_that_a_callback_returns_is_reported_like_one_that_it_throws) {
  Loop loop;
  std::vector<Error> seen;
  loop.set_exception_handler([&](const Error& error) { seen.push_back(error); return Error{}; });
  loop.call_soon([] { return Error::user(7); });
  loop.call_soon([] { throw CancelledError{}; });
  loop.call_soon([]() -> Error { throw UserError(9); });
  turn(loop);
  ASSERT_EQ(seen.size(), 3u);
  EXPECT_EQ(seen[0].payload(), 7);
  EXPECT_TRUE(seen[1].cancelled());
  EXPECT_EQ(seen[2].payload(), 9);
}

TEST(Loop, what_the_exception_handler_throws_is_dropped) {
  Loop loop;
  bool next = false;
  loop.set_exception_handler([](const Error&) { throw std::runtime_error("again"); });
  loop.call_soon([] { throw 1; });
  loop.call_soon([&] { next = true; });
  EXPECT_NO_THROW(turn(loop));
  EXPECT_TRUE(next);
  EXPECT_FALSE(loop.is_running());
}

TEST(Loop, the_exception_handler_may_replace_itself) {
  Loop loop;
  std::string seen;
  loop.set_exception_handler([&, name = std::string("the first, which holds a string")](const Error&) {
    loop.set_exception_handler([&](const Error&) { seen += ", then the second"; return Error{}; });
    seen += name;
    return Error{};
  });
  loop.call_soon([] { throw 1; });
  loop.call_soon([] { throw 2; });
  turn(loop);
  EXPECT_EQ(seen, "the first, which holds a string, then the second");
}

TEST(Loop, without_a_handler_an_error_is_told_on_standard_error) {
  Loop loop;
  loop.call_soon([] { throw 1; });
  testing::internal::CaptureStderr();
  turn(loop);
  EXPECT_NE(testing::internal::GetCapturedStderr(), "");
}

TEST(Loop, an_exit_error_leaves_run_forever_and_the_rest_stays_queued) {
  Loop loop;
  bool handled = false, rest = false;
  loop.set_exception_handler([&](const Error&) { handled = true; return Error{}; });
  loop.call_soon([] { throw ExitError{3}; });
  loop.call_soon([&] { rest = true; });
  try {
    loop.run_forever();
    FAIL();
  } catch (const ExitError& exit) {
    EXPECT_EQ(exit.code, 3);
  }
  EXPECT_FALSE(handled);
  EXPECT_FALSE(rest);
  EXPECT_FALSE(loop.is_running());
  EXPECT_EQ(AbstractLoop::get_running_loop(), nullptr);
  turn(loop);
  EXPECT_TRUE(rest);
}

// Running, stopping, closing.

TEST(Loop, refuses_to_run_inside_a_running_loop) {
  Loop loop, other;
  int refused = 0;
  loop.call_soon([&] {
    EXPECT_EQ(AbstractLoop::get_running_loop(), &loop);
    for (Loop* inner : {&loop, &other}) {
      try {
        inner->run_forever();
      } catch (const RuntimeError&) {
        ++refused;
      }
    }
  });
  turn(loop);
  EXPECT_EQ(refused, 2);
  EXPECT_EQ(AbstractLoop::get_running_loop(), nullptr);
}

TEST(Loop, refuses_to_close_while_it_runs) {
  Loop loop;
  loop.call_soon([&] { EXPECT_THROW(loop.close(), RuntimeError); });
  turn(loop);
  EXPECT_FALSE(loop.is_closed());
}

TEST(Loop, once_closed_refuses_everything) {
  Loop loop;
  loop.close();
  loop.close();
  EXPECT_TRUE(loop.is_closed());
  EXPECT_THROW(loop.call_soon([] {}), RuntimeError);
  EXPECT_THROW(loop.call_at(0, [] {}), RuntimeError);
  EXPECT_THROW(loop.call_later(0, [] {}), RuntimeError);
  EXPECT_THROW(loop.call_soon_threadsafe([] {}), RuntimeError);
  EXPECT_THROW(loop.add_reader(0, [] {}), RuntimeError);
  EXPECT_THROW(loop.run_forever(), RuntimeError);
  EXPECT_THROW(create_task(loop, sleep(loop, 0)), RuntimeError);
  EXPECT_THROW(run_until_complete(loop, sleep(loop, 0)), RuntimeError);
  EXPECT_FALSE(loop.remove_reader(0));
}

TEST(Loop, captures_that_call_the_loop_as_they_die_are_refused_by_a_closing_loop) {
  struct Farewell {
    explicit Farewell(Loop& loop) : loop(&loop) {}
    Farewell(Farewell&& other) noexcept : loop(std::exchange(other.loop, nullptr)) {}
    ~Farewell() {
      if (!loop) return;
      EXPECT_FALSE(loop->try_call_soon([] {}));
      EXPECT_FALSE(loop->try_call_soon_threadsafe([] {}));
    }
    Loop* loop;
  };
  Loop loop;
  loop.call_soon([farewell = Farewell(loop)] {});
  loop.call_later(second, [farewell = Farewell(loop)] {});
  loop.call_soon_threadsafe([farewell = Farewell(loop)] {});
  loop.close();
}

// Timers.

TEST(Loop, timers_run_in_the_order_of_their_deadlines_and_then_of_their_registration) {
  VirtualTime time;
  Loop loop(time, time);
  std::string order;
  loop.call_later(2 * second, [&] { order += 'c'; });
  loop.call_later(1 * second, [&] { order += 'a'; });
  loop.call_later(1 * second, [&] { order += 'b'; });
  loop.call_later(3 * second, [&] { loop.stop(); });
  loop.run_forever();
  EXPECT_EQ(order, "abc");
  EXPECT_EQ(time.elapsed, 3 * second);
}

TEST(Loop, a_timer_set_by_a_timer_waits_for_the_next_poll) {
  VirtualTime time;
  Loop loop(time, time);
  std::size_t polls = 0;
  loop.call_later(0, [&] {
    polls = time.waits.size();
    loop.call_later(0, [&] { polls = time.waits.size() - polls; loop.stop(); });
  });
  loop.run_forever();
  EXPECT_EQ(polls, 1u);
}

TEST(Loop, a_cancelled_timer_wakes_nobody) {
  VirtualTime time;
  Loop loop(time, time);
  loop.call_later(5 * second, [] { FAIL(); })->cancel();
  loop.call_later(9 * second, [&] { loop.stop(); });
  loop.run_forever();
  EXPECT_EQ(time.waits, std::vector<Nanos>{9 * second});
}

TEST(Loop, takes_the_nearest_and_the_farthest_deadlines_there_are) {
  VirtualTime time;
  time.elapsed = 5 * second;
  Loop loop(time, time);
  std::string order;
  loop.call_at(forever, [] { FAIL(); });
  loop.call_later(forever, [] { FAIL(); });
  loop.call_at(-forever - 1, [&] { order += 'a'; });
  loop.run_forever();  // until it would wait for ever
  loop.call_later(-forever - 1, [&] { order += 'b'; });
  loop.run_forever();
  EXPECT_EQ(order, "ab");
}

// Threads.

TEST(Loop, a_call_from_another_thread_wakes_an_idle_loop) {
  Loop loop;
  std::thread::id ran_on;
  std::atomic<bool> idle = false;
  std::thread other([&] {
    while (!idle) std::this_thread::yield();
    loop.call_soon_threadsafe([&] {
      ran_on = std::this_thread::get_id();
      loop.stop();
    });
  });
  loop.call_soon([&] { idle = true; });
  loop.run_forever();
  other.join();
  EXPECT_EQ(ran_on, std::this_thread::get_id());
}

TEST(Loop, calls_from_many_threads_all_run_once_and_in_the_order_of_each_thread) {
  constexpr int threads = 4, calls = 500;
  Loop loop;
  std::array<std::vector<int>, threads> seen;
  int left = threads * calls;
  std::vector<std::thread> callers;
  for (int thread = 0; thread < threads; ++thread) {
    callers.emplace_back([&, thread] {
      for (int call = 0; call < calls; ++call) {
        loop.call_soon_threadsafe([&, thread, number = std::make_unique<int>(call)] {
          seen[thread].push_back(*number);
          if (--left == 0) loop.stop();
        });
      }
    });
  }
  loop.run_forever();
  for (std::thread& caller : callers) caller.join();
  for (const std::vector<int>& numbers : seen) {
    ASSERT_EQ(numbers.size(), std::size_t{calls});
    EXPECT_TRUE(std::is_sorted(numbers.begin(), numbers.end()));
  }
}

TEST(Loop, may_be_closed_while_other_threads_call_it) {
  Loop loop;
  std::atomic<int> accepted = 0;
  std::vector<std::thread> callers;
  for (int thread = 0; thread < 3; ++thread) {
    callers.emplace_back([&] {
      while (loop.try_call_soon_threadsafe([] {})) ++accepted;
    });
  }
  while (accepted < 100) turn(loop);
  loop.close();
  for (std::thread& caller : callers) caller.join();  // each was refused at last
  EXPECT_FALSE(loop.try_call_soon_threadsafe([] {}));
}

TEST(Loop, every_thread_runs_a_loop_of_its_own) {
  std::array<AbstractLoop*, 2> running{};
  std::array<Loop, 2> loops;
  std::vector<std::thread> threads;
  for (int i : {0, 1}) {
    threads.emplace_back([&, i] {
      loops[i].call_soon([&, i] {
        running[i] = AbstractLoop::get_running_loop();
        // Neither stops before the other has run.
        loops[1 - i].call_soon_threadsafe([&, i] { loops[1 - i].stop(); });
      });
      loops[i].run_forever();
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(running[0], &loops[0]);
  EXPECT_EQ(running[1], &loops[1]);
}

// Descriptors.

/// Two connected descriptors; what is written to the second is read from the first.
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
  char read() {
    char byte = 0;
    return ::read(fd[0], &byte, 1) == 1 ? byte : '-';
  }
  void write(char byte) { EXPECT_EQ(::write(fd[1], &byte, 1), 1); }
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

TEST(Loop, a_reader_is_called_in_every_pass_that_finds_data) {
  Loop loop;
  Pipe ends;
  std::string seen;
  loop.add_reader(ends.fd[0], [&] { seen += ends.read(); });
  turn(loop);
  EXPECT_EQ(seen, "");
  for (char byte : {'a', 'b'}) ends.write(byte);
  for (int pass = 0; pass < 3; ++pass) turn(loop);
  EXPECT_EQ(seen, "ab");
  EXPECT_TRUE(loop.remove_reader(ends.fd[0]));
  EXPECT_FALSE(loop.remove_reader(ends.fd[0]));
  ends.write('c');
  turn(loop);
  EXPECT_EQ(seen, "ab");
}

TEST(Loop, data_from_another_thread_wakes_an_idle_loop) {
  Loop loop;
  SocketPair ends;
  char seen = 0;
  loop.add_reader(ends.fd[0], [&] {
    seen = ends.read();
    loop.stop();
  });
  std::thread other([&] { ends.write('x'); });
  loop.run_forever();
  other.join();
  EXPECT_EQ(seen, 'x');
}

TEST(Loop, a_writer_is_called_when_there_is_room_again) {
  Loop loop;
  Pipe ends;
  ends.fill();
  int calls = 0;
  loop.add_writer(ends.fd[1], [&] { ++calls; });
  turn(loop);
  EXPECT_EQ(calls, 0);
  for (int i = 0; i < 8192; ++i) (void)ends.read();
  turn(loop);
  EXPECT_EQ(calls, 1);
}

TEST(Loop, one_descriptor_has_a_reader_and_a_writer_apart) {
  Loop loop;
  SocketPair ends;
  std::string calls;
  loop.add_writer(ends.fd[0], [&] { calls += 'w'; });
  loop.add_reader(ends.fd[0], [&] { calls += 'r'; });
  ends.write('x');
  turn(loop);
  EXPECT_EQ(calls, "rw");
  loop.remove_writer(ends.fd[0]);
  turn(loop);
  EXPECT_EQ(calls, "rwr");
}

template <class Kind>
void expect_that_a_reader_learns_of_the_end() {
  Loop loop;
  Kind ends;
  int calls = 0;
  loop.add_reader(ends.fd[0], [&] { ++calls; });
  ends.close(1);
  turn(loop);
  EXPECT_EQ(calls, 1);
}

TEST(Loop, a_reader_learns_that_the_writing_end_of_its_pipe_is_gone) {
  expect_that_a_reader_learns_of_the_end<Pipe>();
}
TEST(Loop, a_reader_learns_that_the_other_socket_is_gone) {
  expect_that_a_reader_learns_of_the_end<SocketPair>();
}

TEST(Loop, a_writer_learns_that_the_reading_end_is_gone) {
  Loop loop;
  Pipe ends;
  ends.fill();
  int calls = 0;
  loop.add_writer(ends.fd[1], [&] { ++calls; });
  ends.close(0);
  turn(loop);
  EXPECT_EQ(calls, 1);
}

TEST(Loop, a_new_reader_replaces_the_old_and_frees_its_capture) {
  Loop loop;
  Pipe ends;
  Counts counts;
  std::string calls;
  loop.add_reader(ends.fd[0], [&, held = counted<100>(counts)] { calls += "old"; });
  loop.add_reader(ends.fd[0], [&] { calls += "new"; });
  EXPECT_EQ(counts.alive, 0);
  ends.write('x');
  turn(loop);
  EXPECT_EQ(calls, "new");
}

TEST(Loop, a_reader_may_remove_itself_and_keeps_its_capture_to_the_end_of_its_call) {
  Loop loop;
  Pipe ends;
  Counts counts;
  loop.add_reader(ends.fd[0], [&, held = counted<100>(counts)] {
    EXPECT_TRUE(loop.remove_reader(ends.fd[0]));
    EXPECT_EQ(held.counts.alive, 1);
  });
  ends.write('x');
  turn(loop);
  EXPECT_EQ(counts.alive, 0);
}

TEST(Loop, a_reader_removed_in_the_pass_that_found_its_data_is_not_called) {
  Loop loop;
  Pipe ends;
  ends.write('x');
  loop.add_reader(ends.fd[0], [] { FAIL(); });
  loop.call_soon([&] { loop.remove_reader(ends.fd[0]); });
  turn(loop);
}

TEST(Loop, a_reader_that_throws_stays) {
  Loop loop;
  Pipe ends;
  int errors = 0;
  loop.set_exception_handler([&](const Error&) { ++errors; return Error{}; });
  loop.add_reader(ends.fd[0], [] { throw 1; });
  ends.write('x');
  turn(loop);
  turn(loop);
  EXPECT_EQ(errors, 2);
}

TEST(Loop, refuses_a_descriptor_that_cannot_be_waited_for_and_goes_on) {
  Loop loop;
  int file = ::open("/proc/self/exe", O_RDONLY | O_CLOEXEC);
  ASSERT_GE(file, 0);
  EXPECT_THROW(loop.add_reader(file, [] { FAIL(); }), RuntimeError);
  EXPECT_FALSE(loop.remove_reader(file));
  ::close(file);
  EXPECT_NO_THROW(turn(loop));
}

TEST(Loop, close_frees_its_readers_even_when_their_captures_remove_others) {
  struct Remover {
    explicit Remover(Loop& loop, int descriptor) : loop(&loop), descriptor(descriptor) {}
    Remover(Remover&& other) noexcept
        : loop(std::exchange(other.loop, nullptr)), descriptor(other.descriptor) {}
    ~Remover() {
      if (loop) loop->remove_reader(descriptor);
    }
    Loop* loop;
    int descriptor;
  };
  Loop loop;
  Pipe one, two;
  loop.add_reader(one.fd[0], [remover = Remover(loop, two.fd[0])] {});
  loop.add_reader(two.fd[0], [remover = Remover(loop, one.fd[0])] {});
  loop.close();
  EXPECT_FALSE(loop.remove_reader(one.fd[0]));
  EXPECT_FALSE(loop.remove_reader(two.fd[0]));
}

}  // namespace
}  // namespace cede::reference
