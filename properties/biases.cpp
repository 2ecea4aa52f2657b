#include "properties/bias.h"

namespace cede {
std::span<const Bias> biases() {
  static const std::array list{any_lifetime, any_generators};
  return list;
}

}  // namespace cede
