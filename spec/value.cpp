#include "spec/value.h"

#include <array>

#include <fmt/format.h>

namespace cede {

std::string_view spelling(ErrorKind kind) {
  constexpr std::array<std::string_view, 14> words{"none", "cancelled", "invalid_state", "runtime", "timeout", "key",
                                                   "value", "full", "empty", "group", "generic", "exit",
                                                   "generator_exit", "stop_iteration"};
  return words[static_cast<std::size_t>(kind)];
}

std::string to_string(const Value& value) {
  switch (value.kind) {
    case Value::Kind::none: return "none";
    case Value::Kind::number: return fmt::format("{}", value.number);
    case Value::Kind::truth: return value.number ? "true" : "false";
    case Value::Kind::name: return std::string(value.name.text());
    case Value::Kind::duration: return to_string_duration(value.number);
    case Value::Kind::error: {
      std::string text(spelling(value.error));
      if (value.name) return text + " " + std::string(value.name.text());
      return value.number ? fmt::format("{} {}", text, value.number) : text;
    }
  }
  return {};
}

std::string to_string_duration(Nanos duration) {
  if (duration == forever) return "forever";
  if (duration == 0) return "0ms";
  if (duration % second == 0) return fmt::format("{}s", duration / second);
  if (duration % millisecond == 0) return fmt::format("{}ms", duration / millisecond);
  if (duration % microsecond == 0) return fmt::format("{}us", duration / microsecond);
  return fmt::format("{}ns", duration);
}

}  // namespace cede
