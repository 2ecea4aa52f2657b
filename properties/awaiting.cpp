// spec/02-awaiting.md
#include "properties/property.h"

namespace cede {

std::span<const Property> awaiting() { return {}; }

}  // namespace cede
