// The judges of all chapters, in one list.
#include <vector>

#include "properties/property.h"

namespace cede {

std::span<const Property> properties() {
  static const std::vector<Property> all = [] {
    std::vector<Property> all;
    for (auto chapter : {coroutines(), awaiting(), futures(), tasks(), cancellation(), passes(), timers(), readiness(),
                         threads(), sleeping(), combinators(), scopes(), groups(), synchronisation(), conditions(),
                         semaphores(), queues(), generators(), context(), lifetime(), liveness(),
                          complexity()})
      all.insert(all.end(), chapter.begin(), chapter.end());
    return all;
  }();
  return all;
}

}  // namespace cede
