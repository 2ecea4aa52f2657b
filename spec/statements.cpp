#include "spec/statements.h"

#include <algorithm>
#include <charconv>

#include <fmt/format.h>

namespace cede {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && text.front() == ' ') text.remove_prefix(1);
  while (!text.empty() && text.back() == ' ') text.remove_suffix(1);
  return text;
}

std::vector<std::string_view> cells(std::string_view line) {
  std::vector<std::string_view> cells;
  if (!line.starts_with('|') || !line.ends_with('|')) return cells;
  line.remove_prefix(1);
  while (!line.empty()) {
    std::size_t end = line.find('|');
    cells.push_back(trimmed(line.substr(0, end)));
    line.remove_prefix(end + 1);
  }
  return cells;
}

/// The ids that one word of a cell stands for: itself, a range, or all of a prefix.
std::vector<std::string> ids_of(std::string_view word, const Chapters& chapters) {
  std::vector<std::string> ids;
  std::size_t range = word.find("..");
  if (word.ends_with("-*")) {
    for (const Clause& clause : chapters.clauses)
      if (clause.id.starts_with(word.substr(0, word.size() - 1))) ids.push_back(clause.id);
  } else if (range != std::string_view::npos) {
    std::size_t dash = word.find('-');
    int first = 0, last = -1;
    std::from_chars(word.data() + dash + 1, word.data() + range, first);
    std::from_chars(word.data() + range + 2, word.data() + word.size(), last);
    for (int n = first; n <= last; ++n) ids.push_back(fmt::format("{}-{}", word.substr(0, dash), n));
  } else {
    ids.emplace_back(word);
  }
  return ids;
}

class Reader {
 public:
  Reader(std::string_view file, const Chapters& chapters) : file_(file), chapters_(chapters) {}

  Statements read(std::string_view text) {
    while (!text.empty()) {
      std::string_view row = text.substr(0, text.find('\n'));
      text.remove_prefix(std::min(row.size() + 1, text.size()));
      ++line_;
      read_row(cells(row));
    }
    for (const Clause& clause : chapters_.clauses)
      if (std::ranges::find(all_.contract, clause.id) == all_.contract.end())
        complain(fmt::format("{} of {} is not in the table of chapters", clause.id, clause.file));
    return std::move(all_);
  }

 private:
  enum class Table { none, chapters, statements, corrections };

  void complain(std::string what) { all_.errors.push_back({std::string(file_), line_, std::move(what)}); }

  void read_row(const std::vector<std::string_view>& cell) {
    if (cell.size() < 4) table_ = Table::none;
    else if (cell[0] == "chapter") table_ = Table::chapters;
    else if (cell[1] == "statement") table_ = Table::statements;
    else if (cell[0] == "no.") table_ = Table::corrections;
    else if (table_ != Table::none && !cell[0].starts_with("---")) read_entry(cell);
  }

  void read_entry(const std::vector<std::string_view>& cell) {
    Statement statement{.line = line_};
    switch (table_) {
      case Table::chapters: {
        auto ids = read_clauses(cell[1]);
        if (fmt::format("{}", ids.size()) != cell[2]) complain(fmt::format("{} are not {} clauses", cell[1], cell[2]));
        all_.contract.insert(all_.contract.end(), ids.begin(), ids.end());
        return;
      }
      case Table::statements:
        statement.where = cell[0];
        statement.words = cell[1];
        break;
      default:
        statement.where = fmt::format("{}, as {} says", cell[0], cell[1]);
        statement.words = cell[3];
        statement.corrected = true;
    }
    std::string_view clauses = cell[statement.corrected ? 4 : 2];
    constexpr std::string_view none = "none: ";
    if (clauses.starts_with(none)) statement.none = clauses.substr(none.size());
    else statement.clauses = read_clauses(clauses);
    if (statement.clauses.empty() && statement.none.empty()) complain("a statement without clauses: say `none: why`");
    all_.statements.push_back(std::move(statement));
  }

  std::vector<std::string> read_clauses(std::string_view cell) {
    std::vector<std::string> all;
    while (!cell.empty()) {
      std::string_view word = cell.substr(0, cell.find(' '));
      auto ids = ids_of(word, chapters_);
      if (ids.empty()) complain(fmt::format("{} stands for no clause", word));
      for (const std::string& id : ids)
        if (!find_clause(chapters_, id)) complain(fmt::format("{} is in no chapter", id));
      all.insert(all.end(), ids.begin(), ids.end());
      cell = trimmed(cell.substr(word.size()));
    }
    return all;
  }

  std::string_view file_;
  const Chapters& chapters_;
  Statements all_;
  Table table_ = Table::none;
  int line_ = 0;
};

}  // namespace

Statements read_statements(std::string_view file, std::string_view text, const Chapters& chapters) {
  return Reader(file, chapters).read(text);
}

const Statements& statements() {
  static const Statements all = read_statements("README.md", readme_text(), chapters());
  return all;
}

}  // namespace cede
