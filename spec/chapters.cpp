#include "spec/chapters.h"

#include <algorithm>
#include <utility>

#include <fmt/format.h>

namespace cede {
namespace {

std::string_view trimmed(std::string_view text) {
  while (!text.empty() && (text.front() == ' ' || text.front() == '\n')) text.remove_prefix(1);
  while (!text.empty() && (text.back() == ' ' || text.back() == '\n')) text.remove_suffix(1);
  return text;
}

std::vector<std::string> split(std::string_view text, std::string_view separator) {
  std::vector<std::string> parts;
  for (;;) {
    std::size_t at = text.find(separator);
    parts.emplace_back(trimmed(text.substr(0, at)));
    if (at == std::string_view::npos) return parts;
    text.remove_prefix(at + separator.size());
  }
}

/// Goes through a chapter line by line; a line is part of the prose or of a fenced block.
class ChapterReader {
 public:
  ChapterReader(std::string_view file, Chapters& chapters) : file_(file), chapters_(chapters) {}

  void read(std::string_view text) {
    while (!text.empty()) {
      std::size_t end = std::min(text.find('\n'), text.size());
      ++line_;
      read_line(text.substr(0, end));
      text.remove_prefix(std::min(end + 1, text.size()));
    }
    if (block_ != Block::none) complain(fence_, "a fence that is never closed");
    finish_clause();
  }

 private:
  enum class Block { none, scenario, trace, other };

  static constexpr std::string_view metadata_form = "expected `LEVEL · profile · tier · source` below the heading";

  void complain(int line, std::string what) {
    chapters_.errors.push_back({std::string(file_), line, std::move(what)});
  }

  void read_line(std::string_view line) {
    if (line.starts_with("```")) return fence(line);
    if (block_ == Block::scenario) clause_.examples.back().scenario += std::string(line) + "\n";
    else if (block_ == Block::trace) clause_.examples.back().trace += std::string(line) + "\n";
    else if (block_ == Block::none) prose(line);
  }

  void fence(std::string_view line) {
    if (block_ != Block::none) {
      block_ = Block::none;
      return;
    }
    fence_ = line_;
    if (line == "```scenario" && in_clause()) {
      block_ = Block::scenario;
      clause_.examples.push_back({{}, {}, line_ + 1, 0});
    } else if (line == "```trace" && in_clause()) {
      block_ = Block::trace;
      if (clause_.examples.empty() || clause_.examples.back().trace_line) {
        complain(line_, "a trace without a scenario before it");
        block_ = Block::other;
      } else {
        clause_.examples.back().trace_line = line_ + 1;
      }
    } else {
      block_ = Block::other;
    }
  }

  void prose(std::string_view line) {
    if (line.starts_with("## ")) return heading(line.substr(3));
    if (!in_clause()) return;
    if (!described_ && !line.empty()) return metadata(line);
    constexpr std::string_view variants = "Variants: ", rests_on = "Rests on: ", untestable = "Untestable: ";
    if (line.starts_with(variants)) clause_.variants = split(line.substr(variants.size()), ",");
    if (line.starts_with(rests_on)) clause_.rests_on = split(line.substr(rests_on.size()), " ");
    if (line.starts_with(untestable)) clause_.untestable = line.substr(untestable.size());
    clause_.words += std::string(line) + "\n";
  }

  void heading(std::string_view text) {
    finish_clause();
    std::size_t colon = text.find(": ");
    if (colon == std::string_view::npos) return complain(line_, "expected `## ID: title`");
    clause_.id = text.substr(0, colon);
    clause_.title = text.substr(colon + 2);
    clause_.file = file_;
    clause_.line = line_;
    described_ = false;
  }

  void metadata(std::string_view line) {
    described_ = true;
    auto fields = split(line, " · ");
    if (fields.size() != 4) return complain(line_, std::string(metadata_form));
    clause_.level = fields[0];
    clause_.profile = fields[1];
    clause_.tier = fields[2];
    clause_.source = fields[3];
    if (clause_.level != "MUST" && clause_.level != "SHOULD" && clause_.level != "MAY")
      complain(line_, fmt::format("{} is no level: MUST, SHOULD or MAY", clause_.level));
    if (clause_.tier != "P" && clause_.tier != "X" && clause_.tier != "V")
      complain(line_, fmt::format("{} is no tier: P, X or V", clause_.tier));
  }

  void finish_clause() {
    if (!in_clause()) return;
    clause_.words = trimmed(clause_.words);
    if (!described_) complain(clause_.line, std::string(metadata_form));
    if (find_clause(chapters_, clause_.id))
      complain(clause_.line, fmt::format("{} is there twice: ids are never reused", clause_.id));
    if (clause_.examples.empty() && clause_.untestable.empty())
      complain(clause_.line, fmt::format("{} has no example: add a scenario block and a trace block", clause_.id));
    for (const Example& example : clause_.examples) {
      Parsed parsed = parse_scenario(example.scenario);
      if (parsed.error)
        complain(example.line + parsed.error->line - 1,
                 fmt::format("column {}: expected {}", parsed.error->column, parsed.error->expected));
      if (!example.trace_line) complain(example.line, "a scenario without a trace block behind it");
    }
    chapters_.clauses.push_back(std::exchange(clause_, {}));
  }

  bool in_clause() const { return !clause_.id.empty(); }

  std::string_view file_;
  Chapters& chapters_;
  Clause clause_;
  bool described_ = false;  // the line below the heading has been read
  Block block_ = Block::none;
  int fence_ = 0;  // where the block began
  int line_ = 0;
};

}  // namespace

void read_chapter(std::string_view file, std::string_view text, Chapters& chapters) {
  ChapterReader(file, chapters).read(text);
}

const Chapters& chapters() {
  static const Chapters all = [] {
    Chapters all;
    for (const ChapterText& chapter : chapter_texts()) read_chapter(chapter.file, chapter.text, all);
    return all;
  }();
  return all;
}

const Clause* find_clause(const Chapters& chapters, std::string_view id) {
  auto found = std::ranges::find(chapters.clauses, id, &Clause::id);
  return found == chapters.clauses.end() ? nullptr : &*found;
}

bool rests_on(const Chapters& chapters, const Clause& clause, std::string_view other) {
  std::vector<const Clause*> reached{&clause};
  for (std::size_t i = 0; i < reached.size(); ++i)
    for (const std::string& id : reached[i]->rests_on) {
      if (id == other) return true;
      const Clause* next = find_clause(chapters, id);
      if (next && std::ranges::find(reached, next) == reached.end()) reached.push_back(next);
    }
  return false;
}

}  // namespace cede
