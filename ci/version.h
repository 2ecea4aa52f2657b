// The suite's version. The seed of `run` is fixed by it, so that other people's builds turn red for
// a reason of theirs.
#pragma once

#include <cstdint>
#include <string_view>

namespace cede {

inline constexpr std::string_view version = "0.1.0";
inline constexpr std::uint64_t run_seed = 20261122;

}  // namespace cede
