// What a process and all that it has begun are doing, as the kernel accounts for it.
#pragma once

#include <sys/types.h>

#include <vector>

namespace cede {

struct Activity {
  bool is_busy = false;     // one of them computes, or waits for a disk
  double computed = 0;      // seconds that they have had of processors, all together
  double kept_waiting = 0;  // ... that they were ready for one and others had it
};

/// Of a process that is gone nothing is known.
Activity activity_of(pid_t process);

std::vector<pid_t> children_of(pid_t process);

}  // namespace cede
