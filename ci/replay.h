// `cede replay`: one scenario on one loop, with all that happens and what the judges say.
#pragma once

#include <string>

#include "adapters/world.h"
#include "ci/exit.h"

namespace cede {

struct ReplayOptions {
  std::string file;  // - for standard input
  std::string loop = "reference";
  World::Pace pace = World::Pace::frozen;
  bool random_choices = false;
};

/// Prints the trace, the reference's beside it where they differ, and every clause that the
/// scenario reaches. Exit::departs if one of them is violated, or if the loop declares the exact order
/// and parts from it.
Exit replay(const ReplayOptions& options);

/// The whole file, or what comes from standard input for `-`; false with a message in `why`.
bool read_file(const std::string& file, std::string& text, std::string& why);

}  // namespace cede
