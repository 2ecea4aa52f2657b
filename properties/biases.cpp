#include "properties/bias.h"

namespace cede {
namespace {

const std::array list{readiness_bias};

}  // namespace

std::span<const Bias> biases() { return list; }

}  // namespace cede
