#include "reference/waiters.h"

#include <algorithm>

namespace cede::reference {
namespace {

/// False if it is awake already, or cancelled.
bool wake(const Future<>& waiter) { return !waiter.try_set_result({}); }

}  // namespace

void Waiters::wake_first() {
  if (!line_->empty()) wake(line_->front());
}

bool Waiters::wake_next() { return std::ranges::any_of(*line_, wake); }

void Waiters::wake_all() {
  for (const Future<>& waiter : *line_) wake(waiter);
}

bool Waiters::anybody() const {
  return std::ranges::any_of(*line_, [](const Future<>& waiter) { return !waiter.cancelled(); });
}

}  // namespace cede::reference
