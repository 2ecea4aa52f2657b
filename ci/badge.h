// What came of runs in two or three words, and as a badge: an SVG that needs no server and no font of its own.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "ci/report.h"

namespace cede {

struct BadgeWords {
  std::string words;  // such as `171 MUST` or `3 departures`
  std::string_view color;
};
BadgeWords badge_words(const std::vector<RunReport>& runs);

std::string to_badge(const std::vector<RunReport>& runs);

}  // namespace cede
