// A trace, read once and put in order: who was called when, who waited for what. It adds no
// opinion; it saves each judge from finding the same things again.
#pragma once

#include <algorithm>
#include <array>
#include <cstddef>
#include <cstdint>
#include <initializer_list>
#include <utility>
#include <vector>

#include "properties/cancellations.h"
#include "spec/trace.h"

namespace cede {

/// Whether the error handler was called with an error that left a callback; otherwise it is told of
/// something lost.
inline bool tells_of_callback(const Event& event) { return event.what == What::error && !event.step.name; }

/// The first frame is main's, since main speaks first.
inline constexpr Id main_frame = 1;

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
  Id future = 0;                  // done-callbacks: of which future; 0 if it is a derived one

  bool timer() const { return verb == Verb::call_later || verb == Verb::call_at; }
};

/// What a future or task with this outcome answers to `done`, `cancelled`, `result` or `exception`.
Answer answer_to(Verb question, bool done, const Answer& outcome);

/// A future or a task, from its first mention.
struct FutureLife {
  Id id = 0;
  std::size_t made = never;       // its creation, or the first step about it
  std::size_t completed = never;  // set_result, set_exception or cancel_future that took effect;
                                  // of a task the `end` of its script, or the `leave` of the step
                                  // that never entered it
  Answer outcome;                 // as an await would give it
  std::size_t first_wait = never;  // the first await of it, as an index
  int waits = 0;                   // how many there are
  int callbacks = 0;               // how many were registered with it
  std::size_t lost = never;        // tasks: the report that it is gone
  std::size_t challenged = never; // the first attempt to complete it once more
  // Tasks:
  bool task = false;
  std::size_t cancel_asked = never;  // the first effective cancel_task
  std::vector<std::size_t> steps;    // indices of its jobs
  Id frame = 0;                      // of its outermost script; 0 if it was never entered

  bool done_before(std::size_t event) const { return completed < event; }
  /// What it answers at the event to `done`, `cancelled`, `result` or `exception`.
  Answer read(Verb question, std::size_t event) const;
};

/// A step of a coroutine that may suspend: await, yield, sleep, and those of other families.
struct Wait {
  std::size_t asked = never;
  std::size_t got = never;   // its answer; never while it waits
  bool suspended = false;    // the job was left in between
  std::size_t left = never;  // ... by this `leave`
  Id task = 0;               // whose step it was; 0 when driven by hand
  Id frame = 0;
  Id awaited = 0;            // await: of which future, task or coroutine object; else none
};

/// One call by the loop: a callback, or a step of a task.
struct Job {
  Id number = 0;
  std::size_t enter = never;
  std::size_t leave = never;
  Id subject = 0;      // the id of a Call or of a task
  bool step = false;   // of a task
  Id outer = 0;        // the job that was running when it began; 0 in a conforming loop
  std::size_t wait = never;     // of a step: the wait that it ended in, as an index
  std::size_t resumed = never;  // of a step: the wait that it goes on from, as an index
  std::size_t queued = never;   // the event that put it into the ready queue; never where the trace
                                // does not tell, as of timers and sleeps
  std::size_t run = never;      // the run that it is part of, as an index
  ErrorKind error = ErrorKind::none;  // what left the callback, or the outermost script of the task
};

/// Jobs of one kind as the loop serves them, to see whether they overtake jobs of another kind.
class Lane {
 public:
  /// Whether some were served while the job stood in the queue.
  bool moved_past(const Job& job) const { return entered_ > job.queued; }
  /// Whether one of those was queued after the job.
  bool overtook(const Job& job) const { return queued_ > job.queued; }
  void serve(const Job& job) {
    queued_ = std::max(queued_, job.queued);
    entered_ = job.enter;
  }

 private:
  std::size_t queued_ = 0, entered_ = 0;  // the last of all
};

/// One attempt to run a loop: `run`, `run_until_complete` or `run_in_new_loop`.
struct Run {
  Verb verb = Verb::run;
  std::size_t asked = never;
  std::size_t got = never;     // its return; never if the trace was cut off before
  std::size_t stop = never;    // the first `stop` that concerns it: said before it and still good, or in it
  std::size_t rested = never;  // the `rest` at which it was ended from outside
  Id future = 0;               // run_until_complete: of which future
  bool nested = false;         // asked while another run went on
};

/// One start of a script.
struct Frame {
  Id id = 0;
  std::size_t first = never;    // its first event
  std::size_t ended = never;    // of a coroutine: its `end`
  std::size_t by = never;       // what started it: the `enter` of a job, an `error`, or the step that
                                // called, awaited or sent; never for main and what began by itself
  std::size_t skipped = never;  // where it went on without the answer that it had stopped for
  Id caller = 0;                // the frame that awaits it inline
  Id callee = 0;                // ... and the one that it awaits now
  Id task = 0;                  // of whose steps it is a part; 0 for main, callbacks and by hand
  bool by_hand = false;         // driven by `send`, it or a frame that awaits it
};

/// A coroutine object.
struct CoroutineLife {
  Id id = 0;
  std::size_t made = never;
  Id frame = 0;                 // of its body; 0 while nobody has started it
};

/// A set of verbs.
class Verbs {
 public:
  constexpr Verbs(std::initializer_list<Verb> verbs) {
    for (Verb verb : verbs) add(verb);
  }
  constexpr void add(Verb verb) { words_[index(verb)] |= std::uint64_t{1} << (static_cast<int>(verb) % 64); }
  constexpr bool meets(const Verbs& other) const {
    return (words_[0] & other.words_[0]) != 0 || (words_[1] & other.words_[1]) != 0;
  }
  static constexpr Verbs all() {
    Verbs verbs{};
    verbs.words_ = {~std::uint64_t{0}, ~std::uint64_t{0}};
    return verbs;
  }

 private:
  static_assert(verbs_count <= 128);
  static constexpr std::size_t index(Verb verb) { return static_cast<std::size_t>(verb) / 64; }
  std::array<std::uint64_t, 2> words_{};
};
inline constexpr Verbs all_verbs = Verbs::all();

/// The outcome as an await answers it: no value is nothing.
inline Answer as_got(const Answer& outcome) {
  return outcome.kind == Answer::Kind::value && outcome.value.none() ? Answer{} : outcome;
}
/// Whether they hand over the same: no value, or nothing, is one.
inline bool agree(const Answer& one, const Answer& other) { return as_got(one) == as_got(other); }

/// What happens outside the loop, inside its wait, is told without a speaker.
inline bool is_outside(const Event& event) { return event.what == What::got && event.frame == 0; }

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
  std::vector<Frame> frames;        // in the order in which they began
  std::vector<CoroutineLife> coroutines;  // in the order in which they were made
  std::vector<std::size_t> polls;
  /// The steps about futures and tasks that are answered at once, but for their creation and
  /// add_done_callback; current_task and all_tasks too.
  std::vector<std::size_t> about_futures;
  std::vector<Run> runs;                // in the order in which they were asked for
  std::vector<std::size_t> loop_steps;  // close, is_running, is_closed and get_running_loop
  std::size_t closed = never;           // the `close` that took effect
  std::vector<std::size_t> refused;  // registrations of callbacks that were answered by an error

  /// What comes right behind the event; null where the scripts are cut off.
  const Event* next(std::size_t event) const {
    if (event + 1 >= events().size()) return nullptr;
    const Event& after = (*this)[event + 1];
    return after.what == What::silent || after.what == What::stuck ? nullptr : &after;
  }

  /// The first event from here on that is no diagnostic, nor a part of what the error handler does about
  /// one: they may stand right behind a job whose end has destroyed something.
  std::size_t past_diagnostics(std::size_t event) const;

  /// Whether one of the verbs was said, with effect.
  bool said(const Verbs& verbs) const { return said_.meets(verbs); }

  /// How many polls came before the event. Two events with the same number are in one pass.
  std::uint32_t pass(std::size_t event) const { return pass_[event]; }

  /// Of the loop's clock, in nanoseconds: as it says, or what doubles of seconds cannot tell apart so late.
  Nanos resolution() const;

  const Call* call(Id id) const { return at(calls, call_of_, id); }
  const FutureLife* future(Id id) const { return at(futures, future_of_, id); }
  const Frame* frame(Id id) const { return at(frames, frame_of_, id); }
  /// Whether the object completes by itself, by rules of another family, such as gather's: the core's
  /// judges have no opinion on it.
  bool derived(Id id) const { return id < derived_.size() && derived_[id]; }
  const CoroutineLife* coroutine(Id id) const { return at(coroutines, coroutine_of_, id); }
  /// Days, in about as many milliseconds as 31 bits can say: what is further away a loop may take for for ever.
  static constexpr Nanos far = 24 * 24 * 3600 * second;
  /// The job that was running at the event; null outside of all.
  const Job* job_at(std::size_t event) const;
  /// Whether the loop took the job from its queue, so that what it adds has to wait for the next pass.
  /// Loops without exact order may serve timers, descriptors, signals and other threads in front of
  /// the queue of the same turn.
  bool from_the_queue(const Job& job) const;
  /// Whether the job that begins at `enter` is of a later pass than the event. What is added outside
  /// of all passes, as by main, or by a job that is not from the queue, has only to be entered by the
  /// loop afterwards.
  bool in_a_later_pass(std::size_t event, std::size_t enter) const;
  /// What the job is: the registration that it serves, or null for a step.
  const Call* call_of(const Job& job) const { return job.step ? nullptr : call(job.subject); }
  /// Where the callback, or the task's next step, took its place in the queue: the registration, the
  /// creation, the completion of what it waits for, the `leave` at a bare yield. `never` for timers
  /// and sleeps, and where it cannot be told.
  std::size_t queued(const Call& call) const;
  std::size_t queued(const FutureLife& task) const;
  /// Whether the second loop executes the job.
  bool in_other_loop(const Job& job) const {
    return job.run != never && runs[job.run].verb == Verb::run_in_new_loop;
  }

  /// The poll with this number, counted from 0, as the polls before an event are; `never` if there
  /// were fewer.
  std::size_t poll(std::size_t number) const { return number < polls.size() ? polls[number] : never; }
  /// What comes behind the poll, but for what happens outside the loop while it waits; of what happens
  /// there, what comes behind it.
  std::size_t after_wait(std::size_t poll) const;
  /// The number of the first poll that began with the timer made and due; that of all polls if none did.
  std::size_t first_poll_when_due(const Call& timer) const;
  /// What the loop's clock showed at least when it reckoned how long to wait at this poll: at the last event
  /// of its own before, since what happens outside may be told in between.
  Nanos before_wait(std::size_t poll) const;
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
  /// Whether a task was asked to cancel, by `cancel_task` with effect or by what cancels on its own,
  /// such as a timeout: many rules bend then.
  bool cancels = false;
  /// What came of it.
  Cancellations cancellations;
  /// Whether an error of the fatal class was raised or set.
  bool fatal = false;
  /// Whether a second loop or a coroutine driven by hand took part.
  bool other_loop = false;
  bool by_hand = false;
  /// Whether somebody obtained an awaiter.
  bool touches = false;
  /// Whether verbs were said of families beyond the core and cancellation.
  bool other_families = false;
  /// Whether a later run called somebody before it polled: passes cannot be counted, since no poll tells whether
  /// that was a new one or the rest of the last run's, and timers and descriptors had no turn.
  bool polls_late = false;
  /// Whether `stop` was said, so that runs ended for other reasons than rest.
  bool stops = false;

 private:
  void clear(const Trace& trace);
  void read_event(std::size_t index);
  void read_frame(std::size_t index);  // this and the next two: frames.cpp
  void begin_frame(std::size_t index);
  bool repeats(const Frame* ended) const;
  void read_step(std::size_t index);
  void read_completion(std::size_t index, FutureLife& future);
  void read_enter(std::size_t index);
  void read_leave(std::size_t index);
  void read_end(std::size_t index);
  void read_run(std::size_t index);
  std::size_t open_run() const;
  bool ended_at_rest() const;
  void mark_derived(Id id);
  FutureLife& mention(Id id, std::size_t index);
  FutureLife* task_of_job(Id number);

  template <class T>
  static const T* at(const std::vector<T>& list, const std::vector<std::uint32_t>& index, Id id) {
    return id < index.size() && index[id] ? &list[index[id] - 1] : nullptr;
  }

  /// Remembers that the thing with this id is the last of its list.
  template <class T>
  static void enlist(std::vector<std::uint32_t>& index, Id id, const std::vector<T>& list) {
    if (id >= index.size()) index.resize(id + 16);
    index[id] = static_cast<std::uint32_t>(list.size());
  }

  const Trace* trace_ = nullptr;
  std::vector<Id> running_;  // the jobs that have begun and not ended, the innermost last
  Verbs said_{};
  std::vector<std::uint32_t> pass_;
  // By id or number: the index + 1 in the list, 0 for none.
  std::vector<std::uint32_t> call_of_, future_of_, job_of_, frame_of_, coroutine_of_;
  std::vector<std::uint32_t> wait_of_frame_;  // the one that is open
  std::vector<std::uint32_t> derived_;        // by id
  std::size_t early_stop_ = never;  // said while the loop did not run; the next run uses it up
};

/// Whether every pass of the trace is a whole one, of the one loop.
inline bool passes_are_whole(const History& history) {
  return !history.fatal && !history.other_loop && !history.polls_late;
}

}  // namespace cede
