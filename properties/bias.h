// What a family of verbs adds to the generator: how often its verbs are said, by which names, and small
// patterns of steps that seldom come about by themselves. Each family's is in any_<family>.cpp.
#pragma once

#include <algorithm>
#include <array>
#include <span>
#include <vector>

#include "properties/random.h"
#include "spec/scenario.h"

namespace cede {

struct Weight {
  Verb verb;
  std::uint32_t weight;
};

struct Bias {
  std::span<const Weight> weights;
  /// What to write at the next name of the step; no name leaves the choice to the core. May be null.
  Name (*name)(Random& random, const Step& step, Arg arg) = nullptr;
  /// Adds a few steps that together make a clause decisive. May be null.
  void (*motif)(Random& random, std::vector<Step>& steps) = nullptr;
};

/// All there are; the core is the generator's own.
std::span<const Bias> biases();
Bias cancellation_bias();
Bias combinators_bias();
Bias scopes_bias();
Bias synchronisation_bias();
Bias readiness_bias();
Bias threads_bias();
Bias context_bias();
Bias lifetime_bias();
Bias generators_bias();

// Few names, so that they meet. A name's kind says how its script is played; the generator tells names
// of scripts apart by their first letters.
inline constexpr std::array callback_names{Name("a"), Name("b"), Name("c"), Name("d")};
inline constexpr std::array task_names{Name("t"), Name("u"), Name("v"), Name("w")};
inline constexpr std::array coroutine_names{Name("p"), Name("q"), Name("r")};
inline constexpr std::array future_names{Name("f"), Name("g"), Name("h")};

template <std::size_t n>
bool is_one_of(const std::array<Name, n>& names, Name name) {
  return std::ranges::find(names, name) != names.end();
}
template <std::size_t n>
Name pick(Random& random, const std::array<Name, n>& names) {
  return names[random.below(n)];
}

}  // namespace cede
