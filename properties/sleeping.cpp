// spec/10-sleeping.md
#include "properties/property.h"

namespace cede {

std::span<const Property> sleeping() { return {}; }

}  // namespace cede
