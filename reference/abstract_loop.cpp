#include "reference/abstract_loop.h"

#include <cstdio>

namespace cede::reference {

Error AbstractLoop::try_add_reader(int, Callback) { return Error(Error::Kind::runtime); }
Error AbstractLoop::try_add_writer(int, Callback) { return Error(Error::Kind::runtime); }

void AbstractLoop::call_exception_handler(const Error& error) {
  auto handler = handler_;  // it may replace itself while it runs
  if (!handler || !*handler) {
    std::fprintf(stderr, "an error left a callback of the loop (kind %d)\n", static_cast<int>(error.kind()));
    return;
  }
  (void)(*handler)(error);  // its own error stops nobody (PASS-7)
}

}  // namespace cede::reference
