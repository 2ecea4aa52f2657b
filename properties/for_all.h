// RapidCheck as the driver, behind one function, since its headers are dear to compile.
#pragma once

#include <cstdint>
#include <functional>

#include "spec/scenario.h"

namespace cede {

/// Gives `check` the first `count` scenarios that follow from the seed, until it returns false.
/// True if it never did.
bool for_all_scenarios(std::uint64_t seed, std::uint64_t count,
                       const std::function<bool(const Scenario&)>& check);

}  // namespace cede
