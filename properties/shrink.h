// Makes a scenario as small as it can be while it still does what it did.
#pragma once

#include <functional>

#include "spec/scenario.h"

namespace cede {

/// Whether a scenario still shows what the first one showed.
using StillFails = std::function<bool(const Scenario&)>;

/// Fewer steps are simpler; of as many, those with simpler verbs, shorter times, smaller values and
/// names nearer to the beginning of the alphabet. A total order.
bool simpler(const Scenario& a, const Scenario& b);

/// The simplest scenario that is reached by taking away lines, singly and in runs, replacing verbs,
/// times, values and names by simpler ones, and swapping lines, each step of which still fails.
Scenario shrink(Scenario scenario, const StillFails& still_fails);

}  // namespace cede
