// How a play goes: what is written down, how jobs and scripts are run, what the core's waits mean.
#include "adapters/baton.h"
#include "adapters/player.h"

#include <algorithm>

#include "reference/run.h"

namespace cede {

using reference::AbstractLoop;
using reference::Coroutine;
using reference::Error;
using reference::Future;
using reference::Outcome;
using reference::Ref;

void Player::play() {
  world_.begin(*this);
  world_.expect_nothing_yet();
  loop_ = make_(world_, adapter_);
  start_ = loop_->time();
  if (make_tasks_) player_of(Family::core) = make_tasks_(*this);
  listen_to_errors(*loop_);
  reference::never_awaited_handler = [this] { hear_of_never_awaited(); };
  try {
    play_main();
  } catch (const Stuck&) {
    // The loop could not be ended; what it did until here stands.
  }
  observing_ = false;  // what a loop does to clear itself away is nobody's business
  world_.end();
  for (auto& family : families_) family.reset();
  named_.clear();
  kept_.clear();
  other_loops_.clear();
  loop_.reset();
  reference::never_awaited_handler = {};
}

Event& Player::record(What what) {
  static thread_local Event nobody_sees;
  if (!observing_) return nobody_sees;
  Event& event = trace_.events.emplace_back();
  event.what = what;
  event.at = world_.elapsed();
  event.job = job_;
  event.thread = Baton::thread();
  return event;
}

Event& Player::record(What what, const Step& step, Id frame, Id id) {
  Event& event = record(what);
  event.step = step;
  event.frame = frame;
  event.id = id;
  if (step.time > 0 && step.time < forever / 4) world_.expect_until(world_.now() + step.time);
  return event;
}

void Player::on_poll(Nanos timeout) {
  record(What::poll).time = timeout;
  if (over_) loop_->stop();  // a descriptor that stays ready would keep it busy
}

void Player::on_rest() {
  record(What::rest);
  loop_->try_call_soon_threadsafe([this] { loop_->stop(); });
}

void Player::on_long_wait() {
  fall_silent();
  loop_->try_call_soon_threadsafe([this] { loop_->stop(); });
}

void Player::on_stuck() {
  record(What::stuck);
  observing_ = false;
  over_ = true;
  loop_->stop();
}

bool Player::count_start() {
  if (observing_ && starts_++ >= limit_) fall_silent();
  return observing_;
}

void Player::fall_silent() {
  record(What::silent);
  observing_ = false;
  over_ = true;
}

Error Player::call_back(const Script& script, Id id) {
  if (!count_start()) return {};
  Job job(*this, script.name, id);
  return play_callback(script);
}

Error Player::PlayedTask::step() {
  if (!player.count_start()) return TaskState::step();
  Job job(player, name, id);
  return TaskState::step();
}

void Player::listen_to_errors(AbstractLoop& loop) {
  loop.set_exception_handler([this](const reference::Report& report) -> Error {
    hear(report);
    bool for_scripts = error_script_ && report.about != reference::Report::About::slow_callback;
    return for_scripts && count_start() ? play_callback(*error_script_) : Error{};
  });
}

void Player::hear(const reference::Report& report) {
  bool slow = report.about == reference::Report::About::slow_callback;
  std::uint64_t tag = report.future ? report.future->tag : report.handle ? report.handle->tag : 0;
  Event& event = record(slow ? What::warning : What::error);
  event.id = slow ? last_job_ : static_cast<Id>(tag);
  if (slow) event.step.who = last_job_name_;
  else if (tag) event.step.who = script(static_cast<std::uint32_t>(tag >> 32)).name;
  event.step.name = word_of(report.about);
  event.answer = Answer::of(slow ? Value::of(event.step.name) : Value::of(kind_of(report.error)));
}

/// Of a coroutine that a script has made; the player's own, such as of a `with` that is cancelled first, are none.
void Player::hear_of_never_awaited() {
  if (!CoroutineObject::going) return;
  Event& event = record(What::warning);
  event.answer = Answer::of(Value::of(Name("never_awaited")));
  event.id = CoroutineObject::going->id;
  event.step.who = CoroutineObject::going->name;
}

Named& Player::object(std::uint32_t number) {
  Named& named = named_[number];
  return named.id ? named : make_future(named);
}

Named& Player::make_future(Named& named) {
  name_object(named, ++ids_, Future<Value>(*loop_), nullptr, {});
  return named;
}

Ref<reference::TaskState<Value>> Player::make_task(const Script& script, Id id) {
  return Ref<reference::TaskState<Value>>(new PlayedTask(*this, script, id));
}

Ref<reference::TaskState<Value>> Player::make_task(reference::Coroutine<Value> coroutine, Name name, Id id) {
  return Ref<reference::TaskState<Value>>(new PlayedTask(*this, std::move(coroutine), name, id));
}

bool Player::start_task(const Script& script, Id& id) {
  id = next_id();  // first, since a loop that starts tasks eagerly runs scripts right away
  auto state = make_task(script, id);
  if (!state->begin()) return false;
  name_object(named_[script.number], id, reference::Task<Value>(state), state.get(), {});
  return true;
}

std::optional<Future<Value>> Player::ensure_future(std::uint32_t number, Name who, Id frame) {
  Named& named = object(number);
  if (!named.coroutine) return named.future;
  Name name = script(number).name;
  Id id = next_id();
  Ref<reference::TaskState<Value>> state(new PlayedTask(*this, play_object(named.coroutine, name), name, id));
  std::size_t asked = trace_.events.size();
  record(What::did, {.who = who, .verb = Verb::create_task, .name = name}, frame, id);
  if (!state->begin()) {
    if (!observing_) return {};
    trace_.events[asked].id = 0;
    trace_.events[asked].answer = Answer::raised(ErrorKind::runtime);
    return {};
  }
  name_object(named, id, reference::Task<Value>(state), state.get(), {});
  return named.future;
}

/// What a task does that wraps a coroutine object. It fails if somebody has started that before.
Coroutine<Value> Player::play_object(Ref<CoroutineObject> object, Name name) {
  if (object->body.started()) {
    Event& end = record(What::end);
    end.step.who = name;
    end.frame = ++frames_;
    end.answer = Answer::raised(ErrorKind::runtime);
  }
  co_return co_await object->body.settled();
}

void Player::name_object(Named& named, Id id, std::optional<Future<Value>> future, reference::TaskBase* task,
                         Ref<CoroutineObject> coroutine) {
  if (named.id) kept_.push_back(named);
  if (future) future->base()->tag = tag_of(script(static_cast<std::uint32_t>(&named - named_.data())), id);
  named.id = id;
  named.future = std::move(future);
  named.task = task;
  named.coroutine = std::move(coroutine);
  named.list = {};
}

Id Player::held(std::uint32_t number) const {
  Id id = named_[number].id;
  for (auto& family : families_)
    if (family && !id) id = family->held(number);
  return id;
}

void Player::drop(std::uint32_t number) {
  for (auto& family : families_)
    if (family) family->drop(number);
  Named& named = named_[number];
  Named gone = std::exchange(named, {});  // to the end of this call: what is told as it goes can concern the name
  named.handle_id = gone.handle_id;
  named.handle = gone.handle;
}

bool Player::unsupported(Verb verb) const {
  return std::ranges::any_of(adapter_.unsupported, [&](const Unsupported& u) { return u.verb == verb; });
}

void Player::play_main() {
  Id frame = ++frames_;
  for (const Line& line : program_.main().lines) {
    if (!observing_) return;
    if (leaves(line, frame)) break;
    act(line, frame);
  }
  if (loop_->is_closed() || !observing_) return;
  static const Step run{.who = main_script, .verb = Verb::run};
  static const Step close{.who = main_script, .verb = Verb::close};
  act_run({.step = &run}, frame);
  if (!unsupported(Verb::close)) act({.step = &close}, frame);
}

Error Player::play_callback(const Script& script) {
  Id frame = ++frames_;
  for (const Line& line : script.lines) {
    if (!observing_) return {};
    if (leaves(line, frame)) return line.step->verb == Verb::raise ? error_of(line.step->value.error) : Error{};
    act(line, frame);
  }
  return {};
}

bool Player::leaves(const Line& line, Id frame) {
  const Step& step = *line.step;
  if (step.verb != Verb::raise && step.verb != Verb::return_) return false;
  record(What::did, step, frame);
  return true;
}

Coroutine<Value> Player::play_coroutine(const Script& script) {
  Id frame = ++frames_;
  Ending ending(*this, script.name, frame);
  Outcome<Value> outcome(Value{});
  for (const Line& line : script.lines) {
    const Step& step = *line.step;
    if (!observing_) break;
    if (leaves(line, frame)) {
      if (step.verb == Verb::raise) outcome = error_of(step.value.error);
      else outcome = step.value;
      break;
    }
    if (row(step.verb).speaker != Speaker::coroutine || unsupported(step.verb)) {
      act(line, frame);
      continue;
    }
    switch (step.verb) {
      case Verb::call:
      case Verb::catch_:
      case Verb::repeat: outcome = co_await play_block(line, frame).settled(); break;
      case Verb::await:
      case Verb::yield:
      case Verb::sleep: outcome = co_await suspend(line, frame).settled(); break;
      default: outcome = co_await family(row(step.verb).family).await(line, frame).settled(); break;
    }
    bool told = step.verb == Verb::with;  // before its script began
    if (answers_later(step.verb) && !told) record(What::got, step, frame).answer = answer_or_nothing(outcome);
    for (const Answer& item : std::exchange(items_, {})) record(What::item, step, frame).answer = item;
    if (!outcome.ok()) break;
  }
  ending.end(outcome);
  co_return outcome;
}

/// What can end a step of the task: await, yield, sleep.
Coroutine<Value> Player::suspend(const Line& line, Id frame) {
  const Step& step = *line.step;
  if (step.verb == Verb::await) {
    Named& named = object(line.name);
    record(What::did, step, frame, named.id);
    if (!named.coroutine) {
      auto list = named.list;
      Outcome<Value> outcome = co_await named.future->settled();
      if (list && outcome.ok()) items_ = *list;
      co_return outcome;
    }
    auto coroutine = named.coroutine;
    if (!count_start()) co_return Value{};
    co_return co_await coroutine->body.settled();
  }
  record(What::did, step, frame);
  if (step.verb == Verb::yield) {
    reference::SettledYield bare{{number_in(step.value)}};
    co_return value_of(co_await bare);
  }
  auto slept = co_await reference::sleep(*loop_, step.time).settled();
  co_return slept.ok() ? Outcome<Value>(step.value) : slept.error();
}

/// What runs a script inline: call, catch, repeat.
Coroutine<Value> Player::play_block(const Line& line, Id frame) {
  const Step& step = *line.step;
  Outcome<Value> outcome(Value{});
  record(What::did, step, frame);
  std::int64_t times = step.verb == Verb::repeat ? step.value.number : 1;
  for (; times > 0 && outcome.ok() && count_start(); --times)
    outcome = co_await play_coroutine(*line.script).settled();
  bool caught = step.verb == Verb::catch_ && !outcome.ok() && catches(step.value.error, kind_of(outcome.error()));
  co_return caught ? Outcome<Value>(Value{}) : outcome;
}

FamilyPlayer& Player::family(Family family) {
  auto& player = player_of(family);
  if (!player) {
    MakeFamily make = families[static_cast<std::size_t>(family)];
    player = make ? make(*this) : std::make_unique<FamilyPlayer>(*this);
  }
  return *player;
}

FamilyPlayer* Player::family_of(Verb verb) {
  if (row(verb).family != Family::core) return &family(row(verb).family);
  bool of_tasks = verb >= Verb::create_future && verb <= Verb::get_awaiter;
  return of_tasks ? player_of(Family::core).get() : nullptr;
}

Answer FamilyPlayer::ask(const Line&, Event&) { return {Answer::Kind::ignored, {}}; }

Coroutine<Value> FamilyPlayer::await(const Line& line, Id frame) {
  player_.record(What::did, *line.step, frame).answer.kind = Answer::Kind::ignored;
  co_return Value{};
}

const std::array<MakeFamily, families_count> families{
    nullptr,  // core
    play_cancellation,
    play_combinators,
    play_scopes,
    play_synchronisation,
    play_readiness,
    play_threads,
    play_lifetime,
    play_generators,
    play_context,
};

Nanos Player::moment(Nanos since_start) const {
  Nanos moment = 0;
  return __builtin_add_overflow(start_, since_start, &moment) ? forever : moment;
}

Nanos Player::since_start(Nanos time) const {
  Nanos since = 0;
  if (time == forever) return forever;
  return __builtin_sub_overflow(time, start_, &since) ? INT64_MIN : since;
}

void play(const Scenario& scenario, const Adapter& adapter, MakeLoop make, World& world, Trace& trace,
          MakeFamily tasks) {
  trace.clear();
  trace.resolution = adapter.resolution;
  trace.exact_order = adapter.exact_order;
  trace.promises = adapter.promises;
  static thread_local Program program;
  program.read(scenario);
  Player(program, adapter, make, world, trace, tasks).play();
}

}  // namespace cede
