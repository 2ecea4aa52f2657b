// A name in a scenario: of a script, a handle, a future, a task or a coroutine.
// Fixed in size and trivially copyable, because every step and every event holds a few.
#pragma once

#include <array>
#include <compare>
#include <string_view>

namespace cede {

/// At most 15 letters, digits and underscores, the first a letter; empty means "no name".
class Name {
 public:
  static constexpr std::size_t letters_max = 15;

  constexpr Name() = default;
  /// `text` has to fit; the parser refuses longer ones with a message.
  constexpr explicit Name(std::string_view text) {
    for (std::size_t i = 0; i < text.size() && i < letters_max; ++i) letters_[i] = text[i];
  }

  constexpr bool empty() const { return letters_[0] == '\0'; }
  constexpr std::string_view text() const { return letters_.data(); }
  constexpr explicit operator bool() const { return !empty(); }

  friend constexpr bool operator==(const Name&, const Name&) = default;
  friend constexpr auto operator<=>(const Name& a, const Name& b) { return a.text() <=> b.text(); }

 private:
  std::array<char, letters_max + 1> letters_{};
};

}  // namespace cede
