// What is wrong with a driver: what the protocol asks of it, one thing after the other (adapters/drivers/README.md).
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace cede {

struct WireCheck {
  std::string_view name;
  /// What to change, talking to a driver that this command begins; empty if nothing. Throws DriverFailure.
  std::string (*hint)(const std::vector<std::string>& command);
};

/// In the order in which one needs the other.
std::span<const WireCheck> wire_checks();

/// What to change in a driver that has failed like this.
std::string hint_on_driver(const std::string& words);

}  // namespace cede
