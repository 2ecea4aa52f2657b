// Real threads beside the loop's, of which exactly one moves at a time: whoever has the baton. So two
// plays give the same trace, and what the loop promises about threads is tried with threads.
//
// The loop's thread hands the baton over at an appointment, inside its own wait or while a job is busy,
// and gets it back when the other has done its work. A thread that has woken the loop hands it back at
// once: the loop then does what it was woken for before the call that woke it has returned.
#pragma once

#include <cstdint>
#include <functional>
#include <semaphore>
#include <thread>

namespace cede {

class World;

/// Goes between the loop's thread and one other.
class Baton {
 public:
  explicit Baton(std::uint8_t thread) : thread_(thread) {}

  /// On the loop's thread: comes back when the other has given it back.
  void hand_over();
  /// ... of a call that has woken the loop and not returned yet, if there is one.
  void let_call_return();

  // On the other thread.

  void take();
  void give_back();
  /// The loop goes on until its next wait.
  void let_loop_go_on(World& world);
  /// The loop goes on until `ready` is true at the beginning of a wait; false if the play ends before.
  bool wait(World& world, std::function<bool()> ready);

  /// The one that the calling thread has; null on the loop's.
  static Baton* mine();
  /// The number of the calling thread; 0 for the loop's.
  static std::uint8_t thread();

 private:
  struct Wait {
    std::function<bool()> ready;
    bool is_ready = false;
  };
  void look(World& world, Wait& wait);

  std::uint8_t thread_;
  bool is_returning_ = false;
  std::binary_semaphore go_{0}, back_{0};
};

/// A thread that does what it is told while it has the baton. It lives as long as the loop's thread.
class OtherThread {
 public:
  explicit OtherThread(std::uint8_t number);
  ~OtherThread();

  /// The first, and the first that has nothing to do, of those beside the calling thread.
  static OtherThread& first();
  static OtherThread& idle();

  /// On the loop's thread: comes back when the work is over, or waits for the loop.
  void start(std::function<void()> work);
  Baton& baton() { return baton_; }

 private:
  void live();

  Baton baton_;
  std::function<void()> work_;  // none while it is idle
  bool over_ = false;
  std::thread thread_;
};

}  // namespace cede
