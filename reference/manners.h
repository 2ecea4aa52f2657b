// What older and newer versions of CPython do otherwise than the contract has it, one outcome each. A loop has none of
// these manners unless somebody wants to compare it with such a version.
#pragma once

#include <cstddef>
#include <utility>

#include "reference/choices.h"

namespace cede::reference {

struct Manners {
  bool wait_for_has_a_task = false;       // WF-1: before 3.12, with a future of its own to wait on
  bool uncancel_leaves_the_error = false; // CANCEL-16: before 3.13
  bool notification_is_lost = false;      // COND-4: before 3.13
  bool group_takes_back_early = false;    // TG-2, TG-3: before 3.13, what it has asked of its task
  bool gather_counts_at_once = false;     // GATHER-2: since 3.12, what is done when it begins
  bool generators_end_in_tasks = false;   // AGEN-4: when they are shut down, those that are over too
  bool as_completed_keeps_timer = false;  // ASC-2: when nobody takes from it any more
  bool runner_gathers_tasks = false;      // LIFE-8: those that are left
  bool runner_ends_executor = false;      // LIFE-8: too, in a run of its own
  bool signals_come_with_calls = false;   // THR-8: by the pipe that calls from threads write to, too
  /// Which goes first in what asyncio keeps in a set, whose order is that of addresses; null: who came first.
  Choices* sets = nullptr;
};

/// Those of the loops of this thread.
Manners& manners();

/// Puts them into the order that is chosen, the first place first.
template <class List>
void shuffle(List& list, Choices& choices) {
  for (std::size_t place = 0; place + 1 < list.size(); ++place)
    std::swap(list[place], list[place + choices.pick(list.size() - place)]);
}

}  // namespace cede::reference
