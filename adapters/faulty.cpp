// The door of a faulty loop: the reference, in a copy to which one diff of adapters/faults/ has been
// applied. Which fault it is, the command knows from the name of the module.
#include "adapters/adapters.h"

extern "C" [[gnu::visibility("default")]] const cede::Adapter* cede_adapter() {
  return &cede::reference_adapter();
}
