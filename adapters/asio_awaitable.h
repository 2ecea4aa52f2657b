// Scripts as Asio's coroutines, as they are: each is an awaitable, and what it awaits is Asio's. Nothing of the
// reference's task layer is between.
#pragma once

#include <exception>
#include <vector>

#include "adapters/asio_task.h"

namespace cede {
namespace {

using library::awaitable;

class Awaitables : public FamilyPlayer {
 public:
  explicit Awaitables(Player& player) : FamilyPlayer(player), objects_(player.program().scripts().size()) {}

  Answer ask(const Line& line, Event& event) override;
  Id held(std::uint32_t name) const override { return objects_[name].id; }
  void drop(std::uint32_t name) override { objects_[name] = {}; }

 private:
  /// What a name stands for. A task is a future, too.
  struct Object {
    Id id = 0;
    Ref<Future> future;
    Task* task = nullptr;
    std::unique_ptr<awaitable<Value>> coroutine;  // not valid any more once it is awaited
  };

  AsioLoop& loop() { return static_cast<AsioLoop&>(player_.loop()); }
  Object& object(std::uint32_t name) { return objects_[name].id ? objects_[name] : make_future(objects_[name]); }
  Object& make_future(Object& object);

  // What is answered at once.
  Answer create_task(const Line& line, Event& event);
  Answer create_coroutine(const Line& line, Event& event);
  Answer ask_future(const Line& line, Event& event, Object& object);
  Answer complete(Object& object, Outcome<Value> outcome);
  Answer cancel(Object& object);
  void add_done_callback(const Script& script, Id made, Ref<Future> future);

  // Tasks.
  awaitable<Value> run(Ref<Task> task, const Script& script);
  void end(Task& task, std::exception_ptr error, const Value& value);

  // Scripts.
  awaitable<Value> play(const Script& script);
  awaitable<Value> begin(const Line& line, Id frame);
  awaitable<Value> begin_await(const Line& line, Id frame);

  // What a step of a script awaits.
  awaitable<Value> play_object(awaitable<Value> body);
  awaitable<Value> repeat(const Script& script, std::int64_t times);
  awaitable<Value> outcome_of(Ref<Future> future);
  awaitable<Value> sleep(const Step& step);
  awaitable<Value> yield();
  template <class Signature, class Begin>
  awaitable<ErrorCode> wait(Begin begin);

  std::vector<Object> objects_;  // by the number of the name
  // All that there were, since Asio may look for a cancellation_signal when its task is over:
  // https://github.com/chriskohlhoff/asio/issues/1332
  std::vector<Ref<Task>> tasks_;
  Task* running_ = nullptr;      // whose step is running, the innermost
};

// What is answered at once.

Answer Awaitables::ask(const Line& line, Event& event) {
  switch (line.step->verb) {
    case Verb::create_task: return create_task(line, event);
    case Verb::create_coroutine: return create_coroutine(line, event);
    case Verb::create_future: event.id = make_future(objects_[line.name]).id; return {};
    default: break;
  }
  Object& object = this->object(line.name);
  event.id = object.id;
  return object.future ? ask_future(line, event, object) : Answer{Answer::Kind::ignored, {}};
}

Awaitables::Object& Awaitables::make_future(Object& object) {
  Id id = player_.next_id();
  object = {id, Ref<Future>(new Future(loop().context(), id))};
  return object;
}

Answer Awaitables::create_task(const Line& line, Event& event) {
  Id id = event.id = player_.next_id();  // first, since its script may run right away
  Ref<Task> task(new Task(loop().context(), id, line.script->name));
  objects_[line.script->number] = {id, Ref<Future>(task), task.get()};
  tasks_.push_back(task);
  auto ended = [this, task](std::exception_ptr error, const Value& value) { end(*task, error, value); };
  library::co_spawn(loop().context(), run(task, *line.script),
                    library::bind_cancellation_slot(task->cancellation.slot(), ended));
  return {};
}

Answer Awaitables::create_coroutine(const Line& line, Event& event) {
  Id id = event.id = player_.next_id();
  objects_[line.script->number] = {id, {}, nullptr, std::make_unique<awaitable<Value>>(play(*line.script))};
  return {};
}

Answer Awaitables::ask_future(const Line& line, Event& event, Object& object) {
  const Step& step = *line.step;
  const auto& outcome = object.future->outcome;
  bool cancelled = outcome && outcome->error().cancelled();
  switch (step.verb) {
    case Verb::set_result: return complete(object, step.value);
    case Verb::set_exception:
      if (step.value.error == ErrorKind::cancelled) return {Answer::Kind::ignored, {}};
      return complete(object, error_of(step.value.error));
    case Verb::cancel_future:
    case Verb::cancel_task: return cancel(object);
    case Verb::done: return Answer::of(Value::of(outcome.has_value()));
    case Verb::cancelled: return Answer::of(Value::of(cancelled));
    case Verb::result: return outcome ? answer_of(*outcome) : Answer::raised(ErrorKind::invalid_state);
    case Verb::exception:
      if (!outcome || cancelled) return outcome ? answer_of(*outcome) : Answer::raised(ErrorKind::invalid_state);
      return Answer::of(outcome->ok() ? Value{} : Value::of(kind_of(outcome->error())));
    case Verb::add_done_callback:
      event.made = player_.next_id();
      add_done_callback(*line.script, event.made, object.future);
      return {};
    default: return {Answer::Kind::ignored, {}};
  }
}

/// What a task comes to is only its coroutine's affair: nobody else can say it.
Answer Awaitables::complete(Object& object, Outcome<Value> outcome) {
  if (object.task) return {Answer::Kind::unsupported, {}};
  if (object.future->outcome) return Answer::raised(ErrorKind::invalid_state);
  object.future->complete(std::move(outcome));
  return {};
}

Answer Awaitables::cancel(Object& object) {
  if (object.future->outcome) return Answer::of(Value::of(false));
  if (object.task) object.task->cancellation.emit(library::cancellation_type::terminal);
  else object.future->complete(Error(Error::Kind::cancelled));
  return Answer::of(Value::of(true));
}

void Awaitables::add_done_callback(const Script& script, Id made, Ref<Future> future) {
  future->there.async_receive([this, &script, made, future](ErrorCode, bool) {
    if (future->outcome) loop().heed(player_.call_back(script, made));
  });
}

// Tasks.

awaitable<Value> Awaitables::run(Ref<Task> task, const Script& script) {
  struct LastStep {
    ~LastStep() { task.step.reset(); }
    Task& task;
  } last{*task};
  task->step.emplace(player_, running_, *task);
  co_return co_await play(script);
}

/// A task that is cancelled before its body begins has no other step than this.
void Awaitables::end(Task& task, std::exception_ptr error, const Value& value) {
  if (!task.begun) TaskStep only(player_, running_, task);
  Outcome<Value> outcome(value);
  try {
    if (error) std::rethrow_exception(error);
  } catch (...) {
    outcome = caught();
  }
  task.complete(std::move(outcome));
}

// Scripts.

/// Errors are caught, and cleanups begun, here where the awaitable is awaited: when the task is cancelled the
/// co_await itself raises.
awaitable<Value> Awaitables::play(const Script& script) {
  Id frame = player_.next_frame();
  Player::Ending ending(player_, script.name, frame);
  Outcome<Value> outcome(Value{});
  for (const Line& line : script.lines) {
    const Step& step = *line.step;
    if (!player_.observing()) break;
    if (player_.leaves(line, frame)) {
      if (step.verb == Verb::raise) outcome = error_of(step.value.error);
      else outcome = step.value;
      break;
    }
    if (row(step.verb).speaker != Speaker::coroutine || player_.unsupported(step.verb)) {
      player_.act(line, frame);
      continue;
    }
    awaitable<Value> begun = begin(line, frame);
    if (!begun.valid()) continue;
    try {
      outcome = co_await std::move(begun);
    } catch (...) {
      outcome = caught();
    }
    if (step.verb == Verb::finally_) {
      try {
        (void)co_await repeat(*line.script, 1);
      } catch (...) {
        outcome = caught();
      }
    }
    if (step.verb == Verb::catch_ && !outcome.ok() && catches(step.value.error, kind_of(outcome.error())))
      outcome = Value{};
    if (answers_later(step.verb)) player_.record(What::got, step, frame).answer = answer_or_nothing(outcome);
    if (!outcome.ok()) break;
  }
  ending.end(outcome);
  co_return outcome.get();
}

/// Writes down the step. What it gives does nothing until it is awaited; it is not valid if there is nothing to.
awaitable<Value> Awaitables::begin(const Line& line, Id frame) {
  const Step& step = *line.step;
  if (step.verb == Verb::await) return begin_await(line, frame);
  player_.record(What::did, step, frame);
  switch (step.verb) {
    case Verb::sleep: return sleep(step);
    case Verb::yield: return yield();
    case Verb::repeat: return repeat(*line.script, step.value.number);
    case Verb::finally_: return repeat(player_.script(line.name), 1);
    default: return repeat(*line.script, 1);
  }
}

awaitable<Value> Awaitables::begin_await(const Line& line, Id frame) {
  Object& object = this->object(line.name);
  Event& asked = player_.record(What::did, *line.step, frame, object.id);
  if (object.future) return outcome_of(object.future);
  if (object.coroutine->valid()) return play_object(std::move(*object.coroutine));
  asked.answer.kind = Answer::Kind::unsupported;  // a second await of an awaitable is undefined
  return {};
}

// What a step of a script awaits.

awaitable<Value> Awaitables::play_object(awaitable<Value> body) {
  if (!player_.count_start()) co_return Value{};
  co_return co_await std::move(body);
}

awaitable<Value> Awaitables::repeat(const Script& script, std::int64_t times) {
  Value value;
  for (; times > 0 && player_.count_start(); --times) value = co_await play(script);
  co_return value;
}

awaitable<Value> Awaitables::outcome_of(Ref<Future> future) {
  auto receive = [&](auto handler) { future->there.async_receive(std::move(handler)); };
  while (!future->outcome) co_await wait<void(ErrorCode, bool)>(receive);
  co_return future->outcome->get();
}

awaitable<Value> Awaitables::sleep(const Step& step) {
  library::steady_timer timer(loop().context());
  if (step.time == forever) timer.expires_at(std::chrono::steady_clock::time_point::max());
  else timer.expires_after(std::chrono::nanoseconds(step.time));
  auto expire = [&](auto handler) { timer.async_wait(std::move(handler)); };
  ErrorCode error = co_await wait<void(ErrorCode)>(expire);
  if (error) throw SystemError(error);
  co_return step.value;
}

awaitable<Value> Awaitables::yield() {
  auto post = [this](auto handler) { library::post(loop().context(), std::move(handler)); };
  co_await wait<void()>(post);
  co_return Value{};
}

/// Waits for one operation of Asio's. Where that is begun, the task is suspended and its step is over.
template <class Signature, class Begin>
awaitable<ErrorCode> Awaitables::wait(Begin begin) {
  Ref<Task> task(running_);
  auto suspended = [&](auto handler) {
    task->step.reset();
    begin(std::move(handler));
  };
  ErrorCode error;
  auto token = library::redirect_error(library::use_awaitable, error);
  (void)co_await library::async_initiate<decltype(token), Signature>(suspended, token);
  task->step.emplace(player_, running_, *task);
  co_return error;
}

std::unique_ptr<FamilyPlayer> play_awaitables(Player& player) { return std::make_unique<Awaitables>(player); }

}  // namespace
}  // namespace cede
