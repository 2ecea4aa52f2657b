#include "ci/markdown.h"

#include <fmt/format.h>

#include "ci/badge.h"
#include "ci/matrix.h"
#include "ci/text.h"

namespace cede {
namespace {

/// Text between which no markup hides, nor the end of a table's cell.
std::string plain(std::string_view text) {
  std::string escaped;
  for (char c : text) {
    if (c == '\n') {
      escaped += ' ';
      continue;
    }
    if (std::string_view("\\`*_{}[]<>()#|!~&").find(c) != std::string_view::npos) escaped += '\\';
    escaped += c;
  }
  return escaped;
}

/// A block that shows the text as it is, whatever backticks are in it.
std::string fenced(std::string_view text) {
  std::string fence = "```";
  while (text.find(fence) != std::string_view::npos) fence += '`';
  return fmt::format("\n{}\n{}{}{}\n\n", fence, text, text.ends_with('\n') ? "" : "\n", fence);
}

std::string folded(std::string_view summary, const std::string& text) {
  return fmt::format("<details><summary>{}</summary>\n{}</details>\n\n", summary, text);
}

std::string news_of(const Column& column, const ClauseReport& report) {
  const Clause& clause = *report.clause;
  std::string text = fmt::format("**{}** {} ({}) {}", plain(column.head), clause.id, clause.level, plain(clause.title));
  if (report.status == Status::not_verified)
    return text + fmt::format(": decisive in {} scenarios, {} are needed\n\n", report.decisive, column.loop->floor);
  for (const std::string& name : report.unexpected_variants())
    text += fmt::format(": shows the variant {}", plain(name));
  text += "\n";
  if (!report.finding) return text + "\n";
  const Finding& finding = *report.finding;
  return text + folded(fmt::format("smallest scenario; {} of {} violate it", report.violated, column.loop->played),
                       fenced(to_string(finding.scenario)) + plain(finding.why) + "\n" +
                           fenced(marked(finding.seen, finding.event)) +
                           fenced(replay_line(finding.scenario, *column.loop, column.run->terms, "cede")));
}

/// What was not expected: departures, crashes and the like, each with all that is needed to see it again.
std::string news(const Matrix& matrix) {
  std::string text;
  for (const Column& column : matrix.columns) {
    const LoopReport& loop = *column.loop;
    const Terms& terms = column.run->terms;
    for (const Crash& crash : loop.crashes) {
      text += fmt::format("**{}** {}\n", plain(column.head), plain(crash.what));
      text += folded("scenario", fenced(to_text(loop, crash, terms, false)));
    }
    for (const ClauseReport& clause : loop.clauses)
      if (is_news(clause)) text += news_of(column, clause);
    if (loop.order && loop.order->divergence) {
      text += fmt::format("**{}** exact order: {} of {} traces are unexplained\n", plain(column.head),
                          loop.order->unexplained, loop.order->compared);
      text += folded("smallest scenario", fenced(divergence_text(loop, terms, false)));
    }
    for (const std::string& stale : loop.stale)
      text += fmt::format("**{}** stale: {}\n\n", plain(column.head), plain(stale));
  }
  return text;
}

std::string cell(const ClauseReport* report) {
  Mark mark = mark_of(report);
  if (mark == Mark::departs) return "**✗**";
  if (mark != Mark::variant) return std::string(look(mark).sign);
  std::string names;
  for (auto& [name, count] : report->variants_seen()) names += (names.empty() ? "" : ", ") + plain(name);
  return fmt::format("◆ {}", names);
}

std::string_view chapter_title(const Clause& clause) {
  for (const ChapterText& chapter : chapter_texts())
    if (chapter.file == clause.file) return chapter.text.substr(2, chapter.text.find('\n') - 2);
  return clause.file;
}

std::string table(const Matrix& matrix) {
  std::string heads = "| clause |", rule = "|---|", rows;
  for (const Column& column : matrix.columns) {
    heads += fmt::format(" {} |", plain(column.head));
    rule += ":-:|";
  }
  std::string_view chapter;
  int same = 0;
  bool used[looks.size()] = {};
  for (const Clause* clause : matrix.clauses) {
    if (!matrix.differs(*clause)) {
      ++same;
      continue;
    }
    if (clause->file != chapter) {
      rows += fmt::format("| **{}** |", chapter_title(*clause));
      for (std::size_t i = 0; i < matrix.columns.size(); ++i) rows += " |";
      rows += "\n";
    }
    chapter = clause->file;
    rows += fmt::format("| {} {} |", clause->id, plain(clause->title));
    for (const Column& column : matrix.columns) {
      const ClauseReport* report = column.cell(*clause);
      used[static_cast<std::size_t>(mark_of(report))] = true;
      rows += fmt::format(" {} |", cell(report));
    }
    rows += "\n";
  }
  std::string text = rows.empty() ? "" : heads + "\n" + rule + "\n" + rows + "\n";
  if (same) text += fmt::format("{} {}verified by all.\n\n", same, rows.empty() ? "" : "more ");
  std::string legend;
  for (const Look& one : looks)
    if (used[static_cast<std::size_t>(one.mark)] && !one.sign.empty())
      legend += fmt::format("{}{} {}", legend.empty() ? "" : " · ", one.sign, one.words);
  return text + (rows.empty() ? "" : legend + "\n\n");
}

std::string counts(const Matrix& matrix) {
  std::string text =
      "| loop | MUST | SHOULD | MAY | departs | scenarios | seed | time |\n|---|---|---|---|---|---|---|---|\n";
  for (const Column& column : matrix.columns) {
    const LoopReport& loop = *column.loop;
    text += fmt::format("| {} {} |", plain(loop.info.name), plain(loop.info.version));
    for (std::string_view level : {"MUST", "SHOULD", "MAY"}) {
      LevelCount count = count_level(loop, level);
      text += count.asked ? fmt::format(" {} of {} |", count.verified, count.asked) : std::string(" |");
    }
    int known = count_known(loop);
    text += fmt::format(" {}{} |", count_news(loop), known ? fmt::format(", and {} as expected", known) : "");
    text += fmt::format(" {} | {} | {} |\n", loop.played, column.run->terms.seed, spelling(column.run->terms.pace));
  }
  return text + "\n";
}

}  // namespace

std::string to_markdown(const std::vector<RunReport>& runs) {
  Matrix matrix = matrix_of(runs);
  std::string text = fmt::format("## cede: {}\n\n", badge_words(runs).words);
  for (const RunReport& run : runs) {
    for (const Absent& absent : run.absent)
      text += fmt::format("**{}** is absent: {}\n\n", plain(absent.loop), plain(absent.why));
    if (run.shard) text += fmt::format("Only shard {} of the run.\n\n", run.shard->text());
    if (run.interrupted) text += "Interrupted: this is of what was played.\n\n";
  }
  if (std::string red = news(matrix); !red.empty()) text += "### New\n\n" + red;
  if (matrix.columns.empty()) return text;
  return text + "### Loops\n\n" + counts(matrix) + "### Clauses\n\n" + table(matrix);
}

}  // namespace cede
