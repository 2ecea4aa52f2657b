// Text in HTML and SVG: whatever it says, it stays text.
#pragma once

#include <string>
#include <string_view>

namespace cede {

/// With what markup would take for its own written otherwise, also between quotes; control characters, which XML has
/// no words for, and bytes that are no UTF-8 are shown as such.
std::string escaped(std::string_view text);

/// Prose as the chapters have it, in a small part of Markdown: paragraphs, `code`, *emphasis*, **more of it** and links
/// to pages of the web.
std::string prose(std::string_view markdown);

/// A link if the address is one of the web, else the words alone.
std::string link(std::string_view address, std::string_view words);

}  // namespace cede
