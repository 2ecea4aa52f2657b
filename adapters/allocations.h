// How much the program asks `new` for, counted on each thread.
#pragma once

#include <cstdint>

namespace cede {

struct Allocations {
  std::int64_t bytes = 0;  // asked for, ever
  std::int64_t alive = 0;  // blocks that have not been given back
};

/// Up to now, by the calling thread.
Allocations allocations();

}  // namespace cede
