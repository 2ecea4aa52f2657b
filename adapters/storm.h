// What much of the same costs a loop, counted: in bytes allocated, entries held, stack used.
#pragma once

#include <functional>
#include <memory>
#include <optional>

#include "reference/abstract_loop.h"
#include "spec/name.h"

namespace cede {

/// How many times as much it costs for four times as many, rounded: 4 where each costs the same, 1 where
/// all of them together cost as much as a few, 16 where each costs as much as all. Nothing for a kind
/// that there is not. Each measurement takes a new loop.
///
/// jobs: bytes allocated for callbacks queued at once, half of them cancelled, and the run.
/// waiters: bytes allocated for callbacks that wait for one future, and the run.
/// timers: blocks held after far timers were made and cancelled, while the loop runs.
/// calls, awaits: stack used by inline awaits one after another, and awaits of a future that is done.
/// tasks: stack used by tasks that wait for each other, when the innermost ends.
std::optional<int> storm(Name kind, const std::function<std::unique_ptr<reference::AbstractLoop>()>& make_loop);

}  // namespace cede
