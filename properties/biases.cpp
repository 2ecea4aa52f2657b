// The families that the generator says beside the core: one line each.
#include "properties/bias.h"

namespace cede {

std::span<const Bias> biases() {
  static const std::array list{cancellation_bias(), combinators_bias(), scopes_bias(),   synchronisation_bias(),
                               readiness_bias(),    threads_bias(),     lifetime_bias(), generators_bias(),
                               context_bias()};
  return list;
}

}  // namespace cede
