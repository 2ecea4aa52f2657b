// Free choices at random, the same for the same scenario, so that a replay makes them again.
#pragma once

#include <string>

#include "properties/random.h"
#include "reference/choices.h"
#include "spec/scenario.h"

namespace cede {

class AnyChoices : public reference::Choices {
 public:
  void begin(const Scenario& scenario) {
    std::uint64_t seed = 0xCBF29CE484222325;  // FNV-1a of its text
    for (unsigned char c : to_string(scenario)) seed = (seed ^ c) * 0x100000001B3;
    random_ = Random(seed);
  }

  std::size_t pick(std::size_t n) override { return random_.below(static_cast<std::uint32_t>(n)); }

 private:
  Random random_{0};
};

}  // namespace cede
