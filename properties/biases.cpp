#include "properties/bias.h"

namespace cede {

std::span<const Bias> biases() {
  static const std::array list{cancellation_bias(), threads_bias(), context_bias()};
  return list;
}

}  // namespace cede
