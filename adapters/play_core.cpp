// What the verbs of the core mean, of those that are answered at once.
#include <algorithm>

#include "adapters/player.h"
#include "reference/run.h"

namespace cede {

using reference::AbstractLoop;
using reference::Error;
using reference::Future;
using reference::Outcome;
using reference::Ref;

namespace {

/// More jobs than a loop may wait for would make a conforming one look stuck.
constexpr std::int64_t limit_max = 1000;

std::uintptr_t key_of(const Script& script) { return reinterpret_cast<std::uintptr_t>(&script); }

Answer exception_of(const Future<Value>& future) {
  Outcome<Value> outcome = future.outcome();
  if (outcome.ok()) return Answer::of(Value{});
  if (!future.done() || future.cancelled()) return answer_of(outcome);
  return Answer::of(Value::of(kind_of(outcome.error())));
}

}  // namespace

void Player::act(const Line& line, Id frame) {
  const Step& step = *line.step;
  const VerbRow& verb = row(step.verb);
  if (unsupported(step.verb)) {
    record(What::did, step, frame).answer.kind = Answer::Kind::unsupported;
  } else if (verb.speaker == Speaker::coroutine || (verb.speaker == Speaker::main && step.who != main_script)) {
    record(What::did, step, frame).answer.kind = Answer::Kind::ignored;
  } else if (FamilyPlayer* player = family_of(step.verb)) {
    act_family(*player, line, frame);
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

void Player::act_family(FamilyPlayer& player, const Line& line, Id frame) {
  const Step& step = *line.step;
  Event nobody_sees;
  Slot slot = record_asked(step, frame, 0, 0);
  Answer given = player.ask(line, slot ? trace_.events[*slot] : nobody_sees);
  if (slot) trace_.events[*slot].among = std::exchange(among_, {});
  answer(slot, given);
}

void Player::act_schedule(const Line& line, Id frame) {
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
  handle->tag = tag_of(script, id);
  named_[line.name].handle_id = id;
  named_[line.name].handle = handle;
  if (slot && step.verb != Verb::call_soon) trace_.events[*slot].time = since_start(handle->when());
}

void Player::act_busy(const Step& step, Id frame) {
  record(What::did, step, frame);
  world_.busy(step.time);
}

void Player::act_run(const Line& line, Id frame) {
  const Step& step = *line.step;
  Id id = 0;
  std::optional<Future<Value>> future;
  if (step.verb == Verb::run_until_complete) {
    Named& named = object(line.name);
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
  const bool is_anothers = future && &future->base()->loop() != loop_.get();
  const bool is_refused = loop_->is_closed() || AbstractLoop::get_running_loop();
  Answer answer = is_anothers && !is_refused ? Answer::raised(ErrorKind::value)
                  : future ? answer_or_nothing(try_run_until_complete(*loop_, *future))
                         : answer_of(loop_->try_run_forever());
  record(What::got, step, frame, id).answer = answer;
}

void Player::act_run_in_new_loop(const Line& line, Id frame) {
  const Step& step = *line.step;
  const Script& script = *line.script;
  Id id = ++ids_;
  record(What::did, step, frame, id);
  std::unique_ptr<AbstractLoop> loop = make_(world_, adapter_);
  listen_to_errors(*loop);
  loop->try_call_soon([this, &script, id, &loop] {
    loop->stop();
    return call_back(script, id);
  });
  Error error = loop->try_run_forever();
  record(What::got, step, frame, id).answer = answer_of(error);
}

void Player::act_send(const Line& line, Id frame) {
  const Step& step = *line.step;
  Named& named = object(line.name);
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

void Player::act_at_once(const Line& line, Id frame) {
  const Step& step = *line.step;
  Id id = 0;
  Slot slot = record_asked(step, frame, 0, 0);
  Answer given = ask(line, slot, id);
  if (slot) trace_.events[*slot].id = id;
  answer(slot, given);
}

Player::Slot Player::record_asked(const Step& step, Id frame, Id id, Id made) {
  if (!observing_) return {};
  record(What::did, step, frame, id).made = made;
  return trace_.events.size() - 1;
}

void Player::answer(Slot slot, const Answer& answer) {
  if (slot) trace_.events[*slot].answer = answer;
}

/// Performs the step and gives its answer, and what it was about.
Answer Player::ask(const Line& line, Slot slot, Id& id) {
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
      if (start_task(*line.script, id)) return {};
      id = 0;
      return Answer::raised(ErrorKind::runtime);
    case Verb::create_coroutine: {
      id = next_id();
      Ref object(new CoroutineObject(play_coroutine(*line.script), line.script->name, id));
      name_object(named_[line.name], id, {}, nullptr, std::move(object));
      return {};
    }
    case Verb::current_task: return Answer::of(current_task());
    case Verb::all_tasks:
      return Answer::of(Value::of(static_cast<std::int64_t>(loop_->all_tasks().size())));
    default: return ask_object(line, slot, id);
  }
}

Answer Player::ask_handle(const Line& line, Id& id) {
  const Named& named = named_[line.name];
  id = named.handle_id;
  if (line.step->verb == Verb::cancel) {
    if (named.handle) named.handle->cancel();
    return {};
  }
  bool has_deadline = named.handle && named.handle->when() != 0;
  return Answer::of(has_deadline ? Value::of_duration(since_start(named.handle->when())) : Value{});
}

Answer Player::ask_object(const Line& line, Slot slot, Id& id) {
  const Step& step = *line.step;
  Named& named = object(line.name);
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
    case Verb::set_exception:
      if (step.value.error == ErrorKind::cancelled) return {Answer::Kind::ignored, {}};
      return answer_of(future.try_set_exception(error_of(step.value.error)));
    case Verb::cancel_task:
    case Verb::cancel_future: return Answer::of(Value::of(future.cancel(message_of(step.value))));
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

Value Player::running_loop() const {
  AbstractLoop* running = AbstractLoop::get_running_loop();
  if (!running) return {};
  return Value::of(Name(running == loop_.get() ? "this" : "other"));
}

Value Player::current_task() const {
  reference::TaskBase* task = loop_->current_task();
  auto* played = dynamic_cast<PlayedTask*>(task);  // the loop has tasks of its own, too
  return played ? Value::of(played->name) : Value{};
}

}  // namespace cede
