// The reference loop, for the fuzz target.
#include "adapters/adapters.h"

namespace cede {

extern "C" bool cede_adapter(std::string_view, Adapter& adapter) {
  adapter = reference_adapter();
  return true;
}

}  // namespace cede
