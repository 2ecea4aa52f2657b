// What tests of the loop stand in: a time that jumps over waits, and passes one by one.
#pragma once

#include <vector>

#include "reference/loop.h"

namespace cede::reference {

struct VirtualTime : Clock, Selector {
  Nanos now() override { return elapsed; }
  bool add(int, Interest) override { return true; }
  void remove(int, Interest) override {}
  void select(Nanos timeout, std::vector<Ready>&) override {
    waits.push_back(timeout);
    if (timeout != forever) elapsed += timeout;
    else AbstractLoop::get_running_loop()->stop();  // nothing will ever happen
  }
  void wake() override {}

  Nanos elapsed = 0;
  std::vector<Nanos> waits;
};

/// One pass, or some.
inline void turn(Loop& loop, int passes = 1) {
  for (; passes > 0; --passes) {
    loop.stop();
    loop.run_forever();
  }
}

}  // namespace cede::reference
