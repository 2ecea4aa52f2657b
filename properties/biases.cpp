#include "properties/bias.h"

namespace cede {
namespace {

const std::array list{cancellation_bias()};

}  // namespace

std::span<const Bias> biases() { return list; }

}  // namespace cede
