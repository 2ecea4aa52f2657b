// A trace, read once and put in order: who was called when, who waited for what. It adds no
// opinion; it saves each judge from finding the same things again.
#pragma once

#include <cstddef>
#include <utility>
#include <vector>

#include "spec/trace.h"

namespace cede {

/// The index of an event that did not happen.
inline constexpr std::size_t never = static_cast<std::size_t>(-1);

/// One registration of a callback: what call_soon, call_later, call_at or add_done_callback made.
struct Call {
  Id id = 0;
  Verb verb = Verb::call_soon;
  std::size_t asked = never;      // the registration
  std::size_t entered = never;    // the first time it was called
  int calls = 0;                  // how often it was called
  std::size_t cancelled = never;  // the first `cancel` of it
  std::size_t removed = never;    // the remove_done_callback that took it away
  Nanos deadline = 0;             // timers: counted from the moment of the call
  Nanos due = 0;                  // timers: the deadline as the loop tells it
  Nanos latest = 0;               // timers: the moment by which any loop has to hold it due
  Id future = 0;                  // done-callbacks: of which future

  bool timer() const { return verb == Verb::call_later || verb == Verb::call_at; }
};

/// A future or a task, from its first mention.
struct FutureLife {
  Id id = 0;
  std::size_t made = never;       // its creation, or the first step about it
  std::size_t completed = never;  // set_result, set_exception or cancel_future that took effect;
                                  // of a task the `end` of its script, or the `leave` of the step
                                  // that never entered it
  Answer outcome;                 // as an await would give it
  // Tasks:
  bool task = false;
  std::size_t cancel_asked = never;  // the first effective cancel_task
  std::vector<std::size_t> steps;    // indices of its jobs
  Id frame = 0;                      // of its outermost script; 0 if it was never entered
};

/// A step of a coroutine that may suspend: await, yield, sleep.
struct Wait {
  std::size_t asked = never;
  std::size_t got = never;   // its answer; never while it waits
  bool suspended = false;    // the job was left in between
  std::size_t left = never;  // ... by this `leave`
  Id task = 0;               // whose step it was; 0 when driven by hand
  Id frame = 0;
  Id awaited = 0;            // await: of which future, task or coroutine object
};

/// One call by the loop: a callback, or a step of a task.
struct Job {
  Id number = 0;
  std::size_t enter = never;
  std::size_t leave = never;
  Id subject = 0;      // the id of a Call or of a task
  bool step = false;   // of a task
  Id outer = 0;        // the job that was running when it began; 0 in a conforming loop
};

class History {
 public:
  /// Reads the trace, which has to outlive the history. Reuses what it has allocated.
  void read(const Trace& trace);

  const Trace& trace() const { return *trace_; }
  const std::vector<Event>& events() const { return trace_->events; }
  const Event& operator[](std::size_t event) const { return trace_->events[event]; }

  std::vector<Call> calls;          // in the order of registration
  std::vector<FutureLife> futures;  // in the order of first mention; tasks too
  std::vector<Wait> waits;          // in the order in which they began
  std::vector<Job> jobs;            // in the order in which they began
  std::vector<std::size_t> polls;
  std::vector<std::size_t> refused;  // registrations of callbacks that were answered by an error

  /// How many polls came before the event. Two events with the same number are in one pass.
  std::uint32_t pass(std::size_t event) const { return pass_[event]; }

  const Call* call(Id id) const { return at(calls, call_of_, id); }
  const FutureLife* future(Id id) const { return at(futures, future_of_, id); }
  /// The job that was running at the event; null outside of all.
  const Job* job_at(std::size_t event) const;
  /// What the job is: the registration that it serves, or null for a step.
  const Call* call_of(const Job& job) const { return job.step ? nullptr : call(job.subject); }

  /// The poll with this number, counted from 0, as the polls before an event are; `never` if there
  /// were fewer.
  std::size_t poll(std::size_t number) const { return number < polls.size() ? polls[number] : never; }
  /// What the loop's clock showed at least when the poll was over.
  Nanos end_of_wait(std::size_t poll) const;
  /// What it showed at most when the event's pass began, or the trace.
  Nanos beginning_of_pass(std::size_t event) const;
  /// The moment by which any loop has to hold the call_later, call_at or sleep of this event to be
  /// due: it read its clock between this event and the next, and may round up to its resolution.
  Nanos latest_deadline(std::size_t asked) const;

  /// Whether the run ended at rest, with everything that could happen done. Only then may a judge
  /// say that something is missing.
  bool complete = false;
  /// Whether a task was asked to cancel, by `cancel_task` with effect: many rules bend then.
  bool cancels = false;
  /// Whether an error of the fatal class was raised or set.
  bool fatal = false;
  /// Whether a second loop or a coroutine driven by hand took part.
  bool other_loop = false;
  bool by_hand = false;
  /// Whether `stop` was said, so that runs ended for other reasons than rest.
  bool stops = false;

 private:
  void clear(const Trace& trace);
  void read_event(std::size_t index);
  void read_step(std::size_t index);
  void read_completion(std::size_t index, FutureLife& future);
  void read_enter(std::size_t index);
  void read_leave(std::size_t index);
  void read_end(std::size_t index);
  bool ended_at_rest() const;
  FutureLife& mention(Id id, std::size_t index);
  FutureLife* task_of_job(Id number);

  template <class T>
  static const T* at(const std::vector<T>& list, const std::vector<std::uint32_t>& index, Id id) {
    return id < index.size() && index[id] ? &list[index[id] - 1] : nullptr;
  }

  const Trace* trace_ = nullptr;
  std::vector<std::uint32_t> pass_;
  // By id or number: the index + 1 in the list, 0 for none.
  std::vector<std::uint32_t> call_of_, future_of_, job_of_;
  std::vector<std::uint32_t> wait_of_frame_;  // the one that is open
  std::vector<bool> coroutine_object_;
};

}  // namespace cede
