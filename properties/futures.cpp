// spec/03-futures.md
#include "properties/property.h"

namespace cede {

std::span<const Property> futures() { return {}; }

}  // namespace cede
