// What is wrong with an adapter: known scenarios, and for each what it means if it goes otherwise.
#pragma once

#include "adapters/adapter.h"

namespace cede {

/// Plays each scenario in a process of its own, and tells how it goes. False after the first that goes wrong, for
/// which it tells what to change.
bool check_adapter(const Adapter& adapter);

}  // namespace cede
