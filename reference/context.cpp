#include "reference/context.h"

#include <algorithm>

namespace cede::reference {

constinit thread_local Context::Values* Context::current_ = nullptr;

const std::any* Context::find(const void* variable) {
  if (!current_) return nullptr;
  auto found = std::ranges::find(current_->by_variable, variable, [](const auto& entry) { return entry.first; });
  return found == current_->by_variable.end() ? nullptr : &found->second;
}

void Context::set(const void* variable, std::any value) {
  // What a thread has set outside of all scopes is destroyed with the thread.
  struct AtTheEnd {
    ~AtTheEnd() { Ref<Values>().swap(current_); }
  };
  static thread_local AtTheEnd at_the_end;

  Ref<Values> values(new Values);
  if (current_) values->by_variable = current_->by_variable;
  auto found = std::ranges::find(values->by_variable, variable, [](const auto& entry) { return entry.first; });
  if (found != values->by_variable.end()) found->second = std::move(value);
  else values->by_variable.emplace_back(variable, std::move(value));
  values.swap(current_);
}

}  // namespace cede::reference
