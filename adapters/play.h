// Plays a scenario on any loop that stands behind the port: asks the loop for what the steps say
// and writes down what is asked and what is seen.
#pragma once

#include <memory>

#include "adapters/adapter.h"
#include "adapters/virtual_time.h"
#include "reference/abstract_loop.h"

namespace cede {

class FamilyPlayer;
class Player;

/// Plays the verbs of one family; of tasks and futures, those that the loop has of its own.
using MakeFamily = std::unique_ptr<FamilyPlayer> (*)(Player&);

/// The port is the reference's AbstractLoop: whoever implements it is played, callbacks directly
/// and tasks through the reference's task layer, unless the loop has tasks of its own.
using MakeLoop = std::unique_ptr<reference::AbstractLoop> (*)(World&, const Adapter&);

/// Plays on a fresh loop in the given world; the trace is emptied first.
void play(const Scenario& scenario, const Adapter& adapter, MakeLoop make, World& world, Trace& trace,
          MakeFamily tasks = nullptr);

/// An adapter's `run` for a loop that knows nothing of worlds and finds itself in one.
template <MakeLoop make, MakeFamily tasks = nullptr>
void play_unaware(const Adapter& adapter, const Scenario& scenario, World& world, Trace& trace) {
  InWorld in(world, adapter.name);
  play(scenario, adapter, make, world, trace, tasks);
}

/// What the adapters of callback loops have in common: such a loop is unaware of worlds, and futures and tasks are
/// the reference's over it. The mapping begins with a new line.
template <MakeLoop make>
void adapt_callback_loop(Adapter& adapter, std::string_view mapping) {
  adapter.mapping = mapping.substr(1);
  adapter.layered = {"future", "task"};
  adapter.run = play_unaware<make>;
}

}  // namespace cede
