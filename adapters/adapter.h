// An adapter: what a loop is called, what it can do, how the verbs map onto it, and how to play a
// scenario on it. It only tells; it never asserts, sorts or retries.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/world.h"
#include "spec/trace.h"

namespace cede {

/// A verb that the loop cannot perform, and why.
struct Unsupported {
  Verb verb;
  std::string_view reason;
};

struct Adapter {
  std::string name;     // as on the command line
  std::string version;  // of the loop
  std::string mapping;  // verb by verb, one a line; the report prints it
  std::vector<Unsupported> unsupported;
  /// Profiles that are not the loop's own but played by the reference's layer over it.
  std::vector<std::string_view> layered;
  Nanos resolution = 1;
  bool exact_order = false;

  /// Plays the scenario on a fresh loop. The trace is emptied first and filled.
  void (*run)(const Adapter&, const Scenario&, World&, Trace&) = nullptr;
};

}  // namespace cede
