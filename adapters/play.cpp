#include "adapters/play.h"

#include <algorithm>
#include <deque>

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

/// The steps of one name, in order.
struct Script {
  Name name;
  std::vector<const Step*> steps;
};

/// A coroutine object that a script made, and who drives it by hand.
struct CoroutineObject : reference::Counted {
  explicit CoroutineObject(Coroutine<Value> coroutine) : body(std::move(coroutine)), driver(body) {}
  Coroutine<Value> body;
  reference::Driver<Value> driver;
};

/// What a name can stand for. A task is a future that has a `task`.
struct Object {
  Name name;
  Id id;
  std::optional<Future<Value>> future;
  reference::TaskBase* task = nullptr;
  Ref<CoroutineObject> coroutine;
};

struct NamedHandle {
  Name name;
  Id id;
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
  Player(const Scenario& scenario, const Adapter& adapter, MakeLoop make, World& world, Trace& trace)
      : adapter_(adapter), make_(make), world_(world), trace_(trace) {
    for (const Step& step : scenario.steps) script_named(step.who).steps.push_back(&step);
    // Names of scripts without steps are added on sight, and pointers to scripts have to last.
    for (const Step& step : scenario.steps) {
      if (row(step.verb).args[0] == Arg::script || row(step.verb).args[1] == Arg::script)
        script_named(step.script ? step.script : step.name);
    }
  }

  void play() {
    world_.begin(*this);
    loop_ = make_(world_);
    start_ = loop_->time();
    listen_to_errors(*loop_);
    try {
      play_main();
    } catch (const Stuck&) {
      observing_ = false;  // the loop could not be ended; what it did until here stands
    }
    world_.end();  // some loops turn once more to be closed, which is nobody's business
    objects_.clear();
    handles_.clear();
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

  Event& record(What what, const Step& step, Id frame, Id id = 0, Answer answer = {}) {
    Event& event = record(what);
    event.step = step;
    event.frame = frame;
    event.id = id;
    event.answer = answer;
    return event;
  }

  void on_poll(Nanos timeout) override { record(What::poll).time = timeout; }

  void on_rest() override {
    record(What::rest);
    loop_->try_call_soon_threadsafe([this] { loop_->stop(); });
  }

  void on_stuck() override {
    record(What::stuck);
    observing_ = false;
    loop_->stop();
  }

  /// One more job or inline start; false once the scripts have fallen silent.
  bool count_start() {
    if (observing_ && starts_++ >= limit_) {
      record(What::silent);
      observing_ = false;
    }
    return observing_;
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

  Script& script_named(Name name) {
    for (auto& script : scripts_)
      if (script->name == name) return *script;
    return *scripts_.emplace_back(std::make_unique<Script>(Script{name, {}}));
  }

  Object& object_named(Name name) {
    for (auto object = objects_.rbegin(); object != objects_.rend(); ++object)
      if (object->name == name) return *object;
    return make_future(name);
  }

  Object& make_future(Name name) {
    return objects_.emplace_back(Object{name, ++ids_, Future<Value>(*loop_), nullptr, {}});
  }

  /// Null when the loop is closed.
  Object* make_task(const Script& script) {
    Ref<reference::TaskState<Value>> state(new PlayedTask(*this, script, ids_ + 1));
    if (!state->begin()) return nullptr;
    return &objects_.emplace_back(Object{script.name, ++ids_, reference::Task<Value>(state), state.get(), {}});
  }

  Object& make_coroutine(const Script& script) {
    Ref<CoroutineObject> made(new CoroutineObject(play_coroutine(script)));
    return objects_.emplace_back(Object{script.name, ++ids_, {}, nullptr, made});
  }

  NamedHandle* handle_named(Name name) {
    for (auto handle = handles_.rbegin(); handle != handles_.rend(); ++handle)
      if (handle->name == name) return &*handle;
    return nullptr;
  }

  bool unsupported(Verb verb) const {
    return std::ranges::any_of(adapter_.unsupported, [&](const Unsupported& u) { return u.verb == verb; });
  }

  // Scripts.

  void play_main() {
    Id frame = ++frames_;
    for (const Step* step : script_named(main_script).steps) {
      if (!observing_) return;
      if (leaves(*step, frame)) break;
      act(*step, frame);
    }
    if (loop_->is_closed() || !observing_) return;
    static const Step run{main_script, Verb::run, {}, {}, 0, {}};
    static const Step close{main_script, Verb::close, {}, {}, 0, {}};
    act_run(run, frame);
    if (!unsupported(Verb::close)) act(close, frame);
  }

  Error play_callback(const Script& script) {
    Id frame = ++frames_;
    for (const Step* step : script.steps) {
      if (!observing_) return {};
      if (leaves(*step, frame))
        return step->verb == Verb::raise ? error_of(step->value.error) : Error{};
      act(*step, frame);
    }
    return {};
  }

  /// `raise` and `return`, which end a script.
  bool leaves(const Step& step, Id frame) {
    if (step.verb != Verb::raise && step.verb != Verb::return_) return false;
    record(What::did, step, frame);
    return true;
  }

  Coroutine<Value> play_coroutine(const Script& script) {
    Id frame = ++frames_;
    Outcome<Value> outcome(Value{});
    for (const Step* step : script.steps) {
      if (!observing_) break;
      if (leaves(*step, frame)) {
        if (step->verb == Verb::raise) outcome = error_of(step->value.error);
        else outcome = step->value;
        break;
      }
      if (row(step->verb).speaker != Speaker::coroutine) {
        act(*step, frame);
        continue;
      }
      outcome = Value{};
      switch (step->verb) {
        case Verb::await: {
          Object& object = object_named(step->name);
          record(What::did, *step, frame, object.id);
          if (!object.coroutine) outcome = co_await object.future->settled();
          else if (auto coroutine = object.coroutine; count_start()) outcome = co_await coroutine->body.settled();
          break;
        }
        case Verb::yield: {
          record(What::did, *step, frame);
          reference::SettledYield bare{{number_in(step->value)}};
          outcome = value_of(co_await bare);
          break;
        }
        case Verb::sleep: {
          record(What::did, *step, frame);
          auto slept = co_await reference::sleep(*loop_, step->time).settled();
          outcome = slept.ok() ? Outcome<Value>(step->value) : slept.error();
          break;
        }
        case Verb::call:
        case Verb::catch_:
        case Verb::repeat: {
          record(What::did, *step, frame);
          std::int64_t times = step->verb == Verb::repeat ? step->value.number : 1;
          for (; times > 0 && outcome.ok() && count_start(); --times)
            outcome = co_await play_coroutine(script_named(step->name)).settled();
          if (step->verb == Verb::catch_ && !outcome.ok() &&
              catches(step->value.error, kind_of(outcome.error())))
            outcome = Value{};
          break;
        }
        default: break;
      }
      if (!runs_inline(step->verb)) record(What::got, *step, frame).answer = answer_or_nothing(outcome);
      if (!outcome.ok()) break;
    }
    Event& end = record(What::end);
    end.step.who = script.name;
    end.frame = frame;
    end.answer = answer_or_nothing(outcome);
    co_return outcome;
  }

  // Steps that are answered at once.

  void act(const Step& step, Id frame) {
    const VerbRow& verb = row(step.verb);
    if (verb.speaker == Speaker::coroutine || (verb.speaker == Speaker::main && step.who != main_script)) {
      record(What::did, step, frame).answer.kind = Answer::Kind::ignored;
    } else if (unsupported(step.verb)) {
      record(What::did, step, frame).answer.kind = Answer::Kind::unsupported;
    } else {
      switch (step.verb) {
        case Verb::call_soon:
        case Verb::call_later:
        case Verb::call_at: return act_schedule(step, frame);
        case Verb::run:
        case Verb::run_until_complete: return act_run(step, frame);
        case Verb::run_in_new_loop: return act_run_in_new_loop(step, frame);
        case Verb::send: return act_send(step, frame);
        case Verb::busy: return act_busy(step, frame);
        default: return act_at_once(step, frame);
      }
    }
  }

  void act_schedule(const Step& step, Id frame) {
    const Script& script = script_named(step.name);
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
    handles_.push_back({step.name, id, handle});
    if (slot && step.verb != Verb::call_soon) trace_.events[*slot].time = since_start(handle->when());
  }

  void act_busy(const Step& step, Id frame) {
    record(What::did, step, frame);
    world_.busy(step.time);
  }

  void act_run(const Step& step, Id frame) {
    Id id = 0;
    std::optional<Future<Value>> future;
    if (step.verb == Verb::run_until_complete) {
      Object& object = object_named(step.name);
      id = object.id;
      if (!object.future) {  // a bare coroutine object has no outcome to wait for
        record(What::did, step, frame, id).answer.kind = Answer::Kind::ignored;
        return;
      }
      future = object.future;
    }
    if (job_ && unsupported(Verb::run_in_new_loop)) {  // it says nothing of runs within runs
      record(What::did, step, frame, id).answer.kind = Answer::Kind::unsupported;
      return;
    }
    record(What::did, step, frame, id);
    Answer answer = future ? answer_or_nothing(try_run_until_complete(*loop_, *future))
                           : answer_of(loop_->try_run_forever());
    record(What::got, step, frame, id, answer);
  }

  void act_run_in_new_loop(const Step& step, Id frame) {
    const Script& script = script_named(step.name);
    Id id = ++ids_;
    record(What::did, step, frame, id);
    std::unique_ptr<AbstractLoop> loop = make_(world_);
    listen_to_errors(*loop);
    loop->try_call_soon([this, &script, id, &loop] {
      loop->stop();
      return call_back(script, id);
    });
    Error error = loop->try_run_forever();
    record(What::got, step, frame, id, answer_of(error));
  }

  void act_send(const Step& step, Id frame) {
    Object& object = object_named(step.name);
    Id id = object.id;
    if (!object.coroutine) {
      record(What::did, step, frame, id).answer.kind = Answer::Kind::ignored;
      return;
    }
    record(What::did, step, frame, id);
    if (!count_start()) return;
    Ref<CoroutineObject> driven = object.coroutine;
    auto yielded = driven->driver.send(number_in(step.value));
    record(What::got, step, frame, id, answer_or_nothing(value_of(yielded)));
  }

  void act_at_once(const Step& step, Id frame) {
    Id id = 0;
    Slot slot = record_asked(step, frame, 0, 0);
    Answer given = ask(step, slot, id);
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
  Answer ask(const Step& step, Slot slot, Id& id) {
    switch (step.verb) {
      case Verb::log: return {};
      case Verb::time: return Answer::of(Value::of_duration(since_start(loop_->time())));
      case Verb::limit: limit_ = static_cast<int>(std::min<std::int64_t>(step.value.number, limit_max)); return {};
      case Verb::stop: loop_->stop(); return {};
      case Verb::close: return answer_of(loop_->try_close());
      case Verb::is_running: return Answer::of(Value::of(loop_->is_running()));
      case Verb::is_closed: return Answer::of(Value::of(loop_->is_closed()));
      case Verb::get_running_loop: return Answer::of(running_loop());
      case Verb::set_exception_handler: error_script_ = &script_named(step.name); return {};
      case Verb::cancel:
      case Verb::when: return ask_handle(step, id);
      case Verb::create_future: id = make_future(step.name).id; return {};
      case Verb::create_task: {
        Object* task = make_task(script_named(step.name));
        if (!task) return Answer::raised(ErrorKind::runtime);
        id = task->id;
        return {};
      }
      case Verb::create_coroutine: id = make_coroutine(script_named(step.name)).id; return {};
      case Verb::current_task: return Answer::of(current_task());
      case Verb::all_tasks:
        return Answer::of(Value::of(static_cast<std::int64_t>(loop_->all_tasks().size())));
      default: return ask_object(step, slot, id);
    }
  }

  Answer ask_handle(const Step& step, Id& id) {
    NamedHandle* named = handle_named(step.name);
    if (named) id = named->id;
    if (step.verb == Verb::cancel) {
      if (named) named->handle->cancel();
      return {};
    }
    bool has_deadline = named && named->handle->when() != 0;
    return Answer::of(has_deadline ? Value::of_duration(since_start(named->handle->when())) : Value{});
  }

  Answer ask_object(const Step& step, Slot slot, Id& id) {
    Object& object = object_named(step.name);
    id = object.id;
    if (step.verb == Verb::get_awaiter) {
      if (object.coroutine) (void)object.coroutine->body.operator co_await();
      else (void)object.future->operator co_await();
      return {};
    }
    if (!object.future) return {Answer::Kind::ignored, {}};
    Future<Value>& future = *object.future;
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
        return object.task ? Answer::of(Value::of(std::int64_t{object.task->cancelling()}))
                           : Answer{Answer::Kind::ignored, {}};
      case Verb::add_done_callback: {
        const Script& script = script_named(step.script);
        Id made = ++ids_;
        if (slot) trace_.events[*slot].made = made;
        future.add_done_callback([this, &script, made](reference::FutureBase&) { return call_back(script, made); },
                                 key_of(script));
        return {};
      }
      case Verb::remove_done_callback: {
        auto removed = future.remove_done_callback(key_of(script_named(step.script)));
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

  const Adapter& adapter_;
  MakeLoop make_;
  World& world_;
  Trace& trace_;
  std::unique_ptr<AbstractLoop> loop_;
  Nanos start_ = 0;
  std::vector<std::unique_ptr<Script>> scripts_;
  std::deque<Object> objects_;
  std::vector<NamedHandle> handles_;
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
  Player(scenario, adapter, make, world, trace).play();
}

}  // namespace cede
