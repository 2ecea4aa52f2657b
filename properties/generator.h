// Where scenarios come from: a plain function from a random source to a scenario, weighted by verb
// and biased so that every clause is reached.
#pragma once

#include <span>

#include "properties/random.h"
#include "spec/scenario.h"

namespace cede {

/// A scenario of 12 to 14 steps on average. Each draws its own subset of the verbs (swarm), since what is
/// left out lets the rest go deeper. Reuses the memory of `scenario`.
void any_scenario(Random& random, Scenario& scenario);
Scenario any_scenario(Random& random);
/// The same with so many steps.
void any_scenario(Random& random, std::uint32_t steps, Scenario& scenario);

/// A step that any_scenario could have made, for mutating one.
Step any_step(Random& random);

}  // namespace cede
