// What the verbs of cancellation mean beside cancel_task: uncancel and finally.
#include "adapters/player.h"

namespace cede {
namespace {

using reference::Coroutine;
using reference::Outcome;

class CancellationPlayer : public FamilyPlayer {
 public:
  using FamilyPlayer::FamilyPlayer;

  Answer ask(const Line& line, Event& event) override {
    Named& named = player_.object(line.name);
    event.id = named.id;
    if (!named.task) return {Answer::Kind::ignored, {}};
    return Answer::of(Value::of(std::int64_t{named.task->uncancel()}));
  }

  /// Whatever comes of the first script, the second is played behind it; what it raises counts. If the
  /// first is destroyed where it waits (LIFE-7), the second is played then and there, and cannot wait.
  Coroutine<Value> await(const Line& line, Id frame) override {
    player_.record(What::did, *line.step, frame);
    Outcome<Value> outcome(Value{});
    struct AtTheLatest {
      ~AtTheLatest() {
        if (left && player.count_start()) (void)player.play_callback(script);
      }
      Player& player;
      const Script& script;
      bool left = true;
    } cleanup{player_, player_.script(line.second)};
    if (player_.count_start()) outcome = co_await player_.play_coroutine(player_.script(line.name)).settled();
    cleanup.left = false;
    if (!player_.count_start()) co_return outcome;
    Outcome<Value> last = co_await player_.play_coroutine(player_.script(line.second)).settled();
    co_return last.ok() ? outcome : last;
  }
};

}  // namespace

std::unique_ptr<FamilyPlayer> play_cancellation(Player& player) {
  return std::make_unique<CancellationPlayer>(player);
}

}  // namespace cede
