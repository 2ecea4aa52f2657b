// Scenarios on their way to a loop that takes some ahead (Adapter::send_ahead).
#pragma once

#include <array>
#include <cstdint>
#include <functional>

#include "adapters/adapter.h"

namespace cede {

/// Hands scenarios on in the order in which they come. Those of a loop behind a driver are sent when they come, and
/// handed on when it is their turn, which is some later: meanwhile the driver plays.
class InTurn {
 public:
  using Play = std::function<void(std::uint64_t number, const Scenario&)>;
  /// `play` has to run each of them on that loop, once and at that pace.
  InTurn(const Adapter& adapter, World::Pace pace, Play play)
      : adapter_(adapter), pace_(pace), play_(std::move(play)) {}

  void come(std::uint64_t number, const Scenario& scenario);
  /// Hands on all that are left.
  void finish();

 private:
  struct Turn {
    std::uint64_t number;
    Scenario scenario;
  };
  void hand_on();

  const Adapter& adapter_;
  World::Pace pace_;
  Play play_;
  std::array<Turn, 16> turns_;  // a ring
  std::size_t first_ = 0, count_ = 0;
};

}  // namespace cede
