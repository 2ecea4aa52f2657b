// The reference loop, for the fuzz target.
#include "adapters/adapters.h"

extern "C" const cede::Adapter* cede_adapter() { return &cede::reference_adapter(); }
