// What a run found, for people at a terminal.
#pragma once

#include <string>
#include <string_view>

#include "ci/report.h"

namespace cede {

/// How the loop took its process down, for people.
std::string to_text(const LoopReport& loop, const Crash& crash, const Terms& terms, bool color);
/// A failure for people: clause, words, smallest scenario, expected and seen trace with the
/// deciding event marked, and a line to replay it.
std::string to_text(const LoopReport& loop, const ClauseReport& clause, const Terms& terms, bool color);
/// The same for a divergence that no clause explains.
std::string divergence_text(const LoopReport& loop, const Terms& terms, bool color);
/// All that failed on a loop, and the summary.
std::string to_text(const LoopReport& loop, const Terms& terms, bool color);
/// A few lines per loop.
std::string summary(const LoopReport& loop, bool color);

/// How the command was called, as a shell can call it again; `cede` until somebody says otherwise.
const std::string& called_as();
void set_called_as(std::string command);

/// A shell command that plays the scenario again, by the name under which cede was called.
std::string replay_line(const Scenario& scenario, const LoopReport& loop, const Terms& terms,
                        std::string_view command = called_as());

/// Each line of a text behind so much.
std::string indented(std::string_view text, std::string_view by);

/// A trace with its times, the deciding event marked; long ones are cut around it, unless `whole`.
std::string marked(const ShownTrace& trace, std::size_t event, bool whole = false);

}  // namespace cede
