// Asynchronous generators. A script that a generator plays, and all that it calls inline, can produce.
#include <map>

#include "adapters/player.h"
#include "reference/async_generator.h"

namespace cede {
namespace {

using reference::AsyncGenerator;
using reference::Coroutine;
using reference::Error;
using reference::GeneratorBase;
using reference::Outcome;
using reference::PromiseBase;

/// The innermost generator whose body awaits the frame in which this is said, or null; it does not suspend.
struct ThisGenerator {
  GeneratorBase* generator = nullptr;

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  bool await_suspend(std::coroutine_handle<Promise> self) noexcept {
    for (PromiseBase* frame = &self.promise(); frame && !generator; frame = frame->outer) generator = frame->generator;
    return false;
  }
  GeneratorBase* await_resume() const noexcept { return generator; }
};

/// Yields, and goes on with the error as a value.
struct Produced {
  GeneratorBase::Suspension suspension;

  bool await_ready() const noexcept { return false; }
  std::coroutine_handle<> await_suspend(std::coroutine_handle<> self) noexcept {
    return suspension.await_suspend(self);
  }
  Error await_resume() const { return suspension.settle(); }
};

class GeneratorsPlayer : public FamilyPlayer {
 public:
  using FamilyPlayer::FamilyPlayer;

  Answer ask(const Line& line, Event& event) override {
    if (line.step->verb != Verb::create_generator) return {Answer::Kind::ignored, {}};
    Id id = player_.next_id();
    event.id = event.made = id;
    if (auto before = generators_.find(line.name); before != generators_.end()) kept_.push_back(before->second);
    Object made{id, play(*line.script)};
    made.generator.base().tag = id;
    generators_.insert_or_assign(line.name, made);
    return {};
  }

  Coroutine<Value> await(const Line& line, Id frame) override {
    const Step& step = *line.step;
    if (step.verb == Verb::produce) co_return co_await produce(step, frame).settled();
    if (step.verb == Verb::shutdown_asyncgens) {
      player_.record(What::did, step, frame);
      auto shut = co_await reference::shutdown_asyncgens(player_.loop()).settled();
      co_return shut.ok() ? Outcome<Value>(Value{}) : shut.error();
    }
    auto found = generators_.find(line.name);
    if (found == generators_.end()) {
      player_.record(What::did, step, frame).answer.kind = Answer::Kind::ignored;
      co_return Value{};
    }
    Object asked = found->second;
    player_.record(What::did, step, frame, asked.id);
    if (!player_.count_start()) co_return Value{};
    if (step.verb == Verb::aclose) {
      Error error = co_await asked.generator.settled_aclose();
      co_return error ? Outcome<Value>(error) : Outcome<Value>(Value{});
    }
    Outcome<std::optional<Value>> next = co_await asked.generator.settled_next();
    if (!next.ok()) co_return next.error();
    co_return next.value() ? Outcome<Value>(*next.value()) : Outcome<Value>(error_of(ErrorKind::stop_iteration));
  }

  Id held(std::uint32_t name) const override {
    auto found = generators_.find(name);
    return found == generators_.end() ? 0 : found->second.id;
  }
  void drop(std::uint32_t name) override { generators_.erase(name); }

 private:
  struct Object {
    Id id;
    AsyncGenerator<Value> generator;
  };

  AsyncGenerator<Value> play(const Script& script) {
    Outcome<Value> outcome = co_await player_.play_coroutine(script).settled();
    if (!outcome.ok()) outcome.error().raise();
  }

  /// Outside of a generator there is nobody to hand a value to.
  Coroutine<Value> produce(const Step& step, Id frame) {
    GeneratorBase* generator = co_await ThisGenerator{};
    Event& event = player_.record(What::did, step, frame);
    if (!generator) {
      event.answer.kind = Answer::Kind::ignored;
      co_return Value{};
    }
    event.id = static_cast<Id>(generator->tag);
    Error error = co_await Produced{AsyncGenerator<Value>::yield_from(*generator, step.value)};
    co_return error ? Outcome<Value>(error) : Outcome<Value>(Value{});
  }

  std::map<std::uint32_t, Object> generators_;
  std::vector<Object> kept_;
};

}  // namespace

std::unique_ptr<FamilyPlayer> play_generators(Player& player) { return std::make_unique<GeneratorsPlayer>(player); }

}  // namespace cede
