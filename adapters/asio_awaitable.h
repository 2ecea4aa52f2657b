// Asio's coroutines played as they are: scripts are awaitables, tasks are what co_spawn makes of them, and
// nothing of the reference's task layer is between. The back end `awaitable` of Boost.Asio and of Asio without
// Boost; callbacks are as in asio.h.
#pragma once

#include <exception>
#include <optional>
#include <vector>

#include "adapters/asio.h"
#include "adapters/player.h"

namespace cede {
namespace {

using library::awaitable;
using reference::Outcome;

constexpr std::string_view awaitable_mapping = R"(
create_coroutine: a call of a function that returns an awaitable
call, catch, finally, repeat, await of a coroutine: co_await of the awaitable; a second one is undefined in Asio, and not tried
create_task: co_spawn on the io_context, with a cancellation_slot bound to its completion handler; where the loop is running, Asio begins the task at once
end of a task: its completion handler, which keeps the outcome and closes a channel
await of a task: if there is no outcome, async_receive from that experimental::channel with use_awaitable
cancel_task: cancellation_signal::emit(terminal), unless there is an outcome; no reset_cancellation_state follows
futures: Asio has none; as of a task an outcome, kept by the adapter, and a channel that is closed when it is there
add_done_callback: async_receive from the channel, with the callback as its handler
yield: post with use_awaitable
sleep: steady_timer::async_wait with use_awaitable
errors: C++ exceptions, in the end of the completion handler; operation_aborted is a cancellation
steps of a task: from where the body goes on to where the initiation of an asynchronous operation is called, which is when it is suspended)";

/// What can be waited for.
struct Future : reference::Counted {
  Future(library::io_context& context, Id id) : id(id), there(context) {}

  void complete(Outcome<Value> how) {
    outcome = std::move(how);
    there.close();
  }

  Id id;
  std::optional<Outcome<Value>> outcome;
  library::experimental::channel<void(ErrorCode, bool)> there;  // closed when the outcome is
};

class Awaitables;
struct Task;

/// A stretch of a task between two suspensions. Asio begins a task within the step of another.
class TaskStep {
 public:
  TaskStep(Awaitables& tasks, Task& task);
  ~TaskStep();

 private:
  Awaitables& tasks_;
  Task* outer_;
  std::optional<Player::Job> job_;
};

struct Task : Future {
  Task(library::io_context& context, Id id, Name name) : Future(context, id), name(name) {}

  Name name;
  library::cancellation_signal cancellation;
  std::optional<TaskStep> step;  // that is running
  bool begun = false;
};

/// The exception that is being handled, as a value. Call it in a catch block.
Error caught() {
  try {
    throw;
  } catch (const SystemError& error) {
    return error_of(error);
  } catch (...) {
    return Error::current();
  }
}

class Awaitables : public FamilyPlayer {
 public:
  explicit Awaitables(Player& player) : FamilyPlayer(player), objects_(player.program().scripts().size()) {}

  Answer ask(const Line& line, Event& event) override;
  Id held(std::uint32_t name) const override { return objects_[name].id; }
  void drop(std::uint32_t name) override { Object gone = std::exchange(objects_[name], {}); }

 private:
  friend class TaskStep;

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
  std::vector<Ref<Task>> tasks_;  // all, since an emitted cancellation may come when the task is over (asio#1332)
  Task* running_ = nullptr;
};

TaskStep::TaskStep(Awaitables& tasks, Task& task) : tasks_(tasks), outer_(std::exchange(tasks.running_, &task)) {
  if (tasks.player_.count_start()) job_.emplace(tasks.player_, task.name, task.id);
  task.begun = true;
}

TaskStep::~TaskStep() { tasks_.running_ = outer_; }

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
  task->step.emplace(*this, *task);
  co_return co_await play(script);
}

/// A task that is cancelled before its body begins has no other step than this.
void Awaitables::end(Task& task, std::exception_ptr error, const Value& value) {
  if (!task.begun) TaskStep only(*this, task);
  Outcome<Value> outcome(value);
  if (error) try {
      std::rethrow_exception(error);
    } catch (...) {
      outcome = caught();
    }
  task.complete(std::move(outcome));
}

// Scripts.

/// Who catches an error, or does something behind it, stands where the awaitable is awaited: also the co_await
/// itself raises, when the task is cancelled.
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
    if (step.verb == Verb::finally_) try {
        (void)co_await repeat(*line.script, 1);
      } catch (...) {
        outcome = caught();
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
  while (!future->outcome)
    co_await wait<void(ErrorCode, bool)>([&](auto handler) { future->there.async_receive(std::move(handler)); });
  co_return future->outcome->get();
}

awaitable<Value> Awaitables::sleep(const Step& step) {
  library::steady_timer timer(loop().context());
  if (step.time == forever) timer.expires_at(std::chrono::steady_clock::time_point::max());
  else timer.expires_after(std::chrono::nanoseconds(step.time));
  ErrorCode error = co_await wait<void(ErrorCode)>([&](auto handler) { timer.async_wait(std::move(handler)); });
  if (error) throw SystemError(error);
  co_return step.value;
}

awaitable<Value> Awaitables::yield() {
  co_await wait<void()>([this](auto handler) { library::post(loop().context(), std::move(handler)); });
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
  task->step.emplace(*this, *task);
  co_return error;
}

std::unique_ptr<FamilyPlayer> play_awaitables(Player& player) { return std::make_unique<Awaitables>(player); }

// What Asio does not have.

struct UnsupportedFamily {
  Family family;
  std::string_view reason;
};

constexpr UnsupportedFamily unsupported_families[]{
    {Family::combinators, "&&, || and parallel_group begin operations of their own: they take no task that runs already"},
    {Family::scopes, "|| with a timer begins an operation of its own; Asio has no scope around a body, and no groups of tasks"},
    {Family::synchronisation, "Asio has channels, and no locks, events, conditions or semaphores for coroutines"},
    {Family::generators, "awaitable does not yield values; experimental::coro does, and is another coroutine"},
    {Family::context, "Asio has no context variables"},
    {Family::lifetime, "an awaitable that has begun belongs to Asio, which tells nothing of what is lost"},
};

constexpr Unsupported unsupported_alone[]{
    {Verb::run_until_complete, "io_context::run knows no tasks"},
    {Verb::remove_done_callback, "Asio does not know handlers by their function"},
    {Verb::current_task, "Asio tells no coroutine which task it is of"},
    {Verb::all_tasks, "Asio does not list what was spawned"},
    {Verb::cancelling, "cancellation_state tells whether, not how often"},
    {Verb::uncancel, "only the coroutine itself can reset its cancellation_state"},
    {Verb::send, "an awaitable is driven by Asio alone"},
    {Verb::get_awaiter, "an awaitable is its own awaiter"},
    {Verb::receive, "an io_context takes a descriptor only once, and it may be one that callbacks wait for"},
    {Verb::run_in_executor, "what a thread_pool comes to is handed on by handlers alone"},
    {Verb::fail_in_executor, "what a thread_pool comes to is handed on by handlers alone"},
    {Verb::run_coroutine_threadsafe, "co_spawn with use_future waits for a mutex and a condition, past the baton"},
};

void adapt_awaitables(Adapter& adapter) {
  adapt_callbacks(adapter);
  adapter.mapping = std::string(mapping.substr(1)) + std::string(awaitable_mapping.substr(1));
  adapter.layered = {"future"};
  adapter.unsupported.insert(adapter.unsupported.end(), std::begin(unsupported_alone), std::end(unsupported_alone));
  for (const UnsupportedFamily& unsupported : unsupported_families)
    for (const VerbRow& row : verbs())
      if (row.family == unsupported.family && row.verb != Verb::drop)
        adapter.unsupported.push_back({row.verb, unsupported.reason});
  adapter.run = play_unaware<make_loop, play_awaitables>;
}

/// What is the same of both libraries.
bool adapt(std::string_view back_end, Adapter& adapter) {
  adapter.back_end = back_end.empty() ? "callbacks" : back_end;
  if (adapter.back_end == "awaitable") adapt_awaitables(adapter);
  else adapt_callbacks(adapter);
  return adapter.back_end == "awaitable" || adapter.back_end == "callbacks";
}

}  // namespace
}  // namespace cede
