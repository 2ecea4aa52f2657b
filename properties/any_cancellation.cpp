// How the generator says what chapter 5 is about: a task that waits for something, somebody who asks it to
// cancel, perhaps again, and somebody who asks afterwards what has become of it.
#include "properties/bias.h"

namespace cede {
namespace {

constexpr Weight weights[] = {
    {Verb::cancel_task, 20}, {Verb::cancelling, 8}, {Verb::uncancel, 6}, {Verb::finally_, 8}, {Verb::catch_, 8},
    {Verb::call, 6},         {Verb::await, 14},     {Verb::yield, 8},    {Verb::sleep, 6},    {Verb::set_result, 5},
    {Verb::cancelled, 4},    {Verb::result, 4},     {Verb::done, 3},     {Verb::raise, 3},    {Verb::create_task, 12},
};

constexpr Name task{"t"}, inner{"u"}, other{"v"}, block{"p"}, cleanup{"q"}, canceller{"a"}, again{"b"}, asker{"d"};
constexpr Name future{"f"}, later{"g"};

Value any_message(Random& random) {
  return random.once_in(3) ? Value{} : Value::of(std::int64_t{1 + random.below(9)});
}

/// A few lines of a story, each by somebody.
class Story {
 public:
  Story(Random& random, std::vector<Step>& steps) : random_(random), steps_(steps) {}

  void tell() {
    if (random_.once_in(7)) return circle();
    if (random_.once_in(7)) return hurry();
    Name waits = wrapped();
    if (random_.once_in(8)) say({task, Verb::create_task, other});
    suspend(waits);
    if (waits != task && random_.once_in(2)) clean_up(task);
    if (!random_.once_in(3)) leave(task);
    if (!random_.once_in(5)) share();
    ask();
    ask_afterwards();
  }

 private:
  void say(const Step& step) { steps_.push_back(step); }
  bool maybe() { return random_.once_in(2); }

  void ask_afterwards() {
    say({main_script, Verb::call_later, asker, {}, {}, 50 * millisecond});
    for (Verb question : {Verb::cancelled, Verb::result, Verb::cancelling})
      if (maybe()) say({asker, question, random_.once_in(4) ? future : random_.once_in(4) ? inner : task});
  }

  void circle() {
    say({main_script, Verb::create_task, task});
    say({main_script, Verb::create_task, inner});
    say({task, Verb::await, inner});
    say({inner, Verb::await, maybe() ? task : other});
    say({other, Verb::await, maybe() ? task : inner});
    if (maybe()) say({main_script, Verb::create_task, other});
    say({main_script, Verb::call_soon, canceller});
    say({.who = canceller, .verb = Verb::cancel_task, .name = task, .value = any_message(random_)});
  }

  /// A task that is over before the request to itself can be raised.
  void hurry() {
    say({main_script, Verb::create_task, task});
    if (maybe()) say({task, Verb::yield});
    say({.who = task, .verb = Verb::cancel_task, .name = task, .value = any_message(random_)});
    leave(task);
    if (maybe()) share();
    ask_afterwards();
  }

  /// The script in which the task waits: its own, or a block of it.
  Name wrapped() {
    say({main_script, Verb::create_task, inner});
    say({main_script, Verb::create_task, task});
    if (random_.once_in(3)) say({.who = task, .verb = Verb::cancel_task, .name = task, .value = any_message(random_)});
    switch (random_.below(6)) {
      case 0: say({task, Verb::call, block}); return block;
      case 1: say({task, Verb::finally_, block, cleanup}); return clean_up(cleanup), block;
      case 2: return catch_in(task, ErrorKind::generic, block);
      case 3:
      case 4: return catch_in(task, ErrorKind::cancelled, block);
      default: return task;
    }
  }

  Name catch_in(Name who, ErrorKind error, Name script) {
    say({.who = who, .verb = Verb::catch_, .name = script, .value = Value::of(error)});
    return script;
  }

  void suspend(Name who) {
    switch (random_.below(6)) {
      case 0: return say({who, Verb::yield});
      case 1: return say({.who = who, .verb = Verb::sleep, .time = (1 + random_.below(3)) * 10 * millisecond});
      case 2:
      case 3: suspend_inner(); awaited_ = inner; break;
      default: awaited_ = future;
    }
    say({who, Verb::await, awaited_});
  }

  /// The task that is waited for may absorb the cancellation.
  void suspend_inner() {
    if (random_.once_in(3)) return say({inner, Verb::await, maybe() ? future : later});
    say({catch_in(inner, ErrorKind::cancelled, Name("r")), Verb::await, maybe() ? future : later});
    if (maybe()) leave(inner);
  }

  void clean_up(Name who) {
    if (maybe()) say({who, Verb::yield});
    else say({who, Verb::await, maybe() ? later : other});
    if (maybe()) say({.who = canceller, .verb = Verb::call_later, .name = again, .time = 5 * millisecond});
    say({again, Verb::set_result, later});
  }

  void leave(Name who) {
    if (maybe()) return say({.who = who, .verb = Verb::return_, .value = Value::of(std::int64_t{3})});
    say({.who = who, .verb = Verb::raise, .value = Value::of(maybe() ? ErrorKind::cancelled : ErrorKind::key)});
  }

  /// From a callback behind the first step, before it, from a later pass, or from several of these.
  void ask() {
    Name who = random_.once_in(5) ? main_script : canceller;
    if (maybe()) say({main_script, Verb::call_soon, canceller});
    else say({main_script, Verb::call_later, canceller, {}, {}, random_.below(3) * millisecond});
    if (random_.once_in(4)) say({who, Verb::set_result, future});
    say({.who = who, .verb = Verb::cancel_task, .name = task, .value = any_message(random_)});
    if (maybe()) say({.who = who, .verb = Verb::cancel_task, .name = task, .value = any_message(random_)});
    if (random_.once_in(5)) say({who, Verb::uncancel, task});
    if (random_.once_in(3)) say({who, maybe() ? Verb::cancelled : Verb::done, maybe() ? future : task});
    if (random_.once_in(5)) say({who, maybe() ? Verb::set_result : Verb::cancelling, maybe() ? future : task});
    if (random_.once_in(3)) {
      say({canceller, Verb::call_soon, again});
      say({.who = again, .verb = Verb::cancel_task, .name = task, .value = any_message(random_)});
    }
  }

  /// Another task waits for the same.
  void share() {
    say({main_script, Verb::create_task, other});
    say({other, Verb::await, random_.once_in(5) ? task : awaited_});
    if (maybe()) say({asker, Verb::cancelling, other});
  }

  Random& random_;
  Name awaited_ = future;  // what the task waits for
  std::vector<Step>& steps_;
};

void add_story(Random& random, std::vector<Step>& steps) { Story(random, steps).tell(); }

}  // namespace

Bias cancellation_bias() { return {.weights = weights, .motif = add_story}; }

}  // namespace cede
