#include "ci/matrix.h"

#include <algorithm>
#include <cctype>
#include <cstring>

#include <fmt/format.h>
#include <nlohmann/json.hpp>

namespace cede {

Mark mark_of(const ClauseReport* clause) {
  if (!clause) return Mark::unasked;
  if (!clause->unexpected_variants().empty()) return Mark::departs;
  switch (clause->status) {
    case Status::verified: {
      auto seen = clause->variants_seen();
      bool rule_alone = seen.empty() || (seen.size() == 1 && seen[0].first == clause->clause->variants.front());
      return rule_alone ? Mark::verified : Mark::variant;
    }
    case Status::failed: return clause->as_expected() ? Mark::known : Mark::departs;
    case Status::not_verified: return clause->as_expected() ? Mark::known_undecided : Mark::undecided;
    case Status::unsupported: return Mark::unsupported;
    case Status::out_of_scope: return Mark::out_of_scope;
    case Status::not_held: return Mark::not_held;
  }
  return Mark::unasked;
}

bool is_news(const ClauseReport& clause) {
  Mark mark = mark_of(&clause);
  return mark == Mark::departs || (mark == Mark::undecided && clause.clause->level == "MUST");
}

const ClauseReport* Column::cell(const Clause& clause) const {
  auto found = std::ranges::find(loop->clauses, &clause, &ClauseReport::clause);
  return found == loop->clauses.end() ? nullptr : &*found;
}

bool Matrix::differs(const Clause& clause) const {
  return std::ranges::any_of(columns, [&](const Column& column) {
    Mark mark = mark_of(column.cell(clause));
    return mark != Mark::verified && mark != Mark::unasked;
  });
}

Matrix matrix_of(const std::vector<RunReport>& runs) {
  Matrix matrix;
  auto count = [&](auto same) {
    int count = 0;
    for (const RunReport& run : runs) count += static_cast<int>(std::ranges::count_if(run.loops, same));
    return count;
  };
  for (const RunReport& run : runs)
    for (const LoopReport& loop : run.loops) {
      std::string head = loop.info.name;
      bool twice = count([&](const LoopReport& other) { return other.info.name == loop.info.name; }) > 1;
      if (twice) head += " " + loop.info.version;
      std::string key = head;
      for (char& c : key)
        if (!isalnum(static_cast<unsigned char>(c)) && !strchr("./:-", c)) c = '_';
      for (int again = 2; std::ranges::find(matrix.columns, key, &Column::key) != matrix.columns.end(); ++again) {
        key = fmt::format("{}_{}", key, again);  // the same loop and version twice
        head += fmt::format(" ({})", again);
      }
      matrix.columns.push_back({&run, &loop, head, key});
    }
  for (const Clause& clause : chapters().clauses)
    if (std::ranges::any_of(matrix.columns, [&](const Column& column) { return column.cell(clause); }))
      matrix.clauses.push_back(&clause);
  return matrix;
}

LevelCount count_level(const LoopReport& loop, std::string_view level) {
  LevelCount count;
  for (const ClauseReport& report : loop.clauses) {
    constexpr std::array asked{Status::verified, Status::failed, Status::not_verified};
    if (report.clause->level != level || std::ranges::find(asked, report.status) == asked.end()) continue;
    ++count.asked;
    count.verified += report.status == Status::verified;
  }
  return count;
}

int count_news(const LoopReport& loop) {
  auto departs = [](const ClauseReport& clause) { return mark_of(&clause) == Mark::departs; };
  return static_cast<int>(std::ranges::count_if(loop.clauses, departs) + loop.crashes.size()) +
         (loop.order && loop.order->divergence);
}

int count_known(const LoopReport& loop) {
  auto known = [](const ClauseReport& clause) { return mark_of(&clause) == Mark::known; };
  return static_cast<int>(std::ranges::count_if(loop.clauses, known));
}

namespace {

/// A loop's name over two lines, so that columns stay narrow: `libev/poll`, `boost-asio`.
std::array<std::string, 2> broken(const std::string& head) {
  std::size_t at = head.find_first_of("/- ");
  if (at == std::string::npos || at + 1 == head.size()) return {"", head};
  return {head.substr(0, at + (head[at] != ' ')), head.substr(at + 1)};
}

}  // namespace

std::string matrix_text(const Matrix& matrix, bool all, bool color) {
  std::array<std::string, 2> heads{std::string(12, ' '), std::string(12, ' ')};
  std::vector<std::size_t> widths;
  for (const Column& column : matrix.columns) {
    auto parts = broken(column.head);
    widths.push_back(std::max(parts[0].size(), parts[1].size()));
    for (int line : {0, 1}) heads[line] += fmt::format(" {:<{}}", parts[line], widths.back());
  }
  std::string text, rows;
  bool used[looks.size()] = {};
  int same = 0;
  for (const Clause* clause : matrix.clauses) {
    if (!all && !matrix.differs(*clause)) {
      ++same;
      continue;
    }
    rows += fmt::format("{:<12}", clause->id);
    for (std::size_t i = 0; i < widths.size(); ++i) {
      const Look& cell = look(mark_of(matrix.columns[i].cell(*clause)));
      used[static_cast<std::size_t>(cell.mark)] = true;
      std::string letter = fmt::format("{:<{}}", cell.letter, widths[i]);
      rows += " " + (color && cell.mark == Mark::departs ? fmt::format("\033[31;1m{}\033[0m", letter) : letter);
    }
    rows.erase(rows.find_last_not_of(' ') + 1);
    rows += "\n";
  }
  for (std::string& line : heads) {
    line.erase(line.find_last_not_of(' ') + 1);
    if (!line.empty()) text += line + "\n";
  }
  if (!rows.empty()) text += rows;
  if (same) text += fmt::format("{} {}verified by all\n", same, rows.empty() ? "" : "more ");
  for (const Look& one : looks)
    if (used[static_cast<std::size_t>(one.mark)] && one.letter != ' ')
      text += fmt::format("  {}  {}\n", one.letter, one.words);
  return text;
}

std::string matrix_json(const Matrix& matrix, bool all) {
  using Json = nlohmann::ordered_json;
  Json json{{"loops", Json::array()}, {"clauses", Json::array()}};
  for (const Column& column : matrix.columns)
    json["loops"].push_back(
        {{"key", column.key}, {"loop", column.loop->info.name}, {"version", column.loop->info.version}});
  for (const Clause* clause : matrix.clauses) {
    if (!all && !matrix.differs(*clause)) continue;
    Json row{{"id", clause->id}, {"level", clause->level}, {"marks", Json::object()}};
    for (const Column& column : matrix.columns) row["marks"][column.key] = look(mark_of(column.cell(*clause))).name;
    json["clauses"].push_back(std::move(row));
  }
  return json.dump(-1, ' ', false, Json::error_handler_t::replace) + "\n";
}

}  // namespace cede
