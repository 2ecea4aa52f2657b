// spec/06-passes.md
#include "properties/property.h"

namespace cede {
namespace {

/// PASS-2
Verdict what_is_added_in_a_pass_runs_in_the_next(const History& history) {
  Ruling ruling;
  for (const Call& call : history.calls) {
    const Job* by = history.job_at(call.asked);
    if (call.verb != Verb::call_soon || call.entered == never || !by) continue;
    // Jobs that a timer's callback adds may, in loops whose timers come first, still be of this turn.
    const Call* source = history.call_of(*by);
    if (source && source->timer()) continue;
    ruling.require(history.pass(call.asked) < history.pass(call.entered), call.entered,
                   "it was called in the pass that added it");
  }
  return ruling;
}

constexpr Property list[] = {
    {"PASS-2", what_is_added_in_a_pass_runs_in_the_next},
};

}  // namespace

std::span<const Property> passes() { return list; }

}  // namespace cede
