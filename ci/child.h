// A job in a process of its own, since a broken loop may take its process down with it.
#pragma once

#include <sys/types.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <chrono>
#include <cstdint>
#include <functional>
#include <span>
#include <string>
#include <string_view>

#include "ci/activity.h"

namespace cede {

/// What a child shows while it works, in memory that it shares with its parent: what it is at, and that it goes on.
class Pulse {
 public:
  /// Begins with something new: number 0 if only the text says what it is.
  void beat(std::uint64_t number, std::string_view text = {});
  std::uint64_t number() const { return number_.load(); }
  /// Whatever a broken child has written over it.
  std::string text() const { return {text_.data(), std::min<std::uint64_t>(length_.load(), text_.size())}; }
  std::uint64_t beats() const { return beats_.load(); }

 private:
  std::atomic<std::uint64_t> beats_{0}, number_{0}, length_{0};
  std::array<char, 1 << 16> text_;
};

class Child {
 public:
  /// How its process ended.
  enum class How {
    done,       // the job returned
    left,       // it left by itself before that
    aborted,    // it gave up: abort, a failed assertion, an exception that nobody caught
    corrupted,  // ... because the C library found its memory broken
    crashed,    // a signal ended it
    endless,    // it computed and computed: no beat for seconds of its own time
    blocked,    // it waited and waited: no beat, and not a moment of its own time
    garbled,    // it wrote to descriptors that are none of its own, and over the answer
    printed,    // it wrote to standard output, which is not a loop's to write to
    driver,     // the driver behind which its loop is has failed, though it has not
  };
  struct End {
    How how = How::done;
    std::string said;     // what the job returned
    std::string printed;  // the beginning of what it, and its driver, wrote to standard output and standard error
    std::string words() const;  // how it ended, for people: "ended by Aborted"
    int code = 0;  // of its exit, or the signal
    std::string driver;  // what that has done
  };

  /// Begins the job, which may go so many seconds without a beat, of its own time or of waiting.
  explicit Child(const std::function<std::string(Pulse&)>& job, double patience = 10);
  Child(Child&& other) noexcept;
  /// Ends the process and all that it has begun.
  ~Child();

  const Pulse& pulse() const { return *pulse_; }
  /// Looks after it: true once it has ended.
  bool has_ended();
  /// Waits for the end.
  End end();
  /// Asks it to come to an end and say what it has.
  void interrupt() const;

  /// Waits until one of them has ended, at most for a moment.
  static void wait_for_any(std::span<Child* const> children);
  /// For the job: ends this process if something was written to standard output, or where its answer will be.
  static void leave_if_scribbled();
  /// From here on this process also ends what children have begun and left behind. Children of another kind must not
  /// be begun any more.
  static void adopt_strays();

 private:
  [[noreturn]] void fail();
  void release();
  void look_after();
  void stop(How how);
  void collect(int status);

  Pulse* pulse_ = nullptr;
  pid_t process_ = -1;
  int alive_ = -1;  // to wait for its end with
  int answer_ = -1, out_ = -1, err_ = -1;
  End end_;
  double patience_;
  std::uint64_t beats_ = 0;  // when it was looked at last
  double computed_ = 0;      // by it and its children, until its last beat
  Activity looked_;
  std::chrono::steady_clock::time_point since_;
};

std::string_view spelling(Child::How how);

}  // namespace cede
