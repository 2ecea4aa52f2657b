// What a step can hand over and what an answer can be: nothing, a number, a truth, a name, an
// error. Values are data; nothing awaits or adopts them (FUT-11).
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "spec/name.h"

namespace cede {

/// Times and durations, in nanoseconds of the loop's clock; a scenario begins at 0.
using Nanos = std::int64_t;
inline constexpr Nanos microsecond = 1'000;
inline constexpr Nanos millisecond = 1'000 * microsecond;
inline constexpr Nanos second = 1'000 * millisecond;
/// Never: an infinite delay, or a wait without a limit. Written `forever`.
inline constexpr Nanos forever = INT64_MAX;

/// The classes of errors that scenarios tell apart. `exit` is the fatal class, which has to leave
/// `run`; `generic` stands, in `catch`, for every error that is neither `cancelled` nor `exit`; `group` is
/// what a task group raises for several errors.
enum class ErrorKind : std::uint8_t {
  none, cancelled, invalid_state, runtime, timeout, key, value, full, empty, group, generic, exit,
  generator_exit, stop_iteration,
};

/// The spelling in scenarios and traces.
std::string_view spelling(ErrorKind kind);

struct Value {
  enum class Kind : std::uint8_t { none, number, truth, name, error, duration };

  Kind kind = Kind::none;
  ErrorKind error = ErrorKind::none;
  std::int64_t number = 0;
  Name name;

  static Value of(std::int64_t number) { return {Kind::number, ErrorKind::none, number, {}}; }
  static Value of(bool truth) { return {Kind::truth, ErrorKind::none, truth, {}}; }
  static Value of(Name name) { return {Kind::name, ErrorKind::none, 0, name}; }
  static Value of_duration(Nanos time) { return {Kind::duration, ErrorKind::none, time, {}}; }
  static Value of(ErrorKind error) { return {Kind::error, error, 0, {}}; }
  /// A cancellation with a message, a number or a name; 0 is none.
  static Value of(ErrorKind error, const Value& message) { return {Kind::error, error, message.number, message.name}; }

  bool none() const { return kind == Kind::none; }
  friend auto operator<=>(const Value&, const Value&) = default;
};

/// As it stands in a scenario or trace; `none` for no value.
std::string to_string(const Value& value);

/// The shortest exact spelling: `0ms`, `1500us`, `2s`, `-5ms`, `forever`.
std::string to_string_duration(Nanos duration);

}  // namespace cede
