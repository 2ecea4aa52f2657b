// Changes scenarios and crosses them, for a fuzzer that keeps what showed something new. New lines
// are drawn from the generator, so that both ways of making scenarios speak with the same weights.
#pragma once

#include <cstddef>

#include "properties/random.h"
#include "spec/scenario.h"

namespace cede {

/// A scenario does not grow beyond this: scripts fall silent after 64 jobs anyway.
inline constexpr std::size_t steps_max = 64;

/// Changes the scenario in one to four places: a line is added, drawn anew, moved within its script or
/// given another argument; a run of lines is taken away or doubled. There is at least one line then.
void mutate(Scenario& scenario, Random& random);

/// A child of two scenarios: the beginning of one and the end of the other, or one with a run of
/// lines, or a whole script, of the other. Empty only if both are.
Scenario cross_over(const Scenario& a, const Scenario& b, Random& random);

}  // namespace cede
