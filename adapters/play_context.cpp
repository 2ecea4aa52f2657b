// What the verbs about context variables mean.
#include <deque>

#include "adapters/player.h"
#include "reference/context.h"

namespace cede {
namespace {

class Contexts : public FamilyPlayer {
 public:
  explicit Contexts(Player& player) : FamilyPlayer(player), variables_(player.program().scripts().size()) {}

  Answer ask(const Line& line, Event&) override {
    reference::ContextVar<Value>& variable = variables_[line.name];
    if (line.step->verb == Verb::get_var) return Answer::of(variable.get().value_or(Value{}));
    variable.set(line.step->value);
    return {};
  }

 private:
  reference::Context outer_;
  reference::Context::Scope scope_{outer_};  // what a play sets outside of all jobs ends with it
  std::deque<reference::ContextVar<Value>> variables_;  // by the number of the name
};

}  // namespace

std::unique_ptr<FamilyPlayer> play_context(Player& player) { return std::make_unique<Contexts>(player); }

}  // namespace cede
