// An adapter: what a loop is called, what it can do, how the verbs map onto it, and how to play a
// scenario on it. It only tells; it never asserts, sorts or retries.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/world.h"
#include "spec/trace.h"

struct cede_table;

namespace cede {

/// A verb that the loop cannot perform, and why.
struct Unsupported {
  Verb verb;
  std::string reason;
};

/// What a loop tells of itself.
struct LoopInfo {
  std::string name;      // as on the command line
  std::string back_end;  // of several that the loop has
  std::string version;   // of the loop
  std::string mapping;   // verb by verb, one a line; the report prints it
  std::string language;  // with its version, of a loop that is behind the wire
  std::string bugs;      // where they are reported; may be empty
  std::vector<Unsupported> unsupported;
  /// Profiles that are not the loop's own but played by a layer over it, such as the reference's.
  std::vector<std::string> layered;
  Nanos resolution = 1;
  bool exact_order = false;
  /// Its futures and tasks are promises: who waits for one goes on in a microtask.
  bool promises = false;
  /// In virtual time the clock has to creep, for a loop that waits until a deadline is behind it.
  bool needs_creeping = false;
  /// Behind the wire: it answers each scenario before it begins the next, so that more can be sent ahead, and whoever
  /// fails fails in the first that is not answered.
  bool prompt = false;
};

struct Adapter : LoopInfo {
  /// Plays the scenario on a fresh loop. The trace is emptied first and filled.
  void (*run)(const Adapter&, const Scenario&, World&, Trace&) = nullptr;

  /// Sends ahead what will be run at this pace, so that nobody waits for the other. What was sent has to be run next,
  /// in the order in which it was sent. Null of a loop that takes nothing ahead.
  void (*send_ahead)(const Adapter&, const Scenario&, World::Pace) = nullptr;

  /// The workload below as a plain program in the loop's own API, to compare with; may be null.
  void (*run_bare)(World&) = nullptr;

  /// Of a plug-in in C, the functions (cede.h).
  const cede_table* table = nullptr;
};

/// How time has to go by for this loop when this pace is wanted.
inline World::Pace pace_for(const LoopInfo& loop, World::Pace wanted) {
  return loop.needs_creeping && wanted == World::Pace::frozen ? World::Pace::creeping : wanted;
}

/// What the command looks for in the module of a loop: fills in the adapter of this back end, or of the usual
/// one if it is empty; false when there is no such.
extern "C" [[gnu::visibility("default")]] bool cede_adapter(std::string_view back_end, Adapter& adapter);

/// What a module and the command have to agree on, as far as sizes show it. A module that was built with the headers
/// of another cede is refused by that.
extern "C" [[gnu::used, gnu::visibility("default")]] inline std::size_t cede_layout() {
  std::size_t layout = verbs_count;
  for (std::size_t size : {sizeof(Adapter), sizeof(Unsupported), sizeof(World), sizeof(Scenario), sizeof(Event)})
    layout = layout * 1000003 + size;
  return layout;
}

/// Five callbacks and five timers: what `cede bench` compares `run` and `run_bare` on.
inline constexpr std::string_view bare_workload =
    "main: call_soon a\nmain: call_soon a\nmain: call_soon a\nmain: call_soon a\nmain: call_soon a\n"
    "main: call_later 10ms a\nmain: call_later 30ms a\nmain: call_later 20ms a\nmain: call_later 50ms a\n"
    "main: call_later 40ms b\nb: log done\n";

}  // namespace cede
