// An event: a flag that coroutines wait for.
#pragma once

#include "reference/waiters.h"

namespace cede::reference {

class Event {
 public:
  explicit Event(AbstractLoop& loop) : waiters_(loop) {}

  bool is_set() const { return set_; }
  /// Raises the flag and wakes all who wait, in the order in which they came (EVENT-1).
  void set();
  /// Lowers the flag. Who was woken before goes on all the same (EVENT-2).
  void clear() { set_ = false; }
  /// Goes straight on while the flag is up (EVENT-1).
  Coroutine<bool> wait();

 private:
  bool set_ = false;
  Waiters waiters_;
};

}  // namespace cede::reference
