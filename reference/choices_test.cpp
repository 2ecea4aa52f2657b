// Whoever makes the loop's free choices is asked where there is a choice, and nowhere else.
#include "reference/choices.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <array>
#include <string>
#include <vector>

#include "reference/loop.h"

namespace cede::reference {
namespace {

/// Picks what it is told to, and remembers of how many.
struct Told : Choices {
  explicit Told(std::vector<std::size_t> picks) : picks(std::move(picks)) {}
  std::size_t pick(std::size_t n) override {
    asked.push_back(n);
    return asked.size() <= picks.size() ? picks[asked.size() - 1] : 0;
  }
  std::vector<std::size_t> picks, asked;
};

/// A clock that stands still.
struct Now : Clock {
  Nanos now() override { return 1'000; }
};

/// What the loop calls in one pass, letter by letter.
class Called {
 public:
  explicit Called(Choices* choices) : loop(clock, selector, choices) {}

  Callback letter(char letter) {
    return [this, letter] { return text += letter, Error{}; };
  }
  std::string in_one_pass() {
    loop.stop();
    loop.run_forever();
    return std::exchange(text, "");
  }

  Now clock;
  EpollSelector selector;
  Loop loop;
  std::string text;
};

void make_timers(Called& called) {
  for (char letter : {'a', 'b', 'c'}) called.loop.call_at(900, called.letter(letter));
  called.loop.call_at(800, called.letter('z'));
}

TEST(Choices, left_out_let_timers_with_equal_deadlines_run_in_the_order_of_registration) {
  Called called(nullptr);
  make_timers(called);
  EXPECT_EQ(called.in_one_pass(), "zabc");
}

TEST(Choices, say_which_of_equal_deadlines_goes_first_one_place_after_the_other) {
  Told last({2, 1});
  Called called(&last);
  make_timers(called);
  EXPECT_EQ(called.in_one_pass(), "zcba");
  EXPECT_EQ(last.asked, (std::vector<std::size_t>{3, 2})) << "never about z, nor about the last";
}

TEST(Choices, of_equal_deadlines_in_different_passes_are_not_asked_for) {
  Told last({1});
  Called called(&last);
  called.loop.call_at(900, called.letter('a'));
  EXPECT_EQ(called.in_one_pass(), "a");
  called.loop.call_at(900, called.letter('b'));
  EXPECT_EQ(called.in_one_pass(), "b");
  EXPECT_TRUE(last.asked.empty());
}

struct Pair {
  Pair() {
    EXPECT_EQ(pipe2(fd.data(), O_NONBLOCK | O_CLOEXEC), 0);
    EXPECT_EQ(write(fd[1], "x", 1), 1);
  }
  ~Pair() {
    close(fd[0]);
    close(fd[1]);
  }
  std::array<int, 2> fd{};
};

TEST(Choices, say_which_of_the_descriptors_that_are_ready_goes_first) {
  for (std::size_t pick : {0u, 1u, 2u}) {
    Told told({pick});
    Called called(&told);
    std::array<Pair, 3> pairs;
    std::string in_order = "abc";
    for (std::size_t i = 0; i < pairs.size(); ++i) called.loop.add_reader(pairs[i].fd[0], called.letter(in_order[i]));
    std::string first = in_order.substr(pick, 1);
    in_order.erase(pick, 1);
    EXPECT_EQ(called.in_one_pass(), first + in_order);
    EXPECT_EQ(told.asked, (std::vector<std::size_t>{3, 2}));
  }
}

}  // namespace
}  // namespace cede::reference
