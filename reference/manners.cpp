#include "reference/manners.h"

namespace cede::reference {

Manners& manners() {
  static thread_local Manners manners;
  return manners;
}

}  // namespace cede::reference
