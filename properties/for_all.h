// RapidCheck as the driver, behind one function, since its headers are dear to compile.
#pragma once

#include <cstdint>
#include <functional>

#include "spec/scenario.h"

namespace cede {

/// Gives `check` scenarios that follow from the seed, `count` of them behind the first `skipped`, until it returns
/// false. True if it never did. `skipping` is called now and then on the way to the first of them.
bool for_all_scenarios(std::uint64_t seed, std::uint64_t skipped, std::uint64_t count,
                       const std::function<bool(const Scenario&)>& check,
                       const std::function<void()>& skipping = [] {});

/// The first of them.
inline bool for_all_scenarios(std::uint64_t seed, std::uint64_t count,
                              const std::function<bool(const Scenario&)>& check) {
  return for_all_scenarios(seed, 0, count, check);
}

}  // namespace cede
