// What the verbs of waiting for many mean: gather, wait, shield, as_completed.
#include <algorithm>

#include "adapters/player.h"
#include "reference/as_completed.h"
#include "reference/gather.h"
#include "reference/shield.h"
#include "reference/wait.h"

namespace cede {
namespace {

using reference::Coroutine;
using reference::Error;
using reference::Exceptions;
using reference::Future;
using reference::Outcome;
using reference::Ref;
using reference::ReturnWhen;

using Futures = std::vector<Future<Value>>;
using List = std::shared_ptr<std::vector<Answer>>;

/// A gather whose list lies where an await of its name finds it; its own result is no value.
class PlayedGather : public reference::GatherBase, public reference::Result<Value> {
 public:
  PlayedGather(reference::AbstractLoop& loop, Futures futures, Exceptions exceptions, List list)
      : GatherBase(loop, bases_of(futures), exceptions), futures_(std::move(futures)), list_(std::move(list)) {
    value.emplace();
  }

 private:
  void take(std::size_t number) override { list_->push_back(answer_of(futures_[number].outcome())); }

  Futures futures_;
  List list_;
};

ReturnWhen return_when(Verb verb) {
  switch (verb) {
    case Verb::wait_first_completed: return ReturnWhen::first_completed;
    case Verb::wait_first_exception: return ReturnWhen::first_exception;
    default: return ReturnWhen::all_completed;
  }
}

class Combinators : public FamilyPlayer {
 public:
  using FamilyPlayer::FamilyPlayer;

  Answer ask(const Line& line, Event& event) override {
    Id id = event.id = player_.next_id(), frame = event.frame;
    return line.step->verb == Verb::shield ? ask_shield(line, id, frame) : ask_gather(line, id, frame);
  }

  Coroutine<Value> await(const Line& line, Id frame) override {
    return line.step->verb == Verb::as_completed ? take_as_completed(line, frame) : wait(line, frame);
  }

 private:
  Answer ask_gather(const Line& line, Id id, Id frame) {
    auto sources = sources_of(behind_the_first(line), line.step->who, frame);
    if (!sources) return Answer::raised(ErrorKind::runtime);
    auto exceptions = line.step->verb == Verb::gather ? Exceptions::raise : Exceptions::collect;
    auto list = std::make_shared<std::vector<Answer>>();
    Ref<PlayedGather> gather(new PlayedGather(player_.loop(), sources->futures, exceptions, list));
    gather->begin();
    Named& named = player_.named(line.name);
    player_.name_object(named, id, Future<Value>(gather), nullptr, {});
    named.list = list;
    player_.tell_among(sources->ids);
    return {};
  }

  Answer ask_shield(const Line& line, Id id, Id frame) {
    auto sources = sources_of({line.second}, line.step->who, frame);
    if (!sources) return Answer::raised(ErrorKind::runtime);
    player_.name_object(player_.named(line.name), id, reference::shield(sources->futures[0]), nullptr, {});
    player_.tell_among(sources->ids);
    return {};
  }

  /// Bare coroutine objects are no business of wait's.
  Coroutine<Value> wait(const Line& line, Id frame) {
    const Step& step = *line.step;
    std::vector<std::uint32_t> names = all_names(line);
    auto is_coroutine = [&](std::uint32_t name) { return bool(player_.object(name).coroutine); };
    if (std::ranges::any_of(names, is_coroutine)) return FamilyPlayer::await(line, frame);
    Sources sources = *sources_of(names, step.who, frame);
    player_.record(What::did, step, frame).among = sources.ids;
    return wait(sources.futures, std::move(names), return_when(step.verb), step.time);
  }

  Coroutine<Value> wait(Futures futures, std::vector<std::uint32_t> names, ReturnWhen when, Nanos timeout) {
    auto waiting = reference::wait(player_.loop(), futures, when, timeout);
    auto waited = co_await waiting.settled();
    if (!waited.ok()) co_return waited.error();
    for (const Future<Value>& done : waited.value().done) {
      auto place = std::ranges::find(futures, done.base(), &Future<Value>::base) - futures.begin();
      player_.add_item(Answer::of(Value::of(player_.script(names[place]).name)));
    }
    co_return Value{};
  }

  Coroutine<Value> take_as_completed(const Line& line, Id frame) {
    const Step& step = *line.step;
    auto sources = sources_of(all_names(line), step.who, frame);
    player_.record(What::did, step, frame).among = sources ? sources->ids : std::array<Id, 3>{};
    if (!sources) co_return Error(Error::Kind::runtime);
    reference::AsCompleted<Value> outcomes(player_.loop(), sources->futures, step.time);
    while (outcomes.left() > 0) {
      auto next = outcomes.next();
      auto done = co_await next.settled();
      if (!done.ok() && done.error().kind() != Error::Kind::timeout) co_return done.error();
      player_.record(What::item, step, frame).answer =
          done.ok() ? answer_of(done.value().outcome()) : answer_of(done.error());
    }
    co_return Value{};
  }

  // Names.

  static std::vector<std::uint32_t> behind_the_first(const Line& line) {
    std::vector<std::uint32_t> names;
    if (line.step->script) names.push_back(line.second);
    if (line.step->other) names.push_back(line.third);
    return names;
  }
  static std::vector<std::uint32_t> all_names(const Line& line) {
    std::vector<std::uint32_t> names = behind_the_first(line);
    if (line.step->name) names.insert(names.begin(), line.name);
    return names;
  }

  struct Sources {
    Futures futures;
    std::array<Id, 3> ids{};
  };

  /// None when the loop is closed and there are coroutine objects among them.
  std::optional<Sources> sources_of(const std::vector<std::uint32_t>& names, Name who, Id frame) {
    Sources sources;
    for (std::uint32_t name : names) {
      auto future = player_.ensure_future(name, who, frame);
      if (!future) return {};
      sources.ids[sources.futures.size()] = player_.named(name).id;
      sources.futures.push_back(*future);
    }
    return sources;
  }
};

}  // namespace

std::unique_ptr<FamilyPlayer> play_combinators(Player& player) { return std::make_unique<Combinators>(player); }

}  // namespace cede
