// Waiting with a deadline, and groups: wait_for, timeout scopes, task groups. A scope goes by the name
// of the script that is its body; a name under which nothing was entered stands for a scope that is
// still to be entered.
#include "adapters/player.h"
#include "reference/task_group.h"
#include "reference/timeout.h"
#include "reference/wait_for.h"

namespace cede {
namespace {

using reference::Coroutine;
using reference::Error;
using reference::Outcome;
using reference::Ref;
using reference::TaskGroup;
using reference::Timeout;

class Scopes : public FamilyPlayer {
 public:
  explicit Scopes(Player& player) : FamilyPlayer(player), scopes_(player.program().scripts().size()) {}

  Answer ask(const Line& line, Event& event) override {
    const Step& step = *line.step;
    if (step.verb == Verb::create_task_in) return create_task(line, event);
    Scope& scope = timeout_scope(line.name);
    event.id = scope.timeout_id;
    if (step.verb == Verb::expired) return Answer::of(Value::of(scope.timeout->expired()));
    return answer_of(scope.timeout->try_reschedule(deadline_after(player_.loop(), step.time)));
  }

  Coroutine<Value> await(const Line& line, Id frame) override {
    switch (line.step->verb) {
      case Verb::wait_for: return wait_for(line, frame);
      case Verb::task_group: return task_group(line, frame);
      default: return timeout(line, frame);
    }
  }

 private:
  /// The newest scope and the newest group of one name.
  struct Scope {
    Id timeout_id = 0, group_id = 0;
    Ref<Timeout> timeout;
    Ref<TaskGroup> group;
  };

  Scope& timeout_scope(std::uint32_t name) {
    Scope& scope = scopes_[name];
    if (!scope.timeout) make_timeout(scope, forever);
    return scope;
  }
  void make_timeout(Scope& scope, Nanos delay) {
    scope.timeout_id = player_.next_id();
    scope.timeout = new Timeout(player_.loop(), deadline_after(player_.loop(), delay));
  }

  Coroutine<Value> timeout(const Line& line, Id frame) {
    const Step& step = *line.step;
    if (step.verb == Verb::timeout) make_timeout(scopes_[line.name], step.time);
    Scope& scope = timeout_scope(line.name);
    player_.record(What::did, step, frame, scope.timeout_id);
    if (!player_.count_start()) co_return Value{};
    co_return co_await within(scope.timeout, player_.play_coroutine(*line.script)).settled();
  }

  Coroutine<Value> wait_for(const Line& line, Id frame) {
    const Step& step = *line.step;
    Named& named = player_.object(line.name);
    player_.record(What::did, step, frame, named.id);
    auto& loop = player_.loop();
    if (named.future) co_return co_await reference::wait_for(loop, *named.future, step.time).settled();
    if (reference::manners().wait_for_has_a_task && step.time > 0 && step.time != forever) {
      auto state = player_.make_task(body_of(named.coroutine), player_.script(line.name).name, named.id);
      state->begin();
      co_return co_await reference::wait_for(loop, reference::Task<Value>(state), step.time).settled();
    }
    co_return co_await reference::wait_for(loop, body_of(named.coroutine), step.time).settled();
  }
  Coroutine<Value> body_of(Ref<CoroutineObject> object) {
    if (!player_.count_start()) co_return Value{};
    co_return co_await object->body.settled();
  }

  Coroutine<Value> task_group(const Line& line, Id frame) {
    Scope& scope = scopes_[line.name];
    scope.group_id = player_.next_id();
    scope.group = new TaskGroup(player_.loop());
    player_.record(What::did, *line.step, frame, scope.group_id);
    if (!player_.count_start()) co_return Value{};
    Outcome<Value> outcome = co_await within(scope.group, player_.play_coroutine(*line.script)).settled();
    if (outcome.error().kind() == Error::Kind::group)
      for (const Error& member : outcome.error().members()) player_.add_item(answer_of(member));
    co_return outcome;
  }

  Answer create_task(const Line& line, Event& event) {
    Scope& scope = scopes_[line.name];
    if (!scope.group) scope.group = new TaskGroup(player_.loop());
    Ref<TaskGroup> group = scope.group;
    Error refusal = group->refusal_to_add();
    if (refusal || player_.loop().is_closed()) return Answer::raised(ErrorKind::runtime);
    Id id = event.id = player_.next_id();  // first, since a loop that starts tasks eagerly runs scripts right away
    auto state = player_.make_task(*line.script, id);
    state->begin();
    player_.name_object(player_.named(line.script->number), id, reference::Task<Value>(state), state.get(), {});
    group->add(Ref<reference::FutureBase>(state));
    return {};
  }

  std::vector<Scope> scopes_;  // by the number of the name
};

}  // namespace

std::unique_ptr<FamilyPlayer> play_scopes(Player& player) { return std::make_unique<Scopes>(player); }

}  // namespace cede
