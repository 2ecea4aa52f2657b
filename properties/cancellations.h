// What requests to cancel tasks bring about: which task each reaches, where it meets that task, and the
// step in which the cancellation has to be raised. Read off a trace, like the history that it is a part of.
#pragma once

#include <cstddef>
#include <cstdint>
#include <vector>

#include "spec/trace.h"

namespace cede {

class History;

/// The index of an event that did not happen.
inline constexpr std::size_t never = static_cast<std::size_t>(-1);

/// One cancellation that a task has to see, asked for once or several times.
struct Cancellation {
  /// Where the first request met the task.
  enum class Met : std::uint8_t {
    unbegun,  // its first step stood in the queue
    ceded,    // a later step did, after a bare suspension
    woken,    // ... since what it waited for was done
    waiting,  // it waited for a future, which was cancelled in its place
    asleep,
    running,  // the request was said in its own step
  };

  Id task = 0;  // that sees it: of tasks which wait for each other the innermost
  Met met = Met::running;
  std::size_t asked = never;    // the first request, or the `leave` that passed it on
  std::size_t struck = never;   // the request, or the `leave` of a running task, that found it suspended
  std::size_t wait = never;     // what it was suspended in, as an index
  std::size_t job = never;      // the step that raises it, as an index
  std::size_t missed = never;   // the `end` of a coroutine that was over before it could be raised
  Id future = 0;                // that was cancelled in its place
  bool passed_on = false;       // to a task that it came to wait for
  int requests = 1;
  Value message;                // of the request that counts
};

/// A request that a task passed on, since it waited for another.
struct Passed {
  std::size_t asked = 0;
  std::size_t wait = 0;  // as an index
  Id outer = 0, inner = 0;
};

/// A future that was cancelled because a task that waited for it was asked to cancel.
struct CalledOff {
  Id future = 0;
  std::size_t event = 0;
  Id task = 0;  // that was asked
  Value message;
};

class Cancellations {
 public:
  void read(const History& history);
  void clear();

  std::vector<Cancellation> all;  // in the order of the requests
  std::vector<Passed> passed;
  std::vector<CalledOff> called_off;
  /// The event from which on nothing is known, since the contract leaves open what happens, or since
  /// there is more in the trace than this can read.
  std::size_t until = never;
  /// A request that came to tasks which wait for each other in a circle.
  std::size_t circle = never;
  /// An `uncancel` that took the last request back before it was raised.
  std::size_t retracted = never;

  /// The cancellation that the job has to raise; null if none.
  const Cancellation* raised_in(std::size_t job) const;
  /// Whether the task was ever asked, as far as is known.
  bool asked(Id task) const;
  /// The requests that the task counts at the event.
  int requests(Id task, std::size_t event) const;
  /// How the task, or the future, has ended by the event: as `History` says, unless a request changed it.
  /// Nothing while it is pending.
  Answer outcome(const History& history, Id id, std::size_t event) const;

 private:
  struct Count {
    std::size_t event;
    Id task;
    int change;
  };
  /// Where a task stands while the trace is read.
  struct State {
    Id task = 0;
    std::size_t wait = never;  // that it is suspended in, as an index
    std::size_t open = never;  // the cancellation still to be raised, as an index
    bool begun = false;
    bool running = false;
    bool by_flag = false;  // its next suspension or step raises it, and no future that was cancelled
    int requests = 0;
  };

  void read_request(const History& history, std::size_t index, Id task, const Value& message);
  void strike(const History& history, std::size_t index, State& state, const Value& message);
  void take_back(std::size_t index, Id task);
  void read_enter(const History& history, std::size_t index);
  void read_leave(const History& history, std::size_t index);
  bool is_pending(const History& history, Id future, std::size_t index) const;
  State& state(Id task);

  std::vector<Count> counts_;
  std::vector<State> states_;
};

}  // namespace cede
