// The small scope: every program of a few steps over a small alphabet. Most bugs show in small
// programs, and of these none is left to chance.
#pragma once

#include <cstdint>
#include <functional>
#include <span>

#include "spec/scenario.h"

namespace cede {

/// Each step that a program may have, of two callbacks `a` and `b`, two tasks `t` and `u`, a coroutine
/// `c` that `t` awaits inline, and a future `f`.
std::span<const Step> alphabet();

/// Gives `check` every program of at most so many steps, until it returns false; true if it never
/// did. Lists of steps that are played alike are one program: it does not matter how the lines of
/// different scripts are mingled, and a script that no line starts has none.
bool for_all_programs(std::size_t steps, const std::function<bool(const Scenario&)>& check);

/// How many programs these are.
std::uint64_t count_programs(std::size_t steps);

}  // namespace cede
