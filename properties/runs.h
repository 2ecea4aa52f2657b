// What a trace tells of runs: which of them turned the loop, and what ended each.
#pragma once

#include "properties/history.h"

namespace cede {

/// A runner, from the inside.
struct Runner {
  std::size_t asked = never;
  std::size_t got = never;    // its answer
  std::size_t begun = never;  // its main coroutine
  std::size_t ended = never;
};
/// The one that was asked for by this event.
Runner read_runner(const History& history, std::size_t asked);

/// Whether it asks the loop of the scenario to turn, and not another, nor from within.
bool turns_this_loop(const Run& run);
/// Whether the loop took the run on: it polled at least once, and gave back control.
bool was_a_run(const History& history, const Run& run);
bool ended_fatally(const History& history, const Run& run);
/// The run of this loop that goes on at the event; null if none does.
const Run* run_around(const History& history, std::size_t event);

/// Whether an earlier run_until_complete came back, by a stop or a fatal error, before it could end
/// itself by the completion of its future: then its own end may still stand in the queue.
bool an_earlier_end_is_queued(const History& history, const Run& run);
/// Whether a run came back although nothing was there to end it.
bool came_back_unasked(const History& history, const Run& run);
/// Whether the future of an earlier run, which had ended before it was done, was completed in this
/// one: a callback forgotten on it would end this run.
bool completes_an_earlier_future(const History& history, const Run& run);

}  // namespace cede
