#include "adapters/expectations.h"

#include <algorithm>
#include <cctype>
#include <array>
#include <charconv>
#include <filesystem>

#include <fmt/format.h>
#include <toml++/toml.h>

#include "adapters/adapters.h"
#include "spec/chapters.h"

namespace cede {
namespace {

constexpr int percent_of_language = 2;  // measured: below 1 for all but those that say otherwise

using Version = std::array<int, 4>;

/// Its numbers, up to the first thing that is none.
Version numbers_of(std::string_view text) {
  Version version{};
  for (int& number : version) {
    auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
    if (error != std::errc()) break;
    text.remove_prefix(static_cast<std::size_t>(end - text.data()));
    if (!text.starts_with('.')) break;
    text.remove_prefix(1);
  }
  return version;
}

std::string_view trimmed(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  while (text.ends_with(' ')) text.remove_suffix(1);
  return text;
}

/// Of a loop's file, or of a language's.
class Reader {
 public:
  Reader(std::string file, std::vector<std::string>& complaints, bool is_of_language = false)
      : file_(std::move(file)), complaints_(complaints), is_of_language_(is_of_language) {}

  std::optional<Expectations> read() {
    std::size_t before = complaints_.size();
    Expectations expectations{.file = file_};
    try {
      toml::table table = toml::parse_file(file_);
      read_head(table, expectations);
      check_keys(table, is_of_language_ ? Keys{"language", "version", "clause"}
                                        : Keys{"loop", "version", "also", "clause"});
      if (const toml::node* clause = table.get("clause"); clause && !clause->is_array())
        complain(*clause, "a clause begins with [[clause]]");
      if (const toml::array* clauses = table["clause"].as_array()) {
        for (const toml::node& node : *clauses) {
          if (node.is_table()) read_clause(node, expectations);
          else complain(node, "a clause begins with [[clause]]");
        }
      }
      if (auto also = table["also"].value<std::string>()) read_shared(*also, expectations);
    } catch (const toml::parse_error& error) {
      complaints_.push_back(fmt::format("{}:{}: {}", file_, error.source().begin.line, error.description()));
    }
    if (complaints_.size() > before) return std::nullopt;
    return expectations;
  }

 private:
  template <class... Args>
  void complain(const toml::node& node, fmt::format_string<Args...> format, Args&&... args) {
    complaints_.push_back(fmt::format("{}:{}: {}", file_, node.source().begin.line,
                                      fmt::format(format, std::forward<Args>(args)...)));
  }

  using Keys = std::vector<std::string_view>;

  /// That none of the table's keys is unknown.
  void check_keys(const toml::table& table, const Keys& known) {
    for (auto&& [key, node] : table)
      if (std::ranges::find(known, key.str()) == known.end())
        complain(node, "there is no key {}; there are: {}", key.str(), fmt::join(known, " "));
  }

  void read_shared(const std::string& name, Expectations& expectations) {
    const std::string file = std::filesystem::path(file_).parent_path() / name;
    auto shared = Reader(file, complaints_, true).read();
    if (!shared) return;
    for (Expectation& one : shared->all) expectations.all.push_back(std::move(one));
  }

  void read_head(const toml::table& table, Expectations& expectations) {
    language_ = table["language"].value_or(std::string());
    if (is_of_language_ && language_.empty()) complain(table, "say which language: language = \"CPython\"");
    expectations.loop = is_of_language_ ? language_ : table["loop"].value_or(std::string());
    expectations.versions = table["version"].value_or(std::string());
    if (const toml::node* version = table.get("version"))
      expectations.versions_line = static_cast<int>(version->source().begin.line);
    if (expectations.loop.empty()) complain(table, "say which loop: loop = \"libuv\"");
    if (!version_among("0", expectations.versions))
      complain(table, "say for which versions of it: version = \">=1.44, <1.45\"");
  }

  /// A string, or several.
  std::vector<std::string> words(const toml::table& table, std::string_view key) {
    std::vector<std::string> words;
    if (auto word = table[key].value<std::string>()) words.push_back(*word);
    if (const toml::array* array = table[key].as_array())
      for (const toml::node& node : *array) words.push_back(node.value_or(std::string()));
    return words;
  }

  void read_clause(const toml::node& node, Expectations& expectations) {
    const toml::table& table = *node.as_table();
    Expectation expectation{.ids = words(table, "id"),
                            .language = language_,
                            .file = file_,
                            .line = static_cast<int>(node.source().begin.line)};
    for (const std::string& id : expectation.ids)
      if (!find_clause(chapters(), id)) complain(node, "there is no clause {}: remove it, see `cede spec list`", id);
    if (expectation.ids.empty()) complain(node, "say of which clauses: id = \"TIMER-8\"");
    read_kind(table, node, expectation);
    for (auto [key, text] : {std::pair{"why", &expectation.why}, std::pair{"link", &expectation.link}}) {
      *text = table[key].value_or(std::string());
      if (text->empty()) complain(node, "{} has no {}: say it", fmt::join(expectation.ids, " "), key);
    }
    if (!expectation.link.empty() && !expectation.link.starts_with("http"))
      complain(node, "{} is no link: it begins with https://", expectation.link);
    expectation.back_ends = words(table, "back_end");
    for (const std::string& back_end : expectation.back_ends)
      if (std::string name = expectations.loop + "/" + back_end; find_loop(expectations.loop) && !find_loop(name))
        complain(node, "there is no loop {}: say one of its back ends", name);
    expectation.versions = table["version"].value_or(is_of_language_ ? expectations.versions : std::string());
    if (!expectation.versions.empty() && !version_among("0", expectation.versions))
      complain(node, "cannot read the version {}; expected such as >=1.44, <1.45", expectation.versions);
    if (const toml::node* seldom = table.get("seldom"); seldom && !seldom->is_boolean())
      complain(*seldom, "seldom is true or false");
    expectation.seldom = table["seldom"].value_or(is_of_language_);
    expectation.percent = table["percent"].value_or(is_of_language_ ? percent_of_language : 100);
    if (expectation.percent < 1 || expectation.percent > 100) complain(node, "percent is a number from 1 to 100");
    check_keys(table, {"id", "expect", "why", "link", "back_end", "version", "seldom", "percent"});
    for (const Expectation& other : expectations.all)
      for (const std::string& id : expectation.ids)
        if (std::ranges::find(other.ids, id) != other.ids.end() && may_meet(other, expectation))
          complain(node, "{} is in line {} already: leave one out", id, other.line);
    expectations.all.push_back(std::move(expectation));
  }

  /// Whether both may be about one loop: for all that is known here, unless their back ends or versions differ.
  static bool may_meet(const Expectation& one, const Expectation& other) {
    if (!one.versions.empty() && !other.versions.empty() && one.versions != other.versions) return false;
    if (one.back_ends.empty() || other.back_ends.empty()) return true;
    return std::ranges::any_of(one.back_ends, [&](const std::string& back_end) {
      return std::ranges::find(other.back_ends, back_end) != other.back_ends.end();
    });
  }

  void read_kind(const toml::table& table, const toml::node& node, Expectation& expectation) {
    std::string kind = table["expect"].value_or(std::string());
    if (!expectation.spelled(kind))
      return complain(node, "expect has to be fail, undecided, unsupported or variant:NAME, not \"{}\"", kind);
    if (expectation.kind != Expectation::Kind::variant) return;
    for (const std::string& id : expectation.ids)
      if (const Clause* clause = find_clause(chapters(), id))
        if (std::ranges::find(clause->variants, expectation.variant) == clause->variants.end())
          complain(node, "{} has no variant {}; there are: {}", id, expectation.variant,
                   fmt::join(clause->variants, " "));
  }

  std::string file_, language_;
  std::vector<std::string>& complaints_;
  bool is_of_language_;
};

/// That of the loop; or of the language, as in `CPython 3.11.2`. Nothing if it is another language's.
std::optional<std::string_view> version_meant(const Expectation& expectation, const LoopInfo& loop) {
  if (expectation.language.empty()) return loop.version;
  std::string_view language = loop.language;
  if (!language.starts_with(expectation.language + " ")) return std::nullopt;
  return language.substr(expectation.language.size() + 1);
}

}  // namespace

std::optional<bool> version_among(std::string_view version, std::string_view versions) {
  bool among = true;
  if (versions.empty()) return std::nullopt;
  while (!versions.empty()) {
    std::size_t end = std::min(versions.find(','), versions.size());
    std::string_view one = trimmed(versions.substr(0, end));
    versions.remove_prefix(std::min(end + 1, versions.size()));
    std::string_view sign = one.substr(0, std::min(one.find_first_not_of("<>="), one.size()));
    one = trimmed(one.substr(sign.size()));
    if (one.empty() || one.find_first_not_of("0123456789.") != one.npos) return std::nullopt;
    auto order = numbers_of(version) <=> numbers_of(one);
    if (sign == "<") among &= order < 0;
    else if (sign == "<=") among &= order <= 0;
    else if (sign == ">") among &= order > 0;
    else if (sign == ">=") among &= order >= 0;
    else if (sign == "=") among &= order == 0;
    else return std::nullopt;
  }
  return among;
}

std::string Expectation::spelling() const {
  switch (kind) {
    case Kind::fail: return "fail";
    case Kind::undecided: return "undecided";
    case Kind::unsupported: return "unsupported";
    case Kind::variant: return fmt::format("variant:{}", variant);
  }
  return {};
}

bool Expectation::spelled(std::string_view text) {
  constexpr std::string_view of_variant = "variant:";
  if (text == "fail") kind = Kind::fail;
  else if (text == "undecided") kind = Kind::undecided;
  else if (text == "unsupported") kind = Kind::unsupported;
  else if (text.starts_with(of_variant)) kind = Kind::variant;
  else return false;
  if (kind == Kind::variant) variant = text.substr(of_variant.size());
  return true;
}

const Expectation* Expectations::of(std::string_view clause, const LoopInfo& loop) const {
  for (const Expectation& expectation : all) {
    if (std::ranges::find(expectation.ids, clause) == expectation.ids.end()) continue;
    const auto& back_ends = expectation.back_ends;
    if (!back_ends.empty() && std::ranges::find(back_ends, loop.back_end) == back_ends.end()) continue;
    auto version = version_meant(expectation, loop);
    if (!version || (!expectation.versions.empty() && !*version_among(*version, expectation.versions))) continue;
    return &expectation;
  }
  return nullptr;
}

bool Expectations::concern(const LoopInfo& loop) const { return *version_among(loop.version, versions); }

std::optional<Expectations> read_expectations(const std::string& file, std::vector<std::string>& complaints) {
  return Reader(file, complaints).read();
}

std::optional<Expectations> expectations_of_language(std::string_view language, std::vector<std::string>& complaints) {
  std::string name(language.substr(0, language.find(' ')));
  std::ranges::transform(name, name.begin(), [](unsigned char c) { return static_cast<char>(std::tolower(c)); });
  const std::filesystem::path file = beside("expect") / "shared" / (name + ".toml");
  if (name.empty() || !std::filesystem::exists(file)) return std::nullopt;
  return Reader(file.string(), complaints, true).read();
}

std::string expectations_file(std::string_view loop) {
  return beside("expect") / fmt::format("{}.toml", loop_of(loop));
}

}  // namespace cede
