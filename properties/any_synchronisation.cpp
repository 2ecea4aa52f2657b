// Scenarios in which tasks meet at locks, events, conditions, semaphores and queues. Most of what can go
// wrong there needs several who wait and one who releases, cancels or comes late at the wrong moment.
#include "properties/bias.h"

namespace cede {
namespace {

constexpr Weight weights[] = {
    {Verb::acquire, 8}, {Verb::release, 8}, {Verb::locked, 2}, {Verb::with, 5},
    {Verb::create_semaphore, 2}, {Verb::create_bounded_semaphore, 2},
    {Verb::set_event, 4}, {Verb::clear_event, 2}, {Verb::is_set, 1}, {Verb::wait_event, 5},
    {Verb::create_condition, 2}, {Verb::wait_condition, 4}, {Verb::wait_condition_for, 2}, {Verb::notify, 3},
    {Verb::create_queue, 2}, {Verb::create_priority_queue, 1}, {Verb::create_lifo_queue, 1},
    {Verb::put, 5}, {Verb::get, 6}, {Verb::put_nowait, 3}, {Verb::get_nowait, 3}, {Verb::task_done, 2},
    {Verb::join, 2}, {Verb::qsize, 1}, {Verb::cancel_task, 4}, {Verb::create_task, 4},
};

constexpr Name lock("k"), semaphore("s"), event("i"), condition("z"), queue("x");

Name name(Random& random, const Step& step, Arg arg) {
  if (arg != Arg::thing) return {};
  switch (step.verb) {
    case Verb::acquire:
    case Verb::release:
    case Verb::locked:
    case Verb::with: {
      constexpr std::array lockable{lock, lock, semaphore, condition};
      return pick(random, lockable);
    }
    case Verb::create_semaphore:
    case Verb::create_bounded_semaphore: return semaphore;
    case Verb::set_event:
    case Verb::clear_event:
    case Verb::is_set:
    case Verb::wait_event: return event;
    case Verb::create_condition:
    case Verb::wait_condition:
    case Verb::wait_condition_for:
    case Verb::notify: return condition;
    default: return random.once_in(12) ? lock : queue;
  }
}

/// Tasks that wait, and a cause that wakes, cancels and comes late, in every order.
class Motif {
 public:
  Motif(Random& random, std::vector<Step>& steps)
      : random_(random), steps_(steps), waiters_(random.once_in(3) ? 2 : 3) {}

  void any() {
    switch (random_.below(16)) {
      case 0:
      case 1:
      case 2: return about_lock(lock);
      case 3:
      case 4:
      case 5:
      case 6: return about_semaphore();
      case 7:
      case 8: return about_event();
      case 9:
      case 10:
      case 11: return about_condition();
      default: return about_queue();
    }
  }

 private:
  static constexpr Name cause{"w"};  // the last of the task names

  void say(Name who, Verb verb, Name name = {}, Value value = {}) {
    steps_.push_back({.who = who, .verb = verb, .name = name, .value = value});
  }
  void with(Name who, Name lock, Name script) {
    steps_.push_back({.who = who, .verb = Verb::with, .name = lock, .script = script});
  }
  void yield(Name who, std::uint32_t times) {
    for (; times > 0; --times) say(who, Verb::yield);
  }
  Value number(std::uint32_t number) { return Value::of(std::int64_t{number}); }
  Name waiter() { return task_names[random_.below(waiters_)]; }

  /// Everybody begins, the cause first or last.
  void begin(bool first) {
    if (first) say(main_script, Verb::create_task, cause);
    for (std::uint32_t i = 0; i < waiters_; ++i) say(main_script, Verb::create_task, task_names[i]);
    if (!first) say(main_script, Verb::create_task, cause);
  }

  /// Of what the cause does, each once in a while: `act` says the rest.
  template <class Act>
  void interfere(Act act) {
    for (std::uint32_t left = 2 + random_.below(4); left > 0; --left) {
      switch (random_.below(6)) {
        case 0: say(cause, Verb::cancel_task, waiter()); break;
        case 1: yield(cause, 1 + random_.below(2)); break;
        case 2: say(cause, Verb::create_task, waiter()); break;
        default: act();
      }
    }
  }

  /// The gap between a waking and the turn of the first in line, who is cancelled or overtaken in it. Perhaps nobody is
  /// left in line then, and somebody comes late.
  template <class Wake, class Overtake>
  void wake_and(Wake wake, Overtake overtake) {
    yield(cause, 1);
    if (random_.once_in(4)) say(cause, Verb::cancel_task, task_names[1]);
    wake();
    switch (random_.below(9)) {
      case 0:
      case 1: overtake(); break;
      case 2: say(cause, Verb::cancel_task, waiter()); break;
      case 3:
      case 4: break;
      case 5:
      case 6:
        for (std::uint32_t i = 0; i < waiters_; ++i) say(cause, Verb::cancel_task, task_names[i]);
        break;
      default: say(cause, Verb::cancel_task, task_names[0]);
    }
    if (random_.once_in(3)) overtake();
    yield(cause, random_.below(3));
    if (random_.once_in(3)) overtake();
  }

  void hold(Name who, Name lock) {
    if (random_.once_in(3)) {
      with(who, lock, Name("p"));
      return;
    }
    say(who, Verb::acquire, lock);
    if (random_.once_in(2)) yield(who, 1);
    if (!random_.once_in(8)) say(who, Verb::release, lock);
    if (random_.once_in(4)) say(who, Verb::acquire, lock);
  }

  void about_lock(Name lock) {
    bool in_gap = !random_.once_in(4);
    begin(in_gap || random_.once_in(2));
    for (std::uint32_t i = 0; i < waiters_; ++i) hold(task_names[i], lock);
    if (random_.once_in(2)) yield(Name("p"), 1);
    if (random_.once_in(3)) say(Name("p"), Verb::raise, {}, Value::of(ErrorKind::key));
    if (lock != semaphore && (in_gap || random_.once_in(2))) say(cause, Verb::acquire, lock);
    if (in_gap)
      return wake_and([&] { say(cause, Verb::release, lock); }, [&] { say(cause, Verb::acquire, lock); });
    yield(cause, 1 + random_.below(2));
    interfere([&] {
      if (random_.once_in(6)) return say(cause, Verb::locked, lock);
      say(cause, random_.once_in(4) ? Verb::acquire : Verb::release, lock);
    });
  }

  void about_semaphore() {
    Verb verb = random_.once_in(3) ? Verb::create_bounded_semaphore : Verb::create_semaphore;
    say(main_script, verb, semaphore, random_.once_in(12) ? Value::of(std::int64_t{-1}) : number(random_.below(3)));
    if (random_.once_in(3)) waiters_ = 1;
    about_lock(semaphore);
  }

  void about_event() {
    begin(random_.once_in(2));
    for (std::uint32_t i = 0; i < waiters_; ++i) {
      say(task_names[i], Verb::wait_event, event);
      if (random_.once_in(4)) say(task_names[i], Verb::wait_event, event);
    }
    if (random_.once_in(2)) {
      yield(cause, 1);
      say(cause, Verb::set_event, event);
      say(cause, Verb::clear_event, event);
    }
    yield(cause, random_.below(3));
    interfere([&] {
      say(cause, random_.once_in(8) ? Verb::is_set : Verb::set_event, event);
      if (random_.once_in(2)) say(cause, Verb::clear_event, event);
    });
  }

  void about_condition() {
    say(main_script, Verb::create_condition, condition);
    begin(random_.once_in(2));
    bool predicate = random_.once_in(5);
    for (std::uint32_t i = 0; i < waiters_; ++i) with(task_names[i], condition, Name("p"));
    steps_.push_back({.who = Name("p"), .verb = predicate ? Verb::wait_condition_for : Verb::wait_condition,
                      .name = condition, .script = predicate ? Name("f") : Name()});
    if (random_.once_in(4)) yield(Name("p"), 1);
    yield(cause, 1 + random_.below(3));
    for (std::uint32_t rounds = 1 + random_.below(2); rounds > 0; --rounds) {
      bool held = !random_.once_in(8);
      if (held) say(cause, Verb::acquire, condition);
      if (predicate && random_.once_in(2)) say(cause, Verb::set_result, Name("f"));
      if (held && !random_.once_in(5)) {
        yield(cause, random_.below(2));
        say(cause, Verb::notify, condition, number(1));
        say(cause, Verb::cancel_task, random_.once_in(6) ? waiter() : task_names[0]);
        yield(cause, random_.below(3));
        say(cause, Verb::release, condition);
        return;
      }
      interfere([&] { say(cause, Verb::notify, condition, number(random_.below(4))); });
      if (held && !random_.once_in(8)) say(cause, Verb::release, condition);
      yield(cause, random_.below(3));
    }
  }

  void about_queue() {
    constexpr std::array kinds{Verb::create_queue, Verb::create_queue, Verb::create_priority_queue,
                               Verb::create_lifo_queue};
    say(main_script, kinds[random_.below(kinds.size())], queue, number(random_.below(3)));
    begin(random_.once_in(2));
    bool getters = !random_.once_in(3);  // else the waiters put
    for (std::uint32_t i = 0; i < waiters_; ++i)
      for (std::uint32_t times = 1 + random_.below(2); times > 0; --times)
        say(task_names[i], getters ? Verb::get : Verb::put, queue, getters ? Value{} : number(1 + random_.below(9)));
    if (!random_.once_in(4)) {
      wake_and([&] { meet(getters); }, [&] { meet(!getters); });
      if (random_.once_in(3)) say(cause, Verb::join, queue);
      return;
    }
    yield(cause, random_.below(3));
    interfere([&] {
      constexpr std::array others{Verb::qsize, Verb::task_done, Verb::join};
      if (random_.once_in(3)) return say(cause, others[random_.below(3)], queue);
      meet(getters != random_.once_in(4));
    });
  }

  void meet(bool puts) {
    Verb waits = puts ? Verb::put : Verb::get, refuses = puts ? Verb::put_nowait : Verb::get_nowait;
    say(cause, random_.once_in(4) ? waits : refuses, queue, puts ? number(1 + random_.below(9)) : Value{});
  }

  Random& random_;
  std::vector<Step>& steps_;
  std::uint32_t waiters_;
};

}  // namespace

Bias synchronisation_bias() {
  return {weights, name, [](Random& random, std::vector<Step>& steps) { Motif(random, steps).any(); }};
}

}  // namespace cede
