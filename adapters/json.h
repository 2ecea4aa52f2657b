// JSON as it goes over the wire: read from front to back by somebody who says what comes, and written piece by piece.
// Nothing is built of it, since a trace is read for each scenario.
//
//     JsonReader reader(R"(["did", 0, {"made": 1}])");
//     reader.array([&](std::size_t index) { ... reader.text() ... reader.integer() ... });
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

namespace cede {

/// Reads one value. What else than was asked for comes is an error: from there on all answers are empty, and `error`
/// has the first thing that was expected.
class JsonReader {
 public:
  explicit JsonReader(std::string_view text) : text_(text) {}

  enum class Kind { object, array, text, number, truth, null, end };
  /// What comes.
  Kind next();

  /// Calls `element` with the index of each element, which it has to read.
  template <class Element>
  void array(Element element);
  /// Calls `member` with each key, whose value it has to read.
  template <class Member>
  void object(Member member);

  std::int64_t integer();
  bool truth();
  void null();
  /// Valid until the next text is read.
  std::string_view text();
  /// Reads over a value, whatever it is.
  void skip();
  /// To be asked in the end: nothing more comes.
  void end();

  /// From here on nothing is read. The first one counts.
  void fail(std::string expected);
  bool failed() const { return !error_.empty(); }
  /// Says before the error where it is, if there is one.
  void locate(std::string_view where) {
    if (failed()) error_.insert(0, std::string(where) + ": ");
  }
  /// `expected a text and found 7`; empty if all was as expected.
  const std::string& error() const { return error_; }

 private:
  void blanks();
  bool take(char wanted);
  bool open(char bracket, std::string_view what);
  bool close(char bracket, bool& first);
  void unexpected(std::string_view expected);
  bool word(std::string_view word);
  std::string_view unescaped(std::size_t begin);
  unsigned hex();
  void append_escape();

  static constexpr int depth_max = 64;

  std::string_view text_;
  std::size_t at_ = 0;
  int depth_ = 0;
  std::string decoded_;
  std::string error_;
};

/// Adds the text with its quotes to `json`.
void append_json(std::string& json, std::string_view text);

template <class Element>
void JsonReader::array(Element element) {
  if (!open('[', "an array")) return;
  bool first = true;
  for (std::size_t index = 0; !close(']', first); ++index) element(index);
}

template <class Member>
void JsonReader::object(Member member) {
  if (!open('{', "an object")) return;
  bool first = true;
  while (!close('}', first)) {
    std::string_view key = text();
    if (!failed() && !take(':')) unexpected("a colon");
    member(key);
  }
}

}  // namespace cede
