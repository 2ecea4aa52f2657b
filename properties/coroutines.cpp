// spec/01-coroutines.md
#include "properties/property.h"

namespace cede {

std::span<const Property> coroutines() { return {}; }

}  // namespace cede
