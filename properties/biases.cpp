#include "properties/bias.h"

namespace cede {

std::span<const Bias> biases() {
  static const std::array list{threads_bias(), context_bias()};
  return list;
}

}  // namespace cede
