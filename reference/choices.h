// The choices that the contract leaves to a loop, handed to whoever wants to make them.
#pragma once

#include <cstddef>

namespace cede::reference {

class Choices {
 public:
  virtual ~Choices() = default;

  /// Which of `n` goes first, counted from 0: of timers with equal deadlines, in the order in which
  /// they were registered (TIMER-4); of descriptors that are ready together, as the system names
  /// them. Asked once for each place but the last.
  virtual std::size_t pick(std::size_t n) = 0;
};

}  // namespace cede::reference
