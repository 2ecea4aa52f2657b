// spec/07-timers.md
#include "properties/property.h"

namespace cede {

std::span<const Property> timers() { return {}; }

}  // namespace cede
