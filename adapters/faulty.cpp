// A faulty loop: the reference, in a copy to which one diff of adapters/faults/ has been applied,
// and everything that is compiled against it. The build puts the copy first among the includes.
#include "reference/abstract_loop.cpp"
#include "reference/future.cpp"
#include "reference/loop.cpp"
#include "reference/run.cpp"
#include "reference/selector.cpp"
#include "reference/task.cpp"

#include "adapters/play.cpp"
#include "adapters/reference.cpp"

extern "C" [[gnu::visibility("default")]] const cede::Adapter* cede_adapter() {
  static const cede::Adapter adapter = [] {
    cede::Adapter adapter = cede::reference_adapter();
    adapter.name = "faulty/" CEDE_FAULT;
    return adapter;
  }();
  return &adapter;
}
