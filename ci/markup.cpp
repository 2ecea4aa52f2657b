#include "ci/markup.h"

#include <fmt/format.h>

namespace cede {
namespace {

/// How many bytes the UTF-8 character at the beginning has; 0 if it is none.
std::size_t character(std::string_view text) {
  auto byte = [&](std::size_t i) { return static_cast<unsigned char>(text[i]); };
  std::size_t size = byte(0) < 0x80 ? 1 : byte(0) >= 0xF0 ? 4 : byte(0) >= 0xE0 ? 3 : 2;
  if ((byte(0) >= 0x80 && byte(0) < 0xC2) || byte(0) > 0xF4 || size > text.size()) return 0;
  for (std::size_t i = 1; i < size; ++i)
    if ((byte(i) & 0xC0) != 0x80) return 0;
  bool surrogate = byte(0) == 0xED && byte(1) >= 0xA0;
  bool overlong = (byte(0) == 0xE0 && byte(1) < 0xA0) || (byte(0) == 0xF0 && byte(1) < 0x90);
  bool beyond = byte(0) == 0xF4 && byte(1) >= 0x90;
  return surrogate || overlong || beyond ? 0 : size;
}

/// One paragraph.
std::string inline_markup(std::string_view text) {
  std::string html;
  while (!text.empty()) {
    auto between = [&](std::string_view mark, std::string_view tag, bool raw) {
      if (!text.starts_with(mark)) return false;
      std::size_t end = text.find(mark, mark.size());
      if (end == std::string_view::npos || end == mark.size()) return false;
      std::string_view inside = text.substr(mark.size(), end - mark.size());
      html += fmt::format("<{0}>{1}</{0}>", tag, raw ? escaped(inside) : inline_markup(inside));
      text.remove_prefix(end + mark.size());
      return true;
    };
    if (between("`", "code", true) || between("**", "strong", false) || between("*", "em", false)) continue;
    if (text[0] == '[') {
      std::size_t middle = text.find("]("), end = text.find(')', std::min(middle, text.size()));
      if (middle != std::string_view::npos && end != std::string_view::npos) {
        html += link(text.substr(middle + 2, end - middle - 2), text.substr(1, middle - 1));
        text.remove_prefix(end + 1);
        continue;
      }
    }
    std::size_t next = std::min(text.find_first_of("`*[", 1), text.size());
    html += escaped(text.substr(0, next));
    text.remove_prefix(next);
  }
  return html;
}

}  // namespace

std::string escaped(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    std::size_t size = character(text);
    char c = text[0];
    bool control = static_cast<unsigned char>(c) < 0x20 && c != '\n' && c != '\t';
    if (c == '&') result += "&amp;";
    else if (c == '<') result += "&lt;";
    else if (c == '>') result += "&gt;";
    else if (c == '"') result += "&quot;";
    else if (c == '\'') result += "&#39;";
    else if (size == 0 || control || c == 0x7F) result += "\uFFFD";
    else result += text.substr(0, size);
    text.remove_prefix(std::max<std::size_t>(size, 1));
  }
  return result;
}

std::string link(std::string_view address, std::string_view words) {
  bool web = address.starts_with("https://") || address.starts_with("http://");
  if (!web) return escaped(words);
  return fmt::format("<a href=\"{}\" rel=\"noreferrer\">{}</a>", escaped(address), escaped(words));
}

std::string prose(std::string_view markdown) {
  std::string html;
  while (!markdown.empty()) {
    std::size_t end = std::min(markdown.find("\n\n"), markdown.size());
    std::string_view paragraph = markdown.substr(0, end);
    while (paragraph.starts_with('\n')) paragraph.remove_prefix(1);
    if (!paragraph.empty()) html += "<p>" + inline_markup(paragraph) + "</p>";
    markdown.remove_prefix(std::min(end + 2, markdown.size()));
  }
  return html;
}

}  // namespace cede
