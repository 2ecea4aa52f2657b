#include "ci/badge.h"

#include <algorithm>

#include <fmt/format.h>

#include "ci/markup.h"
#include "ci/matrix.h"

namespace cede {
namespace {

constexpr std::string_view green = "#2a7d4f", yellow = "#8a6d00", red = "#b3261e", grey = "#5f6368";

/// About how wide it is in the sans serif of most systems at 11 pixels; the text is then fitted to it.
int width_of(std::string_view text) {
  double width = 0;
  for (char c : text) {
    if (std::string_view("iljt.,:' ").find(c) != std::string_view::npos) width += 4;
    else if (std::string_view("MUSTOHDwm").find(c) != std::string_view::npos) width += 8.2;
    else width += 6.7;
  }
  return static_cast<int>(width + 0.5);
}

std::string plural(int count, std::string_view noun) {
  return fmt::format("{} {}{}", count, noun, count == 1 ? "" : "s");
}

}  // namespace

BadgeWords badge_words(const std::vector<RunReport>& runs) {
  int news = 0, known = 0;
  LevelCount must;
  std::vector<Exit> ends;
  for (const RunReport& run : runs) {
    auto these = exits(run);
    ends.insert(ends.end(), these.begin(), these.end());
    for (const LoopReport& loop : run.loops) {
      news += count_news(loop);
      known += count_known(loop);
      LevelCount count = count_level(loop, "MUST");
      must.asked += count.asked;
      must.verified += count.verified;
    }
  }
  if (news) return {plural(news, "departure"), red};
  switch (worst(ends)) {
    case Exit::verified: break;
    case Exit::adapter_failed: return {"loop absent", grey};
    case Exit::stale: return {"stale expectation", yellow};
    case Exit::interrupted: return {"interrupted", grey};
    default: return {"not verified", grey};
  }
  if (must.verified == must.asked && !known) return {fmt::format("{} MUST", must.verified), green};
  return {fmt::format("{} of {} MUST", must.verified, must.asked), known ? yellow : green};
}

std::string to_badge(const std::vector<RunReport>& runs) {
  BadgeWords badge = badge_words(runs);
  std::string loops;
  for (const RunReport& run : runs)
    for (const LoopReport& loop : run.loops)
      loops += fmt::format("{}{} {}", loops.empty() ? "" : ", ", loop.info.name, loop.info.version);
  const std::string title = escaped(fmt::format("cede{}{}: {}", loops.empty() ? "" : " on ", loops, badge.words));
  const int left = width_of("cede") + 12, text = width_of(badge.words), right = text + 12, width = left + right;
  std::string svg = fmt::format(
      "<svg xmlns=\"http://www.w3.org/2000/svg\" width=\"{0}\" height=\"20\" viewBox=\"0 0 {0} 20\" role=\"img\" "
      "aria-labelledby=\"title\">\n<title id=\"title\">{1}</title>\n"
      "<clipPath id=\"round\"><rect width=\"{0}\" height=\"20\" rx=\"3\"/></clipPath>\n"
      "<g clip-path=\"url(#round)\"><rect width=\"{2}\" height=\"20\" fill=\"#444\"/>"
      "<rect x=\"{2}\" width=\"{3}\" height=\"20\" fill=\"{4}\"/></g>\n",
      width, title, left, right, badge.color);
  svg += "<g fill=\"#fff\" font-family=\"Verdana,DejaVu Sans,Geneva,sans-serif\" font-size=\"11\">\n";
  auto label = [&](int x, int length, std::string_view words) {
    svg += fmt::format("<text x=\"{}\" y=\"14\" textLength=\"{}\">{}</text>\n", x, length, escaped(words));
  };
  label(6, width_of("cede"), "cede");
  label(left + 6, text, badge.words);
  return svg + "</g>\n</svg>\n";
}

}  // namespace cede
