#include "spec/scenario.h"

#include <charconv>

#include <fmt/format.h>

namespace cede {
namespace {

bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z'); }
bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_word(char c) { return is_letter(c) || is_digit(c) || c == '_'; }
bool is_blank(char c) { return c == ' ' || c == '\t' || c == '\r'; }

std::optional<Name> name_from(std::string_view word) {
  if (word.empty() || word.size() > Name::letters_max || !is_letter(word[0])) return {};
  for (char c : word)
    if (!is_word(c)) return {};
  return Name(word);
}

std::optional<std::int64_t> number_from(std::string_view word) {
  std::int64_t number = 0;
  auto [end, error] = std::from_chars(word.data(), word.data() + word.size(), number);
  if (error != std::errc{} || end != word.data() + word.size()) return {};
  return number;
}

std::optional<Nanos> duration_from(std::string_view word) {
  if (word == "forever") return forever;
  std::size_t digits = word.starts_with('-') ? 1 : 0;
  while (digits < word.size() && is_digit(word[digits])) ++digits;
  auto number = number_from(word.substr(0, digits));
  std::string_view unit = word.substr(digits);
  Nanos scale = unit == "ns"   ? 1
                : unit == "us" ? microsecond
                : unit == "ms" ? millisecond
                : unit == "s"  ? second
                               : 0;
  Nanos product = 0;
  if (!number || scale == 0 || __builtin_mul_overflow(*number, scale, &product)) return {};
  if (product == forever) return {};
  return product;
}

std::optional<ErrorKind> error_from(std::string_view word) {
  for (auto kind : {ErrorKind::cancelled, ErrorKind::invalid_state, ErrorKind::runtime,
                    ErrorKind::timeout, ErrorKind::key, ErrorKind::value, ErrorKind::full,
                    ErrorKind::empty, ErrorKind::group, ErrorKind::generic, ErrorKind::exit,
                    ErrorKind::generator_exit, ErrorKind::stop_iteration})
    if (spelling(kind) == word) return kind;
  return {};
}

/// Reads one line, word by word, and remembers what it wanted where.
class LineReader {
 public:
  explicit LineReader(std::string_view line) : line_(line.substr(0, line.find('#'))) { skip(); }

  bool blank() const { return at_ == line_.size(); }
  int column() const { return static_cast<int>(at_) + 1; }
  const std::string& expected() const { return expected_; }

  std::optional<Step> step() {
    Step step;
    auto who = name_from(peek_until(':'));
    if (!who) return wants("who acts, such as `main:` or `a:`");
    step.who = *who;
    at_ += who->text().size();
    skip();
    if (at_ == line_.size() || line_[at_] != ':') return wants("a colon after the name");
    ++at_;
    skip();
    const VerbRow* row = find_verb(peek());
    if (!row) return wants("a verb such as call_soon");
    step.verb = row->verb;
    take();
    for (Arg arg : row->args)
      if (!read(arg, step)) return {};
    if (!blank()) return wants("nothing more on this line");
    return step;
  }

 private:
  std::nullopt_t wants(std::string what) {
    expected_ = std::move(what);
    return std::nullopt;
  }
  bool refuses(std::string what) {
    expected_ = std::move(what);
    return false;
  }

  void skip() {
    while (at_ < line_.size() && is_blank(line_[at_])) ++at_;
  }
  std::string_view peek() const {
    std::size_t end = at_;
    while (end < line_.size() && !is_blank(line_[end])) ++end;
    return line_.substr(at_, end - at_);
  }
  std::string_view peek_until(char stop) const {
    auto word = peek();
    return word.substr(0, word.find(stop));
  }
  void take() {
    at_ += peek().size();
    skip();
  }

  bool read(Arg arg, Step& step) {
    switch (arg) {
      case Arg::nothing: return true;
      case Arg::script:
      case Arg::object:
      case Arg::thing:
      case Arg::handle:
      case Arg::word: return read_name(arg, step);
      case Arg::more: return blank() || read_name(arg, step);
      case Arg::duration:
        if (auto time = duration_from(peek())) step.time = *time;
        else return refuses("a duration such as 10ms, -5ms, 1500us, 2s or forever");
        break;
      case Arg::number:
        if (auto number = number_from(peek()); number && *number >= 0) step.value = Value::of(*number);
        else return refuses("a number such as 3");
        break;
      case Arg::integer:
        if (auto number = number_from(peek())) step.value = Value::of(*number);
        else return refuses("a number such as 3 or -3");
        break;
      case Arg::value:
        if (blank()) return true;
        if (auto number = number_from(peek())) step.value = Value::of(*number);
        else if (auto name = name_from(peek())) step.value = Value::of(*name);
        else return refuses("a number, a name or the end of the line");
        break;
      case Arg::error:
        if (auto error = error_from(peek())) step.value = Value::of(*error);
        else return refuses("an error: cancelled, invalid_state, runtime, timeout, key, value, generic or exit");
        break;
    }
    take();
    return true;
  }

  bool read_name(Arg arg, Step& step) {
    auto name = name_from(peek());
    if (!name) {
      std::string_view what = arg == Arg::script   ? "the name of a script"
                              : arg == Arg::handle ? "the name of a handle"
                              : arg == Arg::word   ? "a word"
                              : arg == Arg::thing  ? "a name"
                                                   : "the name of a future, task or coroutine";
      return refuses(fmt::format("{}: a letter, then at most {} letters, digits or underscores", what,
                                 Name::letters_max - 1));
    }
    *step.next_name() = *name;
    take();
    return true;
  }

  std::string_view line_;
  std::size_t at_ = 0;
  std::string expected_;
};

template <class OnLine>
void each_line(std::string_view text, OnLine on_line) {
  for (int number = 1; !text.empty(); ++number) {
    std::size_t end = text.find('\n');
    if (!on_line(number, text.substr(0, end))) return;
    text.remove_prefix(end == std::string_view::npos ? text.size() : end + 1);
  }
}

}  // namespace

Parsed parse_scenario(std::string_view text) {
  Parsed parsed;
  each_line(text, [&](int number, std::string_view line) {
    LineReader reader(line);
    if (reader.blank()) return true;
    if (auto step = reader.step()) {
      parsed.scenario.steps.push_back(*step);
      return true;
    }
    parsed.error = ParseError{number, reader.column(), reader.expected()};
    return false;
  });
  return parsed;
}

Scenario parse_leniently(std::string_view text) {
  Scenario scenario;
  each_line(text, [&](int, std::string_view line) {
    LineReader reader(line);
    if (auto step = reader.step()) scenario.steps.push_back(*step);
    return true;
  });
  return scenario;
}

std::string to_string(const Step& step) {
  std::string text = fmt::format("{}: {}", step.who.text(), spelling(step.verb));
  const Name* name = &step.name;
  for (Arg arg : row(step.verb).args) {
    if (is_name(arg)) {
      if (*name) text += fmt::format(" {}", name->text());
      name = name == &step.name ? &step.script : &step.other;
    } else if (arg == Arg::duration) {
      text += " " + to_string_duration(step.time);
    } else if (arg != Arg::nothing && !step.value.none()) {
      text += " " + to_string(step.value);
    }
  }
  return text;
}

std::string to_string(const Scenario& scenario) {
  std::string text;
  for (const Step& step : scenario.steps) text += to_string(step) + "\n";
  return text;
}

std::string to_string(const ParseError& error) {
  return fmt::format("line {}, column {}: expected {}", error.line, error.column, error.expected);
}

}  // namespace cede
