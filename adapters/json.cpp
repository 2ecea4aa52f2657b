#include "adapters/json.h"

#include <charconv>

#include <fmt/format.h>

namespace cede {
namespace {

void append_utf8(std::string& text, unsigned code) {
  auto put = [&](unsigned byte) { text += static_cast<char>(byte); };
  if (code < 0x80) return put(code);
  if (code < 0x800) put(0xC0 | code >> 6);
  else if (code < 0x10000) put(0xE0 | code >> 12), put(0x80 | (code >> 6 & 0x3F));
  else put(0xF0 | code >> 18), put(0x80 | (code >> 12 & 0x3F)), put(0x80 | (code >> 6 & 0x3F));
  put(0x80 | (code & 0x3F));
}

}  // namespace

void JsonReader::fail(std::string expected) {
  if (error_.empty()) error_ = std::move(expected);
  at_ = text_.size();
}

void JsonReader::unexpected(std::string_view expected) {
  constexpr std::size_t shown = 40;
  const std::string_view found = text_.substr(at_, shown);
  if (found.empty()) return fail(fmt::format("expected {} and found the end", expected));
  fail(fmt::format("expected {} and found {}{}", expected, found, text_.size() - at_ > shown ? "..." : ""));
}

void JsonReader::blanks() {
  while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\t' || text_[at_] == '\r' || text_[at_] == '\n'))
    ++at_;
}

bool JsonReader::take(char wanted) {
  blanks();
  if (at_ == text_.size() || text_[at_] != wanted) return false;
  ++at_;
  return true;
}

JsonReader::Kind JsonReader::next() {
  blanks();
  if (at_ == text_.size()) return Kind::end;
  switch (text_[at_]) {
    case '{': return Kind::object;
    case '[': return Kind::array;
    case '"': return Kind::text;
    case 't':
    case 'f': return Kind::truth;
    case 'n': return Kind::null;
    default: return Kind::number;
  }
}

bool JsonReader::open(char bracket, std::string_view what) {
  if (failed()) return false;
  if (depth_ == depth_max) fail("expected less depth");
  else if (!take(bracket)) unexpected(what);
  if (failed()) return false;
  ++depth_;
  return true;
}

/// At the end, or before the next element; true after an error, too.
bool JsonReader::close(char bracket, bool& first) {
  if (failed()) return true;
  if (take(bracket)) {
    --depth_;
    return true;
  }
  if (!first && !take(',')) unexpected(bracket == ']' ? "a comma or ]" : "a comma or }");
  first = false;
  return failed();
}

std::int64_t JsonReader::integer() {
  blanks();
  std::int64_t number = 0;
  auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), number);
  const std::size_t after = static_cast<std::size_t>(end - text_.data());
  const bool goes_on = after < text_.size() && std::string_view(".eE").find(text_[after]) != std::string_view::npos;
  if (error != std::errc{} || goes_on) {
    unexpected("an integer");
    return 0;
  }
  at_ = after;
  return number;
}

bool JsonReader::word(std::string_view word) {
  blanks();
  if (text_.substr(at_, word.size()) != word) return false;
  at_ += word.size();
  return true;
}

bool JsonReader::truth() {
  if (word("true")) return true;
  if (!word("false")) unexpected("true or false");
  return false;
}

void JsonReader::null() {
  if (!word("null")) unexpected("null");
}

std::string_view JsonReader::text() {
  blanks();
  if (at_ == text_.size() || text_[at_] != '"') {
    unexpected("a text");
    return {};
  }
  const std::size_t begin = ++at_;
  for (; at_ < text_.size(); ++at_) {
    if (text_[at_] == '"') return text_.substr(begin, at_++ - begin);
    if (text_[at_] == '\\') return unescaped(begin);
    if (static_cast<unsigned char>(text_[at_]) < 0x20) break;
  }
  unexpected("the rest of a text");
  return {};
}

/// A text with escapes, the first of which comes now.
std::string_view JsonReader::unescaped(std::size_t begin) {
  decoded_.assign(text_.substr(begin, at_ - begin));
  while (at_ < text_.size()) {
    const char c = text_[at_++];
    if (c == '"') return decoded_;
    if (static_cast<unsigned char>(c) < 0x20) break;
    if (c == '\\') append_escape();
    else decoded_ += c;
  }
  unexpected("the rest of a text");
  return {};
}

unsigned JsonReader::hex() {
  unsigned code = 0;
  const std::string_view digits = text_.substr(at_, 4);
  auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), code, 16);
  if (digits.size() < 4 || end != digits.data() + 4) unexpected("four hexadecimal digits");
  else at_ += 4;
  return code;
}

void JsonReader::append_escape() {
  constexpr std::string_view escapes = "\"\\/bfnrt", meanings = "\"\\/\b\f\n\r\t";
  const char c = at_ < text_.size() ? text_[at_] : '\0';
  if (std::size_t which = escapes.find(c); which != std::string_view::npos) {
    ++at_;
    decoded_ += meanings[which];
    return;
  }
  if (c != 'u') return unexpected("an escape");
  ++at_;
  unsigned code = hex();
  constexpr unsigned replacement = 0xFFFD;
  if (code >= 0xD800 && code < 0xDC00 && text_.substr(at_, 2) == "\\u") {
    at_ += 2;
    const unsigned low = hex();
    code = low >= 0xDC00 && low < 0xE000 ? 0x10000 + ((code - 0xD800) << 10) + (low - 0xDC00) : replacement;
  }
  append_utf8(decoded_, code >= 0xD800 && code < 0xE000 ? replacement : code);
}

void JsonReader::skip() {
  switch (next()) {
    case Kind::object: return object([&](std::string_view) { skip(); });
    case Kind::array: return array([&](std::size_t) { skip(); });
    case Kind::text: (void)text(); return;
    case Kind::truth: (void)truth(); return;
    case Kind::null: return null();
    case Kind::end: return unexpected("a value");
    case Kind::number: break;
  }
  double number = 0;
  auto [end, error] = std::from_chars(text_.data() + at_, text_.data() + text_.size(), number);
  const std::size_t after = static_cast<std::size_t>(end - text_.data());
  const bool is_word = text_[at_] == 'i' || text_[at_] == 'N';  // from_chars knows inf and nan, JSON does not
  if (after == at_ || is_word) return unexpected("a value");
  at_ = after;
}

void JsonReader::end() {
  blanks();
  if (!failed() && at_ < text_.size()) unexpected("the end");
}

void append_json(std::string& json, std::string_view text) {
  json += '"';
  for (const char c : text) {
    if (c == '"' || c == '\\') json += '\\', json += c;
    else if (c == '\n') json += "\\n";
    else if (static_cast<unsigned char>(c) < 0x20) fmt::format_to(std::back_inserter(json), "\\u{:04x}", c);
    else json += c;
  }
  json += '"';
}

}  // namespace cede
