// Puts a loop that knows nothing of it into a world: while one is current on a thread, the clocks,
// the waits and the timer descriptors of the C library are the world's on that thread.
//
// virtual_time.cpp defines these names in the executable itself, where the dynamic linker looks
// first. So an unmodified shared library follows, if it is on the link line; one that is opened
// later follows when the executable is linked with -rdynamic. Without a world all is as ever: the
// harness, GoogleTest and libFuzzer see the real time.
//
// Sockets, pipes and descriptors stay the kernel's. What a program asks of the kernel past the C
// library (io_uring, Go, `signalfd` alarms, timed waits for mutexes and conditions) stays real.
#pragma once

#include <string_view>

#include "adapters/world.h"

namespace cede {

/// The world is current on this thread for as long as this exists; may be nested. The world has to
/// outlive the timer descriptors that are made in it.
class InWorld {
 public:
  /// `who` lives there; its name is told when it cannot be ended (see below).
  explicit InWorld(World& world, std::string_view who = "the loop") : InWorld(&world, who) {}
  ~InWorld();
  InWorld(const InWorld&) = delete;
  InWorld& operator=(const InWorld&) = delete;

 protected:
  InWorld(World* world, std::string_view who);

 private:
  World* outer_;
  std::string_view outer_who_;
};

/// The real world, for a stretch inside a virtual one.
class OutsideWorlds : private InWorld {
 public:
  OutsideWorlds() : InWorld(nullptr, {}) {}
};

/// The world that is current on this thread, or null.
World* current_world();

/// How the process ends when a loop goes on waiting after it was told to stop again and again.
/// `Stuck` cannot be thrown through the C frames of a loop.
inline constexpr int exit_cannot_be_ended = 6;

/// libFuzzer's timer may ring inside a world, and its handler would take virtual for real time and
/// call the run timed out. Call this once the handler is installed: it then runs outside worlds.
void wrap_sigalrm_outside_worlds();

}  // namespace cede
