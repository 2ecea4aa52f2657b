#include "properties/bias.h"

namespace cede {

std::span<const Bias> biases() {
  static const std::array list{any_scopes()};
  return list;
}

}  // namespace cede
