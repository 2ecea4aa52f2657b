// How long things live, and what a loop tells of it: drop, destroy, runner, debug mode; and what much of
// the same costs.
#include <algorithm>
#include <csignal>

#include "adapters/player.h"
#include "adapters/storm.h"
#include "reference/runner.h"

namespace cede {
namespace {

using reference::Error;
using reference::Future;
using reference::Outcome;

/// While a runner goes on, an interrupt is nobody's but its.
struct DefaultInterrupt {
  DefaultInterrupt() {
    struct sigaction action{};
    action.sa_handler = SIG_DFL;
    sigaction(SIGINT, &action, &before);
  }
  ~DefaultInterrupt() { sigaction(SIGINT, &before, nullptr); }
  struct sigaction before;
};

class LifetimePlayer : public FamilyPlayer {
 public:
  using FamilyPlayer::FamilyPlayer;

  Answer ask(const Line& line, Event& event) override {
    const Step& step = *line.step;
    switch (step.verb) {
      case Verb::drop: return drop_name(line, event);
      case Verb::collect: return {};  // what is counted needs no collector
      case Verb::destroy: return destroy(line, event);
      case Verb::runner: return run(line, event);
      case Verb::set_debug: player_.loop().set_debug(step.value.number != 0); return {};
      case Verb::storm: return storm_of(step);
      default: return {Answer::Kind::ignored, {}};
    }
  }

 private:
  /// The reports of what goes stand behind the step.
  Answer drop_name(const Line& line, Event& event) {
    event.id = player_.held(line.name);
    player_.drop(line.name);
    return {};
  }

  Answer destroy(const Line& line, Event& event) {
    Named& named = player_.named(line.name);
    event.id = named.id;
    if (!named.coroutine) return {Answer::Kind::ignored, {}};
    reference::Ref<CoroutineObject> object = named.coroutine;
    return answer_of(object->driver.close());
  }

  Answer run(const Line& line, Event& event) {
    const Step& step = *line.step;
    const Id frame = event.frame;
    Id id = 0;
    std::optional<DefaultInterrupt> default_interrupt;
    if (interrupts()) {
      player_.family(Family::threads);  // which has to know what was before
      default_interrupt.emplace();
    }
    auto main = [&]() -> Future<Value> {
      player_.start_task(*line.script, id);
      return *player_.named(line.script->number).future;
    };
    Outcome<Value> outcome =
        player_.in_new_loop([&] { return reference::try_run(player_.loop(), main); });
    player_.record(What::got, step, frame, id).answer = answer_or_nothing(outcome);
    return {};
  }

  /// Whether the scenario ever raises the interrupt.
  bool interrupts() const {
    auto raises = [](const Line& line) {
      bool signal = line.step->verb == Verb::raise_signal || line.step->verb == Verb::send_signal;
      return signal && line.step->name == Name("int");
    };
    return std::ranges::any_of(player_.program().scripts(),
                               [&](const Script& script) { return std::ranges::any_of(script.lines, raises); });
  }

  Answer storm_of(const Step& step) {
    // A run within a run is refused, and what is left of the storm would be told of.
    if (reference::AbstractLoop::get_running_loop()) return {Answer::Kind::ignored, {}};
    if (!player_.count_start()) return {};
    auto cost = player_.without_observing([&] { return storm(step.name, player_.loop_maker()); });
    return cost ? Answer::of(Value::of(std::int64_t{*cost})) : Answer{Answer::Kind::ignored, {}};
  }
};

}  // namespace

std::unique_ptr<FamilyPlayer> play_lifetime(Player& player) { return std::make_unique<LifetimePlayer>(player); }

}  // namespace cede
