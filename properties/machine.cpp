#include "properties/machine.h"

#include <algorithm>
#include <deque>
#include <functional>
#include <map>
#include <memory>
#include <utility>

namespace cede {
namespace {

/// The choices that the contract leaves open, one after the other; all sequences of them, in order.
class Choices {
 public:
  std::size_t pick(std::size_t of) {
    if (at_ == picked_.size()) picked_.push_back({0, of});
    return picked_[at_++].first;
  }
  /// The next sequence; false if there is none.
  bool advance() {
    at_ = 0;
    while (!picked_.empty() && ++picked_.back().first == picked_.back().second) picked_.pop_back();
    return !picked_.empty();
  }

 private:
  std::vector<std::pair<std::size_t, std::size_t>> picked_;  // which, of how many
  std::size_t at_ = 0;
};

/// What the loop calls. It gives the error that leaves it.
struct Job {
  std::function<ErrorKind()> call;
  Nanos when = 0;
  bool cancelled = false;
  Name script;  // of a callback
  Id id = 0;    // of its handle; a done-callback has none
};
using JobRef = std::shared_ptr<Job>;

/// A script that a task is in.
struct Frame {
  Id id = 0;
  Name script;
  std::size_t next = 0;  // of its lines
  Answer outcome;        // so far; in the end what it returns
  bool over = false;
};

/// A future; if it has a script, a task, or a coroutine object that nobody has wrapped.
struct Object {
  Id id = 0;
  bool done = false;
  Answer outcome;
  std::vector<JobRef> waiting;

  Name script;
  std::vector<Frame> frames;  // the innermost is last
  Object* awaits = nullptr;   // for which it is suspended
  JobRef alarm;               // of its sleep
  ErrorKind thrown = ErrorKind::none;
  std::int64_t requests = 0;
  bool must_cancel = false;
  bool started = false;
  bool bare = false;  // a coroutine object
};

/// The scripts fall silent.
struct Silence {};

class Machine {
 public:
  Machine(const Scenario& scenario, Choices& choices) : choices_(choices) {
    for (const Step& step : scenario.steps) lines_[step.who].push_back(step);
  }

  Trace play() {
    trace_.exact_order = true;
    lines_[main_script].push_back({.who = main_script, .verb = Verb::run});
    lines_[main_script].push_back({.who = main_script, .verb = Verb::close});
    try {
      Id frame = ++frames_;
      for (const Step& step : lines_[main_script]) act(step, frame);
    } catch (const Silence&) {
    }
    return std::move(trace_);
  }

 private:
  Event& record(What what, Name who) {
    Event& event = trace_.events.emplace_back();
    event.what = what;
    event.at = now_;
    event.job = job_;
    event.step.who = who;
    return event;
  }

  Event& record(What what, const Step& step, Id frame, Id id = 0) {
    Event& event = record(what, step.who);
    event.step = step;
    event.frame = frame;
    event.id = id;
    return event;
  }

  void count_start() {
    if (starts_++ < callbacks_max) return;
    record(What::silent, {});
    throw Silence{};
  }

  // The loop: a queue, timers, and passes.

  JobRef enqueue(JobRef job) { return queue_.emplace_back(std::move(job)); }

  Answer run() {
    if (running_) return Answer::raised(ErrorKind::runtime);
    running_ = true;
    ErrorKind error = ErrorKind::none;
    do error = pass();
    while (error == ErrorKind::none && !stopping_);
    running_ = stopping_ = false;
    return error == ErrorKind::none ? Answer{} : Answer::raised(error);
  }

  ErrorKind pass() {
    std::erase_if(timers_, [](const JobRef& timer) { return timer->cancelled; });
    Nanos wait = forever;
    for (const JobRef& timer : timers_) wait = std::min(wait, std::max<Nanos>(0, timer->when - now_));
    if (!queue_.empty() || stopping_) wait = 0;
    record(What::poll, {}).time = wait;
    if (wait == forever) {
      record(What::rest, {});
      stopping_ = true;
      return ErrorKind::none;
    }
    now_ += wait;
    enqueue_due_timers();
    for (std::size_t jobs = queue_.size(); jobs > 0; --jobs) {
      JobRef job = queue_.front();
      queue_.pop_front();
      ErrorKind error = job->cancelled ? ErrorKind::none : job->call();
      if (error == ErrorKind::exit) return error;
      if (error != ErrorKind::none) report(error, *job);
    }
    return ErrorKind::none;
  }

  void report(ErrorKind error, const Job& job) {
    Event& event = record(What::error, job.id ? job.script : Name());
    event.answer = Answer::of(Value::of(error));
    event.id = job.id;
  }

  void enqueue_due_timers() {
    while (true) {
      Nanos first = forever;
      for (const JobRef& timer : timers_) first = std::min(first, timer->when);
      if (first > now_) return;
      std::vector<JobRef> equal;
      for (const JobRef& timer : timers_)
        if (timer->when == first) equal.push_back(timer);
      JobRef chosen = equal[equal.size() > 1 ? choices_.pick(equal.size()) : 0];
      std::erase(timers_, chosen);
      enqueue(chosen);
    }
  }

  // What it calls.

  template <class Body>
  ErrorKind as_job(Name script, Id id, Body body) {
    count_start();
    job_ = ++jobs_;
    record(What::enter, script).id = id;
    ErrorKind error = body();
    record(What::leave, script).id = id;
    job_ = 0;
    return error;
  }

  JobRef callback(Name script, Id id) {
    auto call = [this, script, id] { return as_job(script, id, [&] { return play_callback(script); }); };
    return std::make_shared<Job>(Job{call, 0, false, script, id});
  }

  ErrorKind play_callback(Name script) {
    Id frame = ++frames_;
    for (const Step& step : lines_[script]) {
      if (step.verb == Verb::raise) {
        record(What::did, step, frame);
        return step.value.error;
      }
      act(step, frame);
    }
    return ErrorKind::none;
  }

  JobRef step_of(Object& task) {
    return std::make_shared<Job>(
        Job{[this, &task] { return as_job(task.script, task.id, [&] { return step(task); }); }});
  }

  // Futures.

  Object& make(Name script = {}) {
    Object& object = objects_.emplace_back();
    object.script = script;
    return object;
  }

  /// A name under which nothing was made is a pending future.
  Object& object(Name name) {
    Object*& object = named_[name];
    if (!object) (object = &make())->id = ++ids_;
    return *object;
  }

  void complete(Object& future, Answer outcome) {
    future.done = true;
    future.outcome = outcome;
    for (JobRef& job : std::exchange(future.waiting, {})) enqueue(job);
  }

  Job& when_done(Object& future, JobRef job) {
    if (future.done) enqueue(job);
    else future.waiting.push_back(job);
    return *job;
  }

  bool cancel(Object& object) {
    if (object.done) return false;
    if (object.script.empty()) {
      complete(object, Answer::raised(ErrorKind::cancelled));
      return true;
    }
    ++object.requests;
    std::size_t hops = 0;  // in a circle nobody can be cancelled instead
    for (Object* task = &object; task && !task->script.empty() && hops <= objects_.size(); task = task->awaits) ++hops;
    if (hops > objects_.size() || !object.awaits || !cancel(*object.awaits)) object.must_cancel = true;
    return true;
  }

  // Tasks.

  ErrorKind step(Object& task) {
    ErrorKind thrown = std::exchange(task.thrown, ErrorKind::none);
    if (std::exchange(task.must_cancel, false)) thrown = ErrorKind::cancelled;
    Object* awaited = std::exchange(task.awaits, nullptr);
    if (!task.started && thrown != ErrorKind::none) {
      complete(task, Answer::raised(thrown));
      return ErrorKind::none;
    }
    current_ = &task;
    if (std::exchange(task.started, true)) resume(task, thrown, awaited);
    else enter(task, task.script);
    ErrorKind error = go_on(task);
    current_ = nullptr;
    return error;
  }

  void enter(Object& task, Name script) { task.frames.push_back({.id = ++frames_, .script = script}); }

  /// The step for which the innermost script is suspended is answered.
  void resume(Object& task, ErrorKind thrown, const Object* awaited) {
    Frame& frame = task.frames.back();
    const Step& step = lines_[frame.script][frame.next - 1];
    if (task.alarm) std::exchange(task.alarm, nullptr)->cancelled = true;
    if (thrown != ErrorKind::none) answer(frame, step, Answer::raised(thrown));
    else answer(frame, step, awaited ? awaited->outcome : Answer{});
  }

  void answer(Frame& frame, const Step& step, Answer answer) {
    record(What::got, step, frame.id).answer = answer;
    frame.outcome = answer;
    frame.over = answer.is_raised();
  }

  /// Until the task suspends or is over; a fatal error leaves it.
  ErrorKind go_on(Object& task) {
    while (true) {
      Frame& frame = task.frames.back();
      const auto& lines = lines_[frame.script];
      if (frame.over || frame.next == lines.size()) {
        Answer outcome = leave(task);
        if (!task.frames.empty()) continue;
        if (!outcome.is_raised() && task.must_cancel) outcome = Answer::raised(ErrorKind::cancelled);
        complete(task, outcome);
        return outcome.is_raised(ErrorKind::exit) ? ErrorKind::exit : ErrorKind::none;
      }
      const Step& step = lines[frame.next++];
      if (row(step.verb).speaker == Speaker::coroutine) frame.outcome = {};
      switch (step.verb) {
        case Verb::raise:
        case Verb::return_:
          record(What::did, step, frame.id);
          frame.outcome = step.verb == Verb::raise ? Answer::raised(step.value.error) : Answer::of(step.value);
          frame.over = true;
          break;
        case Verb::yield:
          record(What::did, step, frame.id);
          enqueue(step_of(task));
          return ErrorKind::none;
        case Verb::sleep:
          record(What::did, step, frame.id);
          sleep(task, step.time);
          return ErrorKind::none;
        case Verb::await: {
          Object& awaited = object(step.name);
          record(What::did, step, frame.id, awaited.id);
          if (awaited.bare) {
            count_start();
            if (std::exchange(awaited.started, true)) answer(frame, step, Answer::raised(ErrorKind::runtime));
            else enter(task, awaited.script);
            break;
          }
          if (!awaited.done) {
            suspend(task, awaited);
            return ErrorKind::none;
          }
          answer(frame, step, awaited.outcome);
          break;
        }
        case Verb::call:
        case Verb::catch_:
          record(What::did, step, frame.id);
          count_start();
          enter(task, step.script ? step.script : step.name);
          break;
        default: act(step, frame.id);
      }
    }
  }

  /// The innermost script is over; the one around it goes on with its outcome.
  Answer leave(Object& task) {
    Frame ended = task.frames.back();
    task.frames.pop_back();
    Event& event = record(What::end, ended.script);
    event.frame = ended.id;
    event.answer = ended.outcome;
    if (task.frames.empty()) return ended.outcome;
    Frame& outer = task.frames.back();
    const Step& step = lines_[outer.script][outer.next - 1];
    bool caught = step.verb == Verb::catch_ && ended.outcome.is_raised() && catches(step, ended.outcome.value.error);
    outer.outcome = caught ? Answer{} : ended.outcome;
    outer.over = outer.outcome.is_raised();
    if (step.verb == Verb::await) answer(outer, step, ended.outcome);
    return outer.outcome;
  }

  static bool catches(const Step& step, ErrorKind raised) {
    if (step.value.error != ErrorKind::generic) return step.value.error == raised;
    return raised != ErrorKind::cancelled && raised != ErrorKind::exit;
  }

  void suspend(Object& task, Object& future) {
    if (&task == &future) {
      task.thrown = ErrorKind::runtime;
      enqueue(step_of(task));
      return;
    }
    task.awaits = &future;
    future.waiting.push_back(step_of(task));
    if (task.must_cancel && cancel(future)) task.must_cancel = false;
  }

  void sleep(Object& task, Nanos delay) {
    if (delay <= 0) return void(enqueue(step_of(task)));
    Object& woken = make();
    task.alarm = std::make_shared<Job>(Job{[this, &woken] {
      if (!woken.done) complete(woken, {});
      return ErrorKind::none;
    }, now_ + delay});
    timers_.push_back(task.alarm);
    suspend(task, woken);
  }

  // Steps that are answered at once, and `run`.

  void act(const Step& step, Id frame) {
    Event& event = record(What::did, step, frame);
    switch (step.verb) {
      case Verb::call_soon:
      case Verb::call_later: {
        event.id = event.made = ++ids_;
        JobRef job = callback(step.name, event.id);
        handles_[step.name] = {event.id, job};
        if (step.verb == Verb::call_soon) return void(enqueue(job));
        event.time = job->when = now_ + step.time;
        timers_.push_back(job);
        return;
      }
      case Verb::cancel: {
        auto [id, job] = handles_[step.name];
        event.id = id;
        if (job) job->cancelled = true;
        return;
      }
      case Verb::busy: now_ += step.time; return;
      case Verb::stop: stopping_ = true; return;
      case Verb::close: return;
      case Verb::run: {
        Answer answer = run();
        record(What::got, step, frame).answer = answer;
        return;
      }
      case Verb::run_until_complete: {
        Object& future = object(step.name);
        event.id = future.id;
        Answer answer = run_until_complete(future);
        record(What::got, step, frame, future.id).answer = answer;
        return;
      }
      case Verb::create_coroutine:
      case Verb::create_task: {
        Object& task = make(step.name);
        event.id = task.id = ++ids_;
        named_[step.name] = &task;
        task.bare = step.verb == Verb::create_coroutine;
        if (!task.bare) enqueue(step_of(task));
        return;
      }
      case Verb::current_task: event.answer = Answer::of(current_ ? Value::of(current_->script) : Value{}); return;
      default: act_on_object(step, event, object(step.name));
    }
  }

  void act_on_object(const Step& step, Event& event, Object& object) {
    event.id = object.id;
    switch (step.verb) {
      case Verb::set_result:
      case Verb::set_exception: {
        bool result = step.verb == Verb::set_result;
        if (object.done) event.answer = Answer::raised(ErrorKind::invalid_state);
        else complete(object, result ? Answer::of(step.value) : Answer::raised(step.value.error));
        return;
      }
      case Verb::cancel_future:
      case Verb::cancel_task: event.answer = Answer::of(Value::of(cancel(object))); return;
      case Verb::done: event.answer = Answer::of(Value::of(object.done)); return;
      case Verb::result:
        event.answer = object.done ? object.outcome : Answer::raised(ErrorKind::invalid_state);
        return;
      case Verb::cancelling:
      case Verb::uncancel: {
        if (object.script.empty()) return void(event.answer.kind = Answer::Kind::ignored);
        if (step.verb == Verb::uncancel && object.requests > 0 && --object.requests == 0) object.must_cancel = false;
        event.answer = Answer::of(Value::of(object.requests));
        return;
      }
      case Verb::add_done_callback:
        event.made = ++ids_;
        when_done(object, callback(step.script, event.made)).id = 0;
        return;
      case Verb::remove_done_callback: {
        auto removed = std::erase_if(object.waiting, [&](const JobRef& job) { return job->script == step.script; });
        event.answer = Answer::of(Value::of(static_cast<std::int64_t>(removed)));
        return;
      }
      default: event.answer.kind = Answer::Kind::unsupported;
    }
  }

  Answer run_until_complete(Object& future) {
    if (running_) return Answer::raised(ErrorKind::runtime);
    JobRef stop = std::make_shared<Job>(Job{[this] {
      stopping_ = true;
      return ErrorKind::none;
    }});
    when_done(future, stop);
    Answer ran = run();
    std::erase(future.waiting, stop);
    stop->cancelled = ran.is_raised();  // a fatal error has ended the run already
    if (ran.is_raised()) return ran;
    return future.done ? future.outcome : Answer::raised(ErrorKind::runtime);
  }

  Choices& choices_;
  std::map<Name, std::vector<Step>> lines_;
  Trace trace_;
  Nanos now_ = 0;
  Id job_ = 0, jobs_ = 0, ids_ = 0, frames_ = 0;
  int starts_ = 0;

  std::deque<JobRef> queue_;
  std::vector<JobRef> timers_;  // in the order of registration
  std::deque<Object> objects_;
  std::map<Name, Object*> named_;
  std::map<Name, std::pair<Id, JobRef>> handles_;
  Object* current_ = nullptr;  // the task whose step it is
  bool running_ = false;
  bool stopping_ = false;
};

}  // namespace

std::vector<Trace> legal_traces(const Scenario& scenario, std::size_t at_most) {
  std::vector<Trace> traces;
  Choices choices;
  do traces.push_back(Machine(scenario, choices).play());
  while (traces.size() < at_most && choices.advance());
  return traces;
}

}  // namespace cede
