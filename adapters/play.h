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

/// A fresh loop of a class that asks for nothing.
template <class Loop>
std::unique_ptr<reference::AbstractLoop> make_callback_loop(World&, const Adapter&) {
  return std::make_unique<Loop>();
}

/// What the adapters of callback loops have in common: such a loop is unaware of worlds, and futures and tasks are
/// the reference's over it. The mapping begins with a new line. What `CallbackLoop` answers by itself says nothing of
/// the loop and is declared unsupported; so are signals, which few loops watch. An adapter that can do more says so.
template <MakeLoop make>
void adapt_callback_loop(Adapter& adapter, std::string_view mapping) {
  adapter.mapping = mapping.substr(1);
  adapter.layered = {"future", "task"};
  adapter.run = play_unaware<make>;
  adapter.unsupported = {
      {Verb::close, "the adapter's own: the loop has no closed state that refuses calls"},
      {Verb::is_closed, "as close"},
      {Verb::is_running, "the adapter's own: the loop is not asked"},
      {Verb::get_running_loop, "as is_running"},
      {Verb::run_in_new_loop, "the adapter's own: it refuses nested runs"},
      {Verb::set_debug, "the loop has no debug mode"},
      {Verb::add_signal_handler, "the adapter does not watch signals"},
      {Verb::add_signal_handler_elsewhere, "as add_signal_handler"},
      {Verb::remove_signal_handler, "as add_signal_handler"},
  };
}

}  // namespace cede
