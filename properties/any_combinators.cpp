// Scenarios about waiting for many.
#include "properties/bias.h"

namespace cede {
namespace {

constexpr std::array derived_names{Name("j"), Name("k")};

constexpr Weight weights[] = {
    {Verb::gather, 10},
    {Verb::gather_exceptions, 8},
    {Verb::shield, 8},
    {Verb::wait_all_completed, 5},
    {Verb::wait_first_completed, 6},
    {Verb::wait_first_exception, 6},
    {Verb::as_completed, 8},
    {Verb::await, 14},
    {Verb::set_result, 10},
    {Verb::set_exception, 6},
    {Verb::cancel_future, 5},
    {Verb::cancel_task, 6},
    {Verb::cancelled, 4},
    {Verb::done, 4},
    {Verb::cancelling, 2},
};

Name source(Random& random) {
  std::uint32_t draw = random.below(20);
  if (draw < 11) return pick(random, future_names);
  if (draw < 17) return pick(random, task_names);
  return draw < 19 ? pick(random, coroutine_names) : pick(random, derived_names);
}

Name name(Random& random, const Step& step, Arg arg) {
  switch (step.verb) {
    case Verb::gather:
    case Verb::gather_exceptions:
    case Verb::shield: return step.name ? source(random) : pick(random, derived_names);
    case Verb::wait_all_completed:
    case Verb::wait_first_completed:
    case Verb::wait_first_exception:
      return random.once_in(6) ? Name{} : random.once_in(3) ? pick(random, task_names) : pick(random, future_names);
    case Verb::as_completed: return random.once_in(6) ? Name{} : source(random);
    case Verb::await:
    case Verb::cancel_future:
    case Verb::done:
    case Verb::cancelled:
    case Verb::exception:
    case Verb::add_done_callback: return arg == Arg::object && random.once_in(3) ? pick(random, derived_names) : Name{};
    default: return {};
  }
}

/// Somebody waits for two or three; others end them, some of them, or cancel the one who waits.
class Motif {
 public:
  Motif(Random& random, std::vector<Step>& steps) : random_(random), steps_(steps) {}

  void write() {
    if (random_.once_in(2)) begin_child();
    say({.who = main_script, .verb = Verb::create_task, .name = waiter});
    if (random_.once_in(4)) say(any_end(waiter, any_future()));
    combine();
    if (random_.once_in(3)) say({.who = waiter, .verb = Verb::cancelling, .name = waiter});
    for (std::uint32_t times = 1 + random_.below(3); times > 0; --times) end_some();
    if (shields_ || random_.once_in(2)) cancel();
  }

 private:
  static constexpr Name waiter{"t"}, child{"u"}, block{"p"}, derived{"j"};

  void say(const Step& step) { steps_.push_back(step); }

  Name any_future() { return pick(random_, future_names); }
  Name any_source() { return has_child_ && random_.once_in(2) ? child : given_ = any_future(); }
  /// More often than not one that somebody was given.
  Name concerned_future() { return given_ && random_.once_in(2) ? given_ : any_future(); }
  Nanos any_time() { return Nanos{random_.below(5)} * millisecond; }

  /// One of those that are waited for is a task; it may take its time to be cancelled, or refuse.
  void begin_child() {
    has_child_ = true;
    say({.who = main_script, .verb = Verb::create_task, .name = child});
    if (random_.once_in(2)) {
      say({.who = child, .verb = Verb::catch_, .name = block, .value = Value::of(ErrorKind::cancelled)});
      wait_somehow(block);
      if (random_.once_in(2)) say({.who = child, .verb = Verb::sleep, .time = any_time()});
    } else {
      wait_somehow(child);
    }
    if (random_.once_in(3)) say({.who = child, .verb = Verb::return_, .value = any_result()});
    else if (random_.once_in(3)) say({.who = child, .verb = Verb::raise, .value = Value::of(ErrorKind::key)});
  }

  void wait_somehow(Name who) {
    if (random_.once_in(2)) say({.who = who, .verb = Verb::sleep, .time = any_time() + millisecond});
    else say({.who = who, .verb = Verb::await, .name = any_future()});
  }

  void combine() {
    switch (random_.below(20)) {
      case 0:
      case 1: return gather(Verb::gather_exceptions);
      case 2:
      case 3:
      case 4:
      case 5:
      case 6:
      case 7: return gather(Verb::gather);
      case 8:
      case 9:
      case 10:
      case 11: return shield();
      case 12:
      case 13: return wait(Verb::wait_first_completed);
      case 14:
      case 15: return wait(Verb::wait_first_exception);
      case 16: return wait(Verb::wait_all_completed);
      default: return wait(Verb::as_completed);
    }
  }

  void gather(Verb verb) {
    fails_ = verb == Verb::gather && random_.once_in(2);
    Name first = any_source(), second = random_.once_in(8) ? Name{} : any_source();
    if (random_.once_in(4)) {
      say({.who = waiter, .verb = Verb::create_coroutine, .name = coroutine_names[1]});
      (second ? second : first) = coroutine_names[1];
    }
    say({.who = waiter, .verb = verb, .name = derived, .script = first, .other = second});
    if (random_.once_in(4)) say({.who = waiter, .verb = Verb::done, .name = derived});
    say({.who = waiter, .verb = Verb::await, .name = derived});
  }

  void shield() {
    shields_ = !random_.once_in(3);
    say({.who = waiter, .verb = Verb::shield, .name = derived, .script = any_source()});
    say({.who = waiter, .verb = Verb::await, .name = derived});
  }

  void wait(Verb verb) {
    bool patient = random_.once_in(verb == Verb::as_completed ? 5 : 2);
    Step step{.who = waiter, .verb = verb, .name = any_source(), .time = patient ? forever : any_time()};
    if (!random_.once_in(4)) step.script = any_source();
    if (step.script && random_.once_in(2)) step.other = any_source();
    if (random_.once_in(24)) step.name = step.script = step.other = {};
    say(step);
  }

  Value any_result() { return Value::of(std::int64_t{1 + random_.below(9)}); }

  Step any_end(Name who, Name future) {
    std::uint32_t draw = random_.below(fails_ ? 4 : 8);
    if (draw == 0 || draw == 3) return {.who = who, .verb = Verb::cancel_future, .name = future};
    if (draw > 2) return {.who = who, .verb = Verb::set_result, .name = future, .value = any_result()};
    ErrorKind error = draw == 1 ? ErrorKind::key : ErrorKind::value;
    return {.who = who, .verb = Verb::set_exception, .name = future, .value = Value::of(error)};
  }

  /// A callback that ends one or two of the futures, and asks what has become of the others.
  void end_some() {
    Name by = callback_names[random_.below(2)];
    say({.who = main_script, .verb = Verb::call_later, .name = by, .time = any_time()});
    say(any_end(by, concerned_future()));
    if (random_.once_in(2)) say(any_end(by, any_future()));
    if (random_.once_in(3)) ask(by);
  }

  void cancel() {
    Name by = callback_names[2];
    say({.who = main_script, .verb = Verb::call_later, .name = by, .time = any_time()});
    if (random_.once_in(3)) say({.who = by, .verb = Verb::cancel_future, .name = derived});
    else say({.who = by, .verb = Verb::cancel_task, .name = waiter});
    ask(by);
    if (random_.once_in(2)) return;
    say({.who = main_script, .verb = Verb::call_later, .name = callback_names[3], .time = any_time() + millisecond});
    ask(callback_names[3]);
  }

  void ask(Name who) {
    say({.who = who, .verb = random_.once_in(2) ? Verb::done : Verb::cancelled, .name = concerned_future()});
    if (random_.once_in(2)) say({.who = who, .verb = Verb::cancelled, .name = derived});
    if (random_.once_in(2)) say({.who = who, .verb = Verb::done, .name = derived});
    if (has_child_ && random_.once_in(2)) say({.who = who, .verb = Verb::cancelling, .name = child});
    if (random_.once_in(3)) say({.who = who, .verb = Verb::cancelling, .name = waiter});
  }

  Random& random_;
  std::vector<Step>& steps_;
  Name given_;
  bool has_child_ = false;
  bool shields_ = false;  // and is cancelled
  bool fails_ = false;    // one way or other
};

void motif(Random& random, std::vector<Step>& steps) { Motif(random, steps).write(); }

}  // namespace

Bias combinators_bias() { return {weights, name, motif}; }

}  // namespace cede
