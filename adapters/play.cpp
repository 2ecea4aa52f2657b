#include "adapters/play.h"

#include <algorithm>

#include "adapters/program.h"
#include "reference/run.h"

namespace cede {
namespace {

using reference::AbstractLoop;
using reference::Coroutine;
using reference::Error;
using reference::Future;
using reference::Outcome;
using reference::Ref;

/// More jobs than a loop may wait for would make a conforming one look stuck.
constexpr std::int64_t limit_max = 1000;

/// A coroutine object that a script made, and who drives it by hand.
struct CoroutineObject : reference::Counted {
  explicit CoroutineObject(Coroutine<Value> coroutine) : body(std::move(coroutine)), driver(body) {}
  Coroutine<Value> body;
  reference::Driver<Value> driver;
};

/// What a name stands for: the newest future, task or coroutine object, and the newest handle. A
/// task is a future that has a `task`.
struct Named {
  Id id = 0;  // 0: nothing was made yet
  std::optional<Future<Value>> future;
  reference::TaskBase* task = nullptr;
  Ref<CoroutineObject> coroutine;

  Id handle_id = 0;
  Ref<reference::Handle> handle;
};

ErrorKind kind_of(const Error& error) {
  switch (error.kind()) {
    case Error::Kind::none: return ErrorKind::none;
    case Error::Kind::cancelled: return ErrorKind::cancelled;
    case Error::Kind::invalid_state: return ErrorKind::invalid_state;
    case Error::Kind::runtime: return ErrorKind::runtime;
    case Error::Kind::exit: return ErrorKind::exit;
    case Error::Kind::user: return static_cast<ErrorKind>(error.payload());
  }
  return ErrorKind::none;
}

Error error_of(ErrorKind kind) {
  switch (kind) {
    case ErrorKind::none: return {};
    case ErrorKind::cancelled: return Error(Error::Kind::cancelled);
    case ErrorKind::invalid_state: return Error(Error::Kind::invalid_state);
    case ErrorKind::runtime: return Error(Error::Kind::runtime);
    case ErrorKind::exit: return Error(Error::Kind::exit);
    default: return Error::user(static_cast<std::int64_t>(kind));
  }
}

Answer answer_of(const Error& error) { return error ? Answer::raised(kind_of(error)) : Answer{}; }

Answer answer_of(const Outcome<Value>& outcome) {
  return outcome.ok() ? Answer::of(outcome.value()) : Answer::raised(kind_of(outcome.error()));
}

/// A step without a value is answered with nothing, rather than with "none".
Answer answer_or_nothing(const Outcome<Value>& outcome) {
  return outcome.ok() && outcome.value().none() ? Answer{} : answer_of(outcome);
}

reference::Sent number_in(const Value& value) {
  return value.kind == Value::Kind::number ? reference::Sent(value.number) : std::nullopt;
}

Outcome<Value> value_of(const Outcome<reference::Sent>& sent) {
  if (!sent.ok()) return sent.error();
  return sent.value() ? Value::of(*sent.value()) : Value{};
}

bool catches(ErrorKind wanted, ErrorKind raised) {
  if (wanted == ErrorKind::generic)
    return raised != ErrorKind::cancelled && raised != ErrorKind::exit;
  return wanted == raised;
}

class Player : WaitObserver {
 public:
  Player(const Program& program, const Adapter& adapter, MakeLoop make, World& world, Trace& trace)
      : program_(program), adapter_(adapter), make_(make), world_(world), trace_(trace),
        named_(program.scripts().size()) {}

  void play() {
    world_.begin(*this);
    loop_ = make_(world_);
    start_ = loop_->time();
    listen_to_errors(*loop_);
    try {
      play_main();
    } catch (const Stuck&) {
      // The loop could not be ended; what it did until here stands.
    }
    observing_ = false;  // what a loop does to clear itself away is nobody's business
    world_.end();
    named_.clear();
    kept_.clear();
    loop_.reset();
  }

 private:
  // Observing: every event goes through here.

  Event& record(What what) {
    static thread_local Event nobody_sees;
    if (!observing_) return nobody_sees;
    Event& event = trace_.events.emplace_back();
    event.what = what;
    event.at = world_.elapsed();
    event.job = job_;
    return event;
  }

  Event& record(What what, const Step& step, Id frame, Id id = 0) {
    Event& event = record(what);
    event.step = step;
    event.frame = frame;
    event.id = id;
    return event;
  }

  void on_poll(Nanos timeout) override { record(What::poll).time = timeout; }

  void on_rest() override {
    record(What::rest);
    loop_->try_call_soon_threadsafe([this] { loop_->stop(); });
  }

  void on_long_wait() override {
    fall_silent();
    loop_->try_call_soon_threadsafe([this] { loop_->stop(); });
  }

  void on_stuck() override {
    record(What::stuck);
    observing_ = false;
    loop_->stop();
  }

  /// One more job or inline start; false once the scripts have fallen silent.
  bool count_start() {
    if (observing_ && starts_++ >= limit_) fall_silent();
    return observing_;
  }

  void fall_silent() {
    record(What::silent);
    observing_ = false;
  }

  // Jobs: what the loop calls.

  /// Writes down that a job begins, and at its end that it is over.
  class Job {
   public:
    Job(Player& player, Name name, Id id) : player_(player), name_(name), id_(id), outer_(player.job_) {
      player_.job_ = ++player_.jobs_;
      write(What::enter);
    }
    ~Job() {
      write(What::leave);
      player_.job_ = outer_;
    }

   private:
    void write(What what) {
      Event& event = player_.record(what);
      event.step.who = name_;
      event.id = id_;
    }
    Player& player_;
    Name name_;
    Id id_;
    Id outer_;
  };

  Error call_back(const Script& script, Id id) {
    if (!count_start()) return {};
    Job job(*this, script.name, id);
    return play_callback(script);
  }

  reference::Callback callback(const Script& script, Id id) {
    return [this, &script, id] { return call_back(script, id); };
  }

  /// A task whose steps are written down as jobs.
  struct PlayedTask : reference::TaskState<Value> {
    PlayedTask(Player& player, const Script& script, Id id)
        : TaskState(*player.loop_, player.play_coroutine(script)), player(player), name(script.name), id(id) {}

    Error step() override {
      if (!player.count_start()) return TaskState::step();
      Job job(player, name, id);
      return TaskState::step();
    }

    Player& player;
    Name name;
    Id id;
  };

  void listen_to_errors(AbstractLoop& loop) {
    loop.set_exception_handler([this](const Error& error) -> Error {
      record(What::error).answer = Answer::of(Value::of(kind_of(error)));
      return error_script_ ? play_callback(*error_script_) : Error{};
    });
  }

  // Names.

  /// What a step is about; a name under which nothing was made is a pending future.
  Named& object(const Line& line) {
    Named& named = named_[line.name];
    return named.id ? named : make_future(named);
  }

  Named& make_future(Named& named) {
    name_object(named, ++ids_, Future<Value>(*loop_), nullptr, {});
    return named;
  }

  /// False when the loop is closed.
  bool make_task(const Script& script, Id& id) {
    id = ++ids_;  // first, since a loop that starts tasks eagerly runs scripts right away
    Ref<reference::TaskState<Value>> state(new PlayedTask(*this, script, id));
    if (!state->begin()) return false;
    name_object(named_[script.number], id, reference::Task<Value>(state), state.get(), {});
    return true;
  }

  Id make_coroutine(const Script& script) {
    Id id = ++ids_;
    name_object(named_[script.number], id, {}, nullptr, new CoroutineObject(play_coroutine(script)));
    return id;
  }

  /// What the name meant before lives on, as it does for those who hold it.
  void name_object(Named& named, Id id, std::optional<Future<Value>> future, reference::TaskBase* task,
                   Ref<CoroutineObject> coroutine) {
    if (named.id) kept_.push_back(named);
    named.id = id;
    named.future = std::move(future);
    named.task = task;
    named.coroutine = std::move(coroutine);
  }

  bool unsupported(Verb verb) const {
    return std::ranges::any_of(adapter_.unsupported, [&](const Unsupported& u) { return u.verb == verb; });
  }

  // Scripts.

  void play_main() {
    Id frame = ++frames_;
    for (const Line& line : program_.main().lines) {
      if (!observing_) return;
      if (leaves(line, frame)) break;
      act(line, frame);
    }
    if (loop_->is_closed() || !observing_) return;
    static const Step run{main_script, Verb::run, {}, {}, 0, {}};
    static const Step close{main_script, Verb::close, {}, {}, 0, {}};
    act_run({&run, nullptr, 0}, frame);
    if (!unsupported(Verb::close)) act({&close, nullptr, 0}, frame);
  }

  Error play_callback(const Script& script) {
    Id frame = ++frames_;
    for (const Line& line : script.lines) {
      if (!observing_) return {};
      if (leaves(line, frame)) return line.step->verb == Verb::raise ? error_of(line.step->value.error) : Error{};
      act(line, frame);
    }
    return {};
  }

  /// `raise` and `return`, which end a script.
  bool leaves(const Line& line, Id frame) {
    const Step& step = *line.step;
    if (step.verb != Verb::raise && step.verb != Verb::return_) return false;
    record(What::did, step, frame);
    return true;
  }

  Coroutine<Value> play_coroutine(const Script& script) {
    Id frame = ++frames_;
    Outcome<Value> outcome(Value{});
    for (const Line& line : script.lines) {
      const Step& step = *line.step;
      if (!observing_) break;
      if (leaves(line, frame)) {
        if (step.verb == Verb::raise) outcome = error_of(step.value.error);
        else outcome = step.value;
        break;
      }
      if (row(step.verb).speaker != Speaker::coroutine) {
        act(line, frame);
        continue;
      }
      outcome = Value{};
      switch (step.verb) {
        case Verb::await: {
          Named& named = object(line);
          record(What::did, step, frame, named.id);
          if (!named.coroutine) outcome = co_await named.future->settled();
          else if (auto coroutine = named.coroutine; count_start()) outcome = co_await coroutine->body.settled();
          break;
        }
        case Verb::yield: {
          record(What::did, step, frame);
          reference::SettledYield bare{{number_in(step.value)}};
          outcome = value_of(co_await bare);
          break;
        }
        case Verb::sleep: {
          record(What::did, step, frame);
          auto slept = co_await reference::sleep(*loop_, step.time).settled();
          outcome = slept.ok() ? Outcome<Value>(step.value) : slept.error();
          break;
        }
        case Verb::call:
        case Verb::catch_:
        case Verb::repeat: {
          record(What::did, step, frame);
          std::int64_t times = step.verb == Verb::repeat ? step.value.number : 1;
          for (; times > 0 && outcome.ok() && count_start(); --times)
            outcome = co_await play_coroutine(*line.script).settled();
          if (step.verb == Verb::catch_ && !outcome.ok() &&
              catches(step.value.error, kind_of(outcome.error())))
            outcome = Value{};
          break;
        }
        default: break;
      }
      if (!runs_inline(step.verb)) record(What::got, step, frame).answer = answer_or_nothing(outcome);
      if (!outcome.ok()) break;
    }
    Event& end = record(What::end);
    end.step.who = script.name;
    end.frame = frame;
    end.answer = answer_or_nothing(outcome);
    co_return outcome;
  }

  // Steps that are answered at once.

  void act(const Line& line, Id frame) {
    const Step& step = *line.step;
    const VerbRow& verb = row(step.verb);
    if (verb.speaker == Speaker::coroutine || (verb.speaker == Speaker::main && step.who != main_script)) {
      record(What::did, step, frame).answer.kind = Answer::Kind::ignored;
    } else if (unsupported(step.verb)) {
      record(What::did, step, frame).answer.kind = Answer::Kind::unsupported;
    } else {
      switch (step.verb) {
        case Verb::call_soon:
        case Verb::call_later:
        case Verb::call_at: return act_schedule(line, frame);
        case Verb::run:
        case Verb::run_until_complete: return act_run(line, frame);
        case Verb::run_in_new_loop: return act_run_in_new_loop(line, frame);
        case Verb::send: return act_send(line, frame);
        case Verb::busy: return act_busy(step, frame);
        default: return act_at_once(line, frame);
      }
    }
  }

  void act_schedule(const Line& line, Id frame) {
    const Step& step = *line.step;
    const Script& script = *line.script;
    Id id = ++ids_;
    Slot slot = record_asked(step, frame, id, id);
    auto handle = [&] {
      switch (step.verb) {
        case Verb::call_later: return loop_->try_call_later(step.time, callback(script, id));
        case Verb::call_at: return loop_->try_call_at(moment(step.time), callback(script, id));
        default: return loop_->try_call_soon(callback(script, id));
      }
    }();
    if (!handle) return answer(slot, Answer::raised(ErrorKind::runtime));
    named_[line.name].handle_id = id;
    named_[line.name].handle = handle;
    if (slot && step.verb != Verb::call_soon) trace_.events[*slot].time = since_start(handle->when());
  }

  void act_busy(const Step& step, Id frame) {
    record(What::did, step, frame);
    world_.busy(step.time);
  }

  void act_run(const Line& line, Id frame) {
    const Step& step = *line.step;
    Id id = 0;
    std::optional<Future<Value>> future;
    if (step.verb == Verb::run_until_complete) {
      Named& named = object(line);
      id = named.id;
      if (!named.future) {  // a bare coroutine object has no outcome to wait for
        record(What::did, step, frame, id).answer.kind = Answer::Kind::ignored;
        return;
      }
      future = named.future;
    }
    if (job_ && unsupported(Verb::run_in_new_loop)) {  // it says nothing of runs within runs
      record(What::did, step, frame, id).answer.kind = Answer::Kind::unsupported;
      return;
    }
    record(What::did, step, frame, id);
    Answer answer = future ? answer_or_nothing(try_run_until_complete(*loop_, *future))
                           : answer_of(loop_->try_run_forever());
    record(What::got, step, frame, id).answer = answer;
  }

  void act_run_in_new_loop(const Line& line, Id frame) {
    const Step& step = *line.step;
    const Script& script = *line.script;
    Id id = ++ids_;
    record(What::did, step, frame, id);
    std::unique_ptr<AbstractLoop> loop = make_(world_);
    listen_to_errors(*loop);
    loop->try_call_soon([this, &script, id, &loop] {
      loop->stop();
      return call_back(script, id);
    });
    Error error = loop->try_run_forever();
    record(What::got, step, frame, id).answer = answer_of(error);
  }

  void act_send(const Line& line, Id frame) {
    const Step& step = *line.step;
    Named& named = object(line);
    Id id = named.id;
    if (!named.coroutine) {
      record(What::did, step, frame, id).answer.kind = Answer::Kind::ignored;
      return;
    }
    record(What::did, step, frame, id);
    if (!count_start()) return;
    Ref<CoroutineObject> driven = named.coroutine;
    auto yielded = driven->driver.send(number_in(step.value));
    bool over = yielded.ok() && driven->body.done();  // and then it is what the body returned (CORO-4)
    record(What::got, step, frame, id).answer =
        answer_or_nothing(over ? driven->body.outcome() : value_of(yielded));
  }

  void act_at_once(const Line& line, Id frame) {
    const Step& step = *line.step;
    Id id = 0;
    Slot slot = record_asked(step, frame, 0, 0);
    Answer given = ask(line, slot, id);
    if (slot) trace_.events[*slot].id = id;
    answer(slot, given);
  }

  // What is asked is written down before it is done, so that its consequences stand behind it, and
  // answered in its place.
  using Slot = std::optional<std::size_t>;

  Slot record_asked(const Step& step, Id frame, Id id, Id made) {
    if (!observing_) return {};
    record(What::did, step, frame, id).made = made;
    return trace_.events.size() - 1;
  }

  void answer(Slot slot, const Answer& answer) {
    if (slot) trace_.events[*slot].answer = answer;
  }

  /// Performs the step and gives its answer, and what it was about.
  Answer ask(const Line& line, Slot slot, Id& id) {
    const Step& step = *line.step;
    switch (step.verb) {
      case Verb::log: return {};
      case Verb::time: return Answer::of(Value::of_duration(since_start(loop_->time())));
      case Verb::limit: limit_ = static_cast<int>(std::min<std::int64_t>(step.value.number, limit_max)); return {};
      case Verb::stop: loop_->stop(); return {};
      case Verb::close: return answer_of(loop_->try_close());
      case Verb::is_running: return Answer::of(Value::of(loop_->is_running()));
      case Verb::is_closed: return Answer::of(Value::of(loop_->is_closed()));
      case Verb::get_running_loop: return Answer::of(running_loop());
      case Verb::set_exception_handler: error_script_ = line.script; return {};
      case Verb::cancel:
      case Verb::when: return ask_handle(line, id);
      case Verb::create_future: id = make_future(named_[line.name]).id; return {};
      case Verb::create_task:
        if (make_task(*line.script, id)) return {};
        id = 0;
        return Answer::raised(ErrorKind::runtime);
      case Verb::create_coroutine: id = make_coroutine(*line.script); return {};
      case Verb::current_task: return Answer::of(current_task());
      case Verb::all_tasks:
        return Answer::of(Value::of(static_cast<std::int64_t>(loop_->all_tasks().size())));
      default: return ask_object(line, slot, id);
    }
  }

  Answer ask_handle(const Line& line, Id& id) {
    const Named& named = named_[line.name];
    id = named.handle_id;
    if (line.step->verb == Verb::cancel) {
      if (named.handle) named.handle->cancel();
      return {};
    }
    bool has_deadline = named.handle && named.handle->when() != 0;
    return Answer::of(has_deadline ? Value::of_duration(since_start(named.handle->when())) : Value{});
  }

  Answer ask_object(const Line& line, Slot slot, Id& id) {
    const Step& step = *line.step;
    Named& named = object(line);
    id = named.id;
    if (step.verb == Verb::get_awaiter) {
      if (named.coroutine) (void)named.coroutine->body.operator co_await();
      else (void)named.future->operator co_await();
      return {};
    }
    if (!named.future) return {Answer::Kind::ignored, {}};
    Future<Value>& future = *named.future;
    switch (step.verb) {
      case Verb::set_result: return answer_of(future.try_set_result(step.value));
      case Verb::set_exception: return answer_of(future.try_set_exception(error_of(step.value.error)));
      case Verb::cancel_task:
      case Verb::cancel_future: return Answer::of(Value::of(future.cancel()));
      case Verb::done: return Answer::of(Value::of(future.done()));
      case Verb::cancelled: return Answer::of(Value::of(future.cancelled()));
      case Verb::result: return answer_of(future.outcome());
      case Verb::exception: return exception_of(future);
      case Verb::cancelling:
        return named.task ? Answer::of(Value::of(std::int64_t{named.task->cancelling()}))
                           : Answer{Answer::Kind::ignored, {}};
      case Verb::add_done_callback: {
        const Script& script = *line.script;
        Id made = ++ids_;
        if (slot) trace_.events[*slot].made = made;
        future.add_done_callback([this, &script, made](reference::FutureBase&) { return call_back(script, made); },
                                 key_of(script));
        return {};
      }
      case Verb::remove_done_callback: {
        auto removed = future.remove_done_callback(key_of(*line.script));
        return Answer::of(Value::of(static_cast<std::int64_t>(removed)));
      }
      default: return {Answer::Kind::ignored, {}};
    }
  }

  static std::uintptr_t key_of(const Script& script) { return reinterpret_cast<std::uintptr_t>(&script); }

  static Answer exception_of(const Future<Value>& future) {
    Outcome<Value> outcome = future.outcome();
    if (outcome.ok()) return Answer::of(Value{});
    if (!future.done() || future.cancelled()) return answer_of(outcome);
    return Answer::of(Value::of(kind_of(outcome.error())));
  }

  Value running_loop() const {
    AbstractLoop* running = AbstractLoop::get_running_loop();
    if (!running) return {};
    return Value::of(Name(running == loop_.get() ? "this" : "other"));
  }

  Value current_task() const {
    reference::TaskBase* task = loop_->current_task();
    return task ? Value::of(static_cast<PlayedTask*>(task)->name) : Value{};
  }

  /// Beyond the end of time is never.
  Nanos moment(Nanos since_start) const {
    Nanos moment = 0;
    return __builtin_add_overflow(start_, since_start, &moment) ? forever : moment;
  }
  Nanos since_start(Nanos time) const {
    Nanos since = 0;
    if (time == forever) return forever;
    return __builtin_sub_overflow(time, start_, &since) ? INT64_MIN : since;
  }

  const Program& program_;
  const Adapter& adapter_;
  MakeLoop make_;
  World& world_;
  Trace& trace_;
  std::unique_ptr<AbstractLoop> loop_;
  Nanos start_ = 0;
  std::vector<Named> named_;  // by the number of the name
  std::vector<Named> kept_;
  const Script* error_script_ = nullptr;
  bool observing_ = true;
  int limit_ = callbacks_max;
  int starts_ = 0;
  Id job_ = 0, jobs_ = 0, ids_ = 0, frames_ = 0;
};

}  // namespace

void play(const Scenario& scenario, const Adapter& adapter, MakeLoop make, World& world, Trace& trace) {
  trace.clear();
  trace.resolution = adapter.resolution;
  trace.exact_order = adapter.exact_order;
  static thread_local Program program;
  program.read(scenario);
  Player(program, adapter, make, world, trace).play();
}

}  // namespace cede
