// What judges can require of a task that was asked to cancel: that the error is raised where it belongs, that
// nothing else is disturbed, and that the task ends as its coroutine did.
#pragma once

#include <string_view>

#include "properties/property.h"

namespace cede {

bool asks_to_cancel(Verb verb);
bool is_cancellation(const Answer& answer);

/// Whether passes can be counted: no fatal error cut one short, and each began with a poll.
bool passes_count(const History& history);
/// Whether what has not happened by the end of the trace will never happen.
bool all_is_over(const History& history);

/// The step that has to raise it; null if there was none.
const Job* job_of(const History& history, const Cancellation& cancellation);
/// The wait that the step goes on from; null if it is the first.
const Wait* resumed(const History& history, const Job& job);
/// The cancellation that the task has to see where this wait ends; null if none.
const Cancellation* raised_at(const History& history, const Wait& wait);
/// Where the task was destroyed in one of its own steps, from the one on in which the error was raised.
std::size_t destroyed_by_itself(const History& history, const Cancellation& cancellation);

/// The cancellation is raised in the step where it belongs; in the first one by not entering the body.
void require_raised(Ruling& ruling, const History& history, const Cancellation& cancellation, std::string_view why);
/// From the event to the job it is one pass, no more and no less.
void require_next_pass(Ruling& ruling, const History& history, std::size_t event, const Job& job,
                       std::string_view why);
/// The steps of tasks that were met so stand in the queue where they belong: nothing that was queued later has
/// run before them, and they run before nothing that was queued earlier.
void require_place(Ruling& ruling, const History& history, Cancellation::Met met);
/// Nobody is told anything else about the task than how it has ended.
void require_outcome(Ruling& ruling, const History& history, const FutureLife& task, std::string_view why);
/// Later steps of the task, which no request concerns, go on as what they wait for says.
void require_undisturbed(Ruling& ruling, const History& history, const Cancellation& past, std::string_view why);
/// Who suspends after a cancellation is not over, and goes on when what it waits for is.
void require_clean_up(Ruling& ruling, const History& history);

/// Calls on the steps that ask about the future or task behind the event, while what happens is known.
template <class OnStep>
void each_question(const History& history, Id id, std::size_t after, OnStep on_step) {
  for (std::size_t index : history.about_futures)
    if (history[index].id == id && index > after && index < history.cancellations.until) on_step(index);
}
/// ... and of them on those that are answered by its outcome.
template <class OnStep>
void each_reading(const History& history, Id id, std::size_t after, OnStep on_step) {
  each_question(history, id, after, [&](std::size_t index) {
    Verb question = history[index].step.verb;
    if (question == Verb::cancelled || question == Verb::result || question == Verb::exception) on_step(index);
  });
}

}  // namespace cede
