// Locks, semaphores, events, conditions and queues, by their names. A name under which nothing was made
// is a lock for those who acquire it, and an event for those who wait for it.
#include <list>
#include <variant>

#include "adapters/player.h"
#include "reference/condition.h"
#include "reference/queue.h"
#include "reference/semaphore.h"

namespace cede {
namespace {

using reference::BoundedSemaphore;
using reference::Condition;
using reference::Coroutine;
using reference::LifoQueue;
using reference::Lock;
using reference::PriorityQueue;
using reference::Queue;
using reference::QueueBase;
using reference::Semaphore;

using Thing = std::variant<std::monostate, Lock, Semaphore, BoundedSemaphore, reference::Event, Condition, Queue<Value>,
                           PriorityQueue<Value>, LifoQueue<Value>>;

template <class T>
concept Lockable = requires(T& thing) { thing.acquire(); };
template <class T>
concept AnyQueue = std::derived_from<T, QueueBase>;

/// What waits without a value has none in the trace.
Coroutine<Value> without_value(Coroutine<bool> wait) {
  auto waited = co_await wait.settled();
  if (!waited.ok()) co_return waited.error();
  co_return Value{};
}
Coroutine<Value> truth(Coroutine<bool> wait) {
  auto waited = co_await wait.settled();
  if (!waited.ok()) co_return waited.error();
  co_return Value::of(waited.value());
}

class Synchronisation : public FamilyPlayer {
 public:
  explicit Synchronisation(Player& player) : FamilyPlayer(player), named_(player.program().scripts().size()) {}

  Answer ask(const Line& line, cede::Event& event) override {
    const Step& step = *line.step;
    std::int64_t number = step.value.number;
    std::size_t capacity = number > 0 ? number : 0;
    switch (step.verb) {
      case Verb::create_semaphore: return make_semaphore<Semaphore>(line, event);
      case Verb::create_bounded_semaphore: return make_semaphore<BoundedSemaphore>(line, event);
      case Verb::create_condition: make<Condition>(line, event); return {};
      case Verb::create_queue: make<Queue<Value>>(line, event, capacity); return {};
      case Verb::create_priority_queue: make<PriorityQueue<Value>>(line, event, capacity); return {};
      case Verb::create_lifo_queue: make<LifoQueue<Value>>(line, event, capacity); return {};
      default: break;
    }
    const Named& named = thing_of(line);
    event.id = named.id;
    return std::visit([&](auto& thing) { return ask(thing, step); }, *named.thing);
  }

  Coroutine<Value> await(const Line& line, Id frame) override {
    const Named& named = thing_of(line);
    return std::visit([&](auto& thing) { return await(thing, named.id, line, frame); }, *named.thing);
  }

 private:
  struct Named {
    Id id = 0;
    Thing* thing = nullptr;
  };

  /// What the name meant before lives on: there may be some who wait for it.
  template <class T, class... Args>
  void make(const Line& line, cede::Event& event, Args... args) {
    Thing& made = things_.emplace_back();
    made.emplace<T>(player_.loop(), args...);
    named_[line.name] = {event.id = player_.next_id(), &made};
  }

  template <class T>
  Answer make_semaphore(const Line& line, cede::Event& event) try {
    make<T>(line, event, line.step->value.number);
    return {};
  } catch (const reference::ValueError&) {
    return Answer::raised(ErrorKind::value);
  }

  const Named& thing_of(const Line& line) {
    static Thing nothing;
    static const Named nobody{0, &nothing};
    cede::Event unseen;
    if (named_[line.name].id) return named_[line.name];
    switch (line.step->verb) {
      case Verb::acquire:
      case Verb::release:
      case Verb::locked:
      case Verb::with: make<Lock>(line, unseen); break;
      case Verb::set_event:
      case Verb::clear_event:
      case Verb::is_set:
      case Verb::wait_event: make<reference::Event>(line, unseen); break;
      default: return nobody;
    }
    return named_[line.name];
  }

  // What is answered at once.

  template <class T>
  Answer ask(T& thing, const Step& step) {
    if constexpr (Lockable<T>) {
      if (step.verb == Verb::release) return answer_of(thing.try_release());
      if (step.verb == Verb::locked) return Answer::of(Value::of(thing.locked()));
    }
    if constexpr (std::same_as<T, Condition>) {
      std::int64_t count = std::max<std::int64_t>(step.value.number, 0);
      if (step.verb == Verb::notify) return answer_of(thing.try_notify(count));
    }
    if constexpr (std::same_as<T, reference::Event>) {
      if (step.verb == Verb::set_event) return thing.set(), Answer{};
      if (step.verb == Verb::clear_event) return thing.clear(), Answer{};
      if (step.verb == Verb::is_set) return Answer::of(Value::of(thing.is_set()));
    }
    if constexpr (AnyQueue<T>) return ask_queue(thing, step);
    return {Answer::Kind::ignored, {}};
  }

  template <class Q>
  Answer ask_queue(Q& queue, const Step& step) {
    switch (step.verb) {
      case Verb::put_nowait: return queue.try_put(step.value) ? Answer{} : Answer::raised(ErrorKind::full);
      case Verb::get_nowait: {
        auto item = queue.try_get();
        return item ? answer_or_nothing(*item) : Answer::raised(ErrorKind::empty);
      }
      case Verb::task_done: return answer_of(queue.try_task_done());
      case Verb::qsize: return Answer::of(Value::of(static_cast<std::int64_t>(queue.qsize())));
      default: return {Answer::Kind::ignored, {}};
    }
  }

  // What may suspend.

  template <class T>
  Coroutine<Value> await(T& thing, Id id, const Line& line, Id frame) {
    const Step& step = *line.step;
    if constexpr (Lockable<T>) {
      if (step.verb == Verb::acquire) return asked(id, line, frame), without_value(thing.acquire());
      if (step.verb == Verb::with) return asked(id, line, frame), hold(thing, id, line, frame);
    }
    if constexpr (std::same_as<T, reference::Event>)
      if (step.verb == Verb::wait_event) return asked(id, line, frame), without_value(thing.wait());
    if constexpr (std::same_as<T, Condition>) {
      if (step.verb == Verb::wait_condition) return asked(id, line, frame), without_value(thing.wait());
      if (step.verb == Verb::wait_condition_for) return wait_until_done(thing, id, line, frame);
    }
    if constexpr (AnyQueue<T>) {
      if (step.verb == Verb::put) return asked(id, line, frame), without_value(thing.put(step.value));
      if (step.verb == Verb::get) return asked(id, line, frame), thing.get();
      if (step.verb == Verb::join) return asked(id, line, frame), without_value(thing.join());
    }
    return FamilyPlayer::await(line, frame);
  }

  cede::Event& asked(Id id, const Line& line, Id frame) { return player_.record(What::did, *line.step, frame, id); }

  /// The event names the future too, as what it made.
  Coroutine<Value> wait_until_done(Condition& condition, Id id, const Line& line, Id frame) {
    cede::Named& object = player_.object(line.second);
    if (!object.future) return FamilyPlayer::await(line, frame);
    asked(id, line, frame).made = object.id;
    return truth(condition.wait_for([future = *object.future] { return future.done(); }));
  }

  /// The lock's answer stands before the script's steps; behind them nothing tells of its release.
  template <class T>
  Coroutine<Value> hold(T& lock, Id id, const Line& line, Id frame) {
    bool held = false;
    auto outcome = co_await reference::with(lock, scope(id, line, frame, held)).settled();
    if (!held) player_.record(What::got, *line.step, frame, id).answer = answer_of(outcome.error());
    co_return outcome;
  }

  Coroutine<Value> scope(Id id, const Line& line, Id frame, bool& held) {
    held = true;
    player_.record(What::got, *line.step, frame, id);
    if (!player_.count_start()) co_return Value{};
    co_return co_await player_.play_coroutine(*line.script).settled();
  }

  std::vector<Named> named_;  // by the number of the name
  std::list<Thing> things_;
};

}  // namespace

std::unique_ptr<FamilyPlayer> play_synchronisation(Player& player) {
  return std::make_unique<Synchronisation>(player);
}

}  // namespace cede
