#include "properties/bias.h"

namespace cede {
namespace {

const std::array list{cancellation_bias(), scopes_bias(), lifetime_bias(), generators_bias()};

}  // namespace

std::span<const Bias> biases() { return list; }

}  // namespace cede
