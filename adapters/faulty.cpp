// The door of a faulty loop: the reference, in a copy to which one diff of adapters/faults/ has been
// applied. Which fault it is, the command knows from the name of the module.
#include "adapters/adapters.h"

namespace cede {

extern "C" bool cede_adapter(std::string_view, Adapter& adapter) {
  adapter = reference_adapter();
  return true;
}

}  // namespace cede
