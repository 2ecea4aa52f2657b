// How something ended: with a value or with an error.
#pragma once

#include <optional>
#include <type_traits>
#include <utility>
#include <variant>

#include "reference/error.h"

namespace cede::reference {

/// What is kept for a T: `void` has a value without content.
template <class T>
using Stored = std::conditional_t<std::is_void_v<T>, std::monostate, T>;

template <class T>
class [[nodiscard]] Outcome {
 public:
  Outcome(Error error) : error_(std::move(error)) {}
  Outcome(Stored<T> value) : value_(std::move(value)) {}

  bool ok() const { return value_.has_value(); }
  const Error& error() const { return error_; }
  const Stored<T>& value() const { return *value_; }

  /// The value, or the error as a C++ exception.
  T get() const {
    if (!ok()) error_.raise();
    if constexpr (!std::is_void_v<T>) return *value_;
  }

 private:
  std::optional<Stored<T>> value_;
  Error error_;
};

}  // namespace cede::reference
