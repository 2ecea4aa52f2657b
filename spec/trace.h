// A trace: all that was asked of a loop and all that was seen, in order, with the loop's time.
// It contains no opinion. Small and typed in memory; printed only to be shown.
#pragma once

#include <array>
#include <cstdint>
#include <string>
#include <vector>

#include "spec/scenario.h"

namespace cede {

enum class What : std::uint8_t {
  did,     // a script performed a step; steps that are answered at once have the answer with them
  got,     // the answer to a step that took longer: an await, a sleep, a run
  enter,   // the loop begins a job: a callback, or a step of a task
  leave,   // ... and has control back
  item,    // one of several results that a `got` brings, in order: of gather, of a group
  end,     // a coroutine's script is over, with what it returned or raised
  destroyed,  // ... because it was destroyed where it was suspended
  poll,    // the loop looks for events and waits at most `time`
  error,   // the loop's error handler was called
  warning, // a diagnostic of the loop: something was lost or took too long
  rest,    // the loop waits for ever and nothing is left that could wake it; the run is ended
  stuck,   // the loop turns and turns without resting; the run is ended
  silent,  // the limit of jobs is reached: scripts do nothing from here on
};

/// What came back from a step.
struct Answer {
  enum class Kind : std::uint8_t { nothing, value, raised, unsupported, ignored };

  Kind kind = Kind::nothing;
  Value value;  // for `raised` the error

  static Answer of(Value value) { return {Kind::value, value}; }
  static Answer raised(ErrorKind error) { return {Kind::raised, Value::of(error)}; }

  bool is_raised() const { return kind == Kind::raised; }
  bool is_raised(ErrorKind error) const { return is_raised() && value.error == error; }
  /// Whether the step was not taken: it was about nothing, or the loop does not have the verb.
  bool without_effect() const { return kind == Kind::ignored || kind == Kind::unsupported; }
  /// The message of a cancellation does not count: optional, and not for ever (CANCEL-17).
  friend bool operator==(const Answer& one, const Answer& other) {
    bool errors = one.is_raised() && other.is_raised();
    return one.kind == other.kind && (errors ? one.value.error == other.value.error : one.value == other.value);
  }
};

/// Numbers of things are counted from 1 within a trace; 0 means none.
using Id = std::uint32_t;

struct Event {
  What what = What::did;
  Nanos at = 0;      // the loop's clock
  Id job = 0;        // the job that was running; 0 while none is
  Id id = 0;         // the handle, future, task or coroutine object that it is about
  Id made = 0;       // the registration that the step made; `enter` has it as its `id`
  std::array<Id, 3> among{};  // the objects that a combinator was given, in the order of their names
  Id frame = 0;      // which start of a script this is a step of
  std::uint8_t thread = 0;  // on which thread it happened; 0 is the loop's
  Step step;         // did, got: the step; enter, leave, end: `who` is the script
  Nanos time = 0;    // poll: the limit of the wait; call_*: the deadline
  Answer answer;

  /// Whether a script took a step with this verb here. What is ignored or unsupported is no step taken.
  bool did(Verb verb) const { return what == What::did && step.verb == verb && !answer.without_effect(); }
};

struct Trace {
  std::vector<Event> events;
  Nanos resolution = 1;      // of the loop's clock: a timer may be early by less than that
  bool exact_order = false;  // the loop declares CPython's exact order, tier X
  bool promises = false;     // ... that who waits goes on in a microtask, as in JavaScript

  std::string unplayed = {};  // why there are no events, if the loop cannot play such a scenario

  void clear() {
    events.clear();
    unplayed.clear();
  }
};

std::string to_string(const Answer& answer);
std::string to_string(const Event& event);
/// One event a line; jobs are indented, and a line `10ms` says that loop time has moved on.
std::string to_string(const Trace& trace);
/// The same as lines, so that a report can mark the deciding event; `lines[i]` is event i.
std::vector<std::string> lines(const Trace& trace);

}  // namespace cede
