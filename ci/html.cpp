#include "ci/html.h"

#include <algorithm>
#include <map>

#include <fmt/format.h>

#include "ci/badge.h"
#include "ci/markup.h"
#include "ci/matrix.h"
#include "ci/page.h"
#include "ci/text.h"

namespace cede {
namespace {

/// Of a long trace what is around the deciding event, as `time  event`, one a line; `>` is before that event.
std::string trace_lines(const ShownTrace& trace, std::size_t event, std::size_t middle) {
  constexpr std::size_t before = 24, after = 12;
  if (middle >= trace.size() + after) middle = before;  // no event decides, or this trace ends long before it
  std::size_t first = middle > before ? middle - before : 0, last = std::min(trace.size(), middle + after);
  std::string text;
  if (first) text += fmt::format("... {} events before\n", first);
  for (std::size_t i = first; i < last; ++i)
    text += fmt::format("{}{}  {}\n", i == event ? ">" : "", to_string_duration(trace[i].at), trace[i].text);
  if (last < trace.size()) text += fmt::format("... {} events after\n", trace.size() - last);
  return text;
}

/// The trace beside the reference's; the script of the page puts event beside event.
std::string traces(const ShownTrace& seen, std::size_t event, const ShownTrace& expected, std::size_t parting) {
  std::string left = trace_lines(seen, event, event), right = trace_lines(expected, parting, event);
  return fmt::format("<div class=\"traces\"><div><h5>seen</h5><pre>{}</pre></div>"
                     "<div><h5>the reference</h5><pre>{}</pre></div></div>", escaped(left), escaped(right));
}

std::string replay(const Column& column, const Scenario& scenario) {
  std::string line = replay_line(scenario, *column.loop, column.run->terms, "cede");
  return fmt::format("<h5>replay</h5><pre class=\"replay\">{}</pre>", escaped(line));
}

std::string scenario(const Scenario& scenario) {
  return fmt::format("<pre class=\"scenario\">{}</pre>", escaped(to_string(scenario)));
}

/// One that can be opened, at its own address.
std::string folded(std::string_view address, std::string_view mark, const std::string& summary,
                   const std::string& text) {
  return fmt::format("<details class=\"{}\" id=\"{}\"><summary>{}</summary>{}</details>\n", mark, escaped(address),
                     summary, text);
}

std::string expectation(const Expectation& expected) {
  std::string what = expected.kind == Expectation::Kind::variant     ? "be " + expected.variant + " alone"
                     : expected.kind == Expectation::Kind::undecided ? "be decided seldom"
                                                                     : "depart";
  return fmt::format("<p class=\"expectation\"><b>Expected to {}:</b> {} {}</p>", escaped(what),
                     escaped(expected.why), expected.link.empty() ? "" : link(expected.link, "where this is written"));
}

std::string variants(const ClauseReport& report) {
  auto seen = report.variants_seen();
  if (seen.empty()) return {};
  std::uint64_t sum = 0;
  for (auto& [name, count] : seen) sum += count;
  std::string items;
  for (auto& [name, count] : seen)
    items += fmt::format("<li>{} <b>{}</b> <small>{:.1f} %</small></li>", escaped(name), count,
                         100.0 * static_cast<double>(count) / static_cast<double>(sum));
  return fmt::format("<h5>{}</h5><ul class=\"facts\">{}</ul>",
                     seen.size() == 1 ? "outcome, always the same" : "outcomes", items);
}

/// What there is to say of a cell beyond its counts; empty if nothing, or only an outcome that is always the same,
/// which is told with the clause.
std::string details(const Column& column, const ClauseReport& report) {
  if (!report.expected && report.reason.empty() && !report.finding && report.variants_seen().size() <= 1) return {};
  std::string text = variants(report);
  if (report.expected) text += expectation(*report.expected);
  if (!report.reason.empty()) text += fmt::format("<p>{}</p>", escaped(report.reason));
  if (!report.finding) return text;
  const Finding& finding = *report.finding;
  text += fmt::format("<h5>smallest scenario, {} of {} violate the clause</h5>", report.violated, column.loop->played);
  text += scenario(finding.scenario) + fmt::format("<p class=\"why\">{}</p>", escaped(finding.why));
  return text + traces(finding.seen, finding.event, finding.expected, never) + replay(column, finding.scenario);
}

std::string crash_details(const Column& column, const Crash& crash) {
  std::string text = fmt::format("<p>{}</p>", escaped(crash.what));
  if (!crash.said.empty()) text += fmt::format("<h5>it wrote</h5><pre>{}</pre>", escaped(crash.said));
  if (crash.scenario.steps.empty()) return text;
  return text + fmt::format("<h5>scenario {}</h5>", crash.number) + scenario(crash.scenario) +
         replay(column, crash.scenario);
}

std::string divergence_details(const Column& column) {
  const OrderReport& order = *column.loop->order;
  const Divergence& divergence = *order.divergence;
  return fmt::format("<p>{} of {} traces are none that the reference could have, though no clause is violated.</p>",
                     order.unexplained, order.compared) +
         scenario(divergence.scenario) +
         traces(divergence.seen, divergence.parting.seen, divergence.expected, divergence.parting.expected) +
         replay(column, divergence.scenario);
}

std::string sign(Mark mark) {
  return fmt::format("<b class=\"sign {}\">{}</b>", look(mark).name, look(mark).sign);
}

std::string findings_of(const Column& column) {
  const LoopReport& loop = *column.loop;
  std::string text;
  for (std::size_t i = 0; i < loop.crashes.size(); ++i)
    text += folded(fmt::format("{}/crash-{}", column.key, i + 1), "departs",
                   sign(Mark::departs) + " " + escaped(column.head) + " took its process down",
                   crash_details(column, loop.crashes[i]));
  if (loop.order && loop.order->divergence)
    text += folded(column.key + "/exact-order", "departs", sign(Mark::departs) + " " + escaped(column.head) +
                   " exact order", divergence_details(column));
  for (const ClauseReport& report : loop.clauses) {
    std::string more = details(column, report);
    if (more.empty()) continue;
    Mark mark = mark_of(&report);
    text += folded(column.key + "/" + report.clause->id, look(mark).name,
                   fmt::format("{} {} <b>{}</b> {}", sign(mark), escaped(column.head), report.clause->id,
                               escaped(report.clause->title)), more);
  }
  if (text.empty()) return {};
  return fmt::format("<h3>{} {}</h3>\n{}", escaped(loop.info.name), escaped(loop.info.version), text);
}

std::string card(const Column& column) {
  const LoopReport& loop = *column.loop;
  std::string text = fmt::format("<article class=\"loop\"><h3>{} <small>{}</small></h3><ul class=\"levels\">",
                                 escaped(loop.info.name), escaped(loop.info.version));
  for (std::string_view level : {"MUST", "SHOULD", "MAY"})
    if (LevelCount count = count_level(loop, level); count.asked)
      text +=
          fmt::format("<li><span>{}</span> <b>{}</b><small> of {}</small></li>", level, count.verified, count.asked);
  text += "</ul>";
  int news = count_news(loop), known = count_known(loop);
  if (news) text += fmt::format("<p>{} {} departure{}</p>", sign(Mark::departs), news, news == 1 ? "" : "s");
  if (known) text += fmt::format("<p>{} {} as expected</p>", sign(Mark::known), known);
  if (!news && !known) text += fmt::format("<p>{} no departures</p>", sign(Mark::verified));
  for (std::size_t i = 0; i < loop.crashes.size(); ++i)
    text += fmt::format("<p><a href=\"#{0}/crash-{1}\">crash {1}</a></p>", escaped(column.key), i + 1);
  if (loop.order)
    text += fmt::format("<p>{} whole traces compared{}</p>", loop.order->compared,
                        loop.order->divergence ? fmt::format(", <a href=\"#{}/exact-order\">{} unexplained</a>",
                                                             escaped(column.key), loop.order->unexplained) : "");
  for (const std::string& stale : loop.stale) text += fmt::format("<p>stale: {}</p>", escaped(stale));
  text += fmt::format(
      "<details><summary>how it is played</summary><p>{} scenarios, seed {}, {} time</p><pre>{}</pre></details>",
      loop.played, column.run->terms.seed, spelling(column.run->terms.pace), escaped(loop.info.mapping));
  return text + "</article>\n";
}

/// Reached, decisive, violated: a second number like the first is left out, and so is a third that is 0, since there
/// are thousands of cells.
std::string counts(const ClauseReport& report) {
  if (!report.reached) return "";
  std::string text = fmt::format(" data-n=\"{}", report.reached);
  if (report.decisive != report.reached || report.violated) text += fmt::format(" {}", report.decisive);
  if (report.violated) text += fmt::format(" {}", report.violated);
  return text + "\"";
}

std::string cell(const Column& column, const Clause& clause) {
  const ClauseReport* report = column.cell(clause);
  const Look& shown = look(mark_of(report));
  if (!report) return "<td class=\"unasked\"></td>";
  std::string_view layered = report->layered ? " layered" : "";
  std::string text = fmt::format("<td class=\"{}{}\"{}>", shown.name, layered, counts(*report));
  std::string address = details(column, *report).empty() ? "" : column.key + "/" + clause.id;
  if (address.empty() && !report->variants_seen().empty()) address = clause.id;
  if (address.empty()) return text + fmt::format("{}</td>", shown.sign);
  return text + fmt::format("<a href=\"#{}\">{}</a></td>", escaped(address), shown.sign);
}

std::string_view chapter_title(std::string_view file) {
  for (const ChapterText& chapter : chapter_texts())
    if (chapter.file == file) return chapter.text.substr(2, chapter.text.find('\n') - 2);
  return file;
}

std::string table(const Matrix& matrix) {
  std::string text = "<thead><tr><th scope=\"col\">clause</th>";
  for (const Column& column : matrix.columns)
    text += fmt::format("<th scope=\"col\" data-key=\"{}\"><span>{}</span></th>", escaped(column.key),
                        escaped(column.head));
  text += "</tr></thead>\n";
  std::string_view chapter;
  for (const Clause* clause : matrix.clauses) {
    if (clause->file != chapter) {
      text += fmt::format(
          "{}<tbody>\n<tr class=\"chapter\"><th scope=\"rowgroup\" colspan=\"{}\"><span>{}</span></th></tr>\n",
          chapter.empty() ? "" : "</tbody>\n", matrix.columns.size() + 1, escaped(chapter_title(clause->file)));
      chapter = clause->file;
    }
    text += fmt::format(
        "<tr data-level=\"{0}\" data-id=\"{1}\"><th scope=\"row\">"
        "<a href=\"#{1}\"><b>{1}</b> <span>{2}</span></a></th>",
        clause->level, clause->id, escaped(clause->title));
    for (const Column& column : matrix.columns) text += cell(column, *clause);
    text += "</tr>\n";
  }
  return chapter.empty() ? "" : text + "</tbody>\n";
}

/// A clause's words without the lines that lead over to examples.
std::string words_of(const Clause& clause) {
  std::string words;
  for (std::string_view rest = clause.words; !rest.empty();) {
    std::string_view paragraph = rest.substr(0, rest.find("\n\n"));
    rest.remove_prefix(std::min(paragraph.size() + 2, rest.size()));
    if (!paragraph.ends_with(':')) words += std::string(paragraph) + "\n\n";
  }
  return prose(words);
}

/// Which loops have always the same outcome, by outcome.
std::string constant_outcomes(const Matrix& matrix, const Clause& clause) {
  std::map<std::string, std::string> loops;
  for (const Column& column : matrix.columns) {
    const ClauseReport* report = column.cell(clause);
    if (!report || report->variants_seen().size() != 1) continue;
    std::string& those = loops[report->variants_seen().begin()->first];
    those += (those.empty() ? "" : ", ") + column.head;
  }
  std::string items;
  for (const auto& [outcome, those] : loops)
    items += fmt::format("<li>{} <small>{}</small></li>", escaped(outcome), escaped(those));
  return items.empty() ? "" : fmt::format("<h5>outcome, always the same</h5><ul class=\"facts\">{}</ul>", items);
}

std::string clauses(const Matrix& matrix) {
  std::string text;
  for (const Clause* clause : matrix.clauses)
    text += folded(clause->id, "clause",
                   fmt::format("<b>{}</b> {} <small>{}</small>", clause->id, escaped(clause->title), clause->level),
                   words_of(*clause) + constant_outcomes(matrix, *clause) +
                       fmt::format("<p class=\"source\">{}</p>", escaped(clause->source)));
  return text;
}

std::string legend() {
  std::string text;
  for (const Look& one : looks)
    if (!one.sign.empty()) text += fmt::format("<li>{} <span>{}</span></li>", sign(one.mark), one.words);
  return text;
}

std::string notes(const std::vector<RunReport>& runs) {
  std::string text;
  for (const RunReport& run : runs) {
    text += fmt::format("<p class=\"terms\">{} a loop beside the examples, seed {}, {} time</p>",
                        run.terms.budget.text(), run.terms.seed, spelling(run.terms.pace));
    for (const Absent& absent : run.absent)
      text += fmt::format("<p class=\"note\"><b>{}</b> is absent: {}</p>", escaped(absent.loop), escaped(absent.why));
    if (run.shard) text += fmt::format("<p class=\"note\">Only shard {} of a run.</p>", run.shard->text());
    if (run.interrupted) text += "<p class=\"note\">Interrupted: this is of what was played.</p>";
  }
  return text;
}

}  // namespace

std::string to_html(const std::vector<RunReport>& runs) {
  const Matrix matrix = matrix_of(runs);
  std::string cards, findings;
  for (const Column& column : matrix.columns) {
    cards += card(column);
    findings += findings_of(column);
  }
  const std::vector<std::pair<std::string_view, std::string>> parts{
      {"STYLE", std::string(page_css())},
      {"SCRIPT", std::string(page_js())},
      {"VERDICT", escaped(badge_words(runs).words)},
      {"NOTES", notes(runs)},
      {"LOOPS", cards},
      {"COUNT", matrix.columns.size() > 5 ? "many" : "few"},
      {"TABLE", table(matrix)},
      {"LEGEND", legend()},
      {"FINDINGS", findings.empty() ? "<p>None.</p>" : findings},
      {"CLAUSES", clauses(matrix)}};
  // What is put in is not looked at again, whatever it says.
  std::string html;
  std::string_view rest = page_html();
  for (std::size_t at; (at = rest.find("{{")) != std::string_view::npos;) {
    std::string_view name = rest.substr(at + 2, rest.find("}}", at) - at - 2);
    html += rest.substr(0, at);
    html += std::ranges::find(parts, name, &std::pair<std::string_view, std::string>::first)->second;
    rest.remove_prefix(at + name.size() + 4);
  }
  return html.append(rest);
}

}  // namespace cede
