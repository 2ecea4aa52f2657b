// Where a loop's time comes from. It is given to the loop, so that the same loop runs in real and
// in virtual time.
#pragma once

#include "reference/handle.h"

namespace cede::reference {

class Clock {
 public:
  virtual ~Clock() = default;
  /// Never goes back.
  virtual Nanos now() = 0;
};

/// The system's monotonic clock.
class MonotonicClock : public Clock {
 public:
  Nanos now() override;
};

}  // namespace cede::reference
