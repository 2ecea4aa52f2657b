// Deadlines and groups: bodies that are in time, late, stubborn or failing, and others who interfere.
#include "properties/bias.h"

namespace cede {
namespace {

constexpr Weight weights[] = {
    {Verb::wait_for, 8},   {Verb::timeout, 10},   {Verb::reenter, 2},         {Verb::reschedule, 3},
    {Verb::expired, 3},    {Verb::task_group, 8}, {Verb::create_task_in, 10}, {Verb::cancel_task, 4},
    {Verb::cancelling, 3}, {Verb::sleep, 6},      {Verb::catch_, 4},
};

/// Scripts that only patterns have.
constexpr Name wrapper{"i"}, inner{"j"}, cleanup{"k"}, body{"l"}, outer{"m"};

Name name(Random& random, const Step& step, Arg arg) {
  if (step.verb == Verb::create_task_in && arg == Arg::script) return pick(random, task_names);
  if (arg == Arg::thing) return random.once_in(2) ? body : pick(random, coroutine_names);
  return {};
}

/// Writes the steps of one pattern. Its task is t, the one who interferes is the callback a.
class Pattern {
 public:
  Pattern(Random& random, std::vector<Step>& steps) : random_(random), steps_(steps) {}

  /// The body is late, and absorbs its cancellation, or somebody else wants it to end in the same moment.
  void late_timeout() {
    begin();
    catch_in(wrapper);
    Nanos deadline = (1 + random_.below(2)) * millisecond;
    say({.who = wrapper, .verb = Verb::timeout, .name = body, .time = deadline});
    if (random_.once_in(2)) {
      say({.who = main_script, .verb = Verb::call_later, .name = script_a, .time = deadline});
      say({.who = script_a, .verb = Verb::cancel_task, .name = script_t});
      wait_long(body);
    } else {
      if (random_.once_in(2))
        say({.who = body, .verb = Verb::catch_, .name = cleanup, .value = Value::of(ErrorKind::cancelled)});
      wait_long(random_.once_in(3) ? body : cleanup);
    }
    say({.who = script_t, .verb = Verb::cancelling, .name = script_t});
    ask();
  }

  /// There is no time at all, or the body keeps the thread until it is late.
  void no_suspension_in_time() {
    begin();
    catch_in(wrapper);
    bool busy = random_.once_in(2);
    say({.who = wrapper,
         .verb = Verb::timeout,
         .name = body,
         .time = busy ? millisecond : -static_cast<Nanos>(random_.below(2)) * millisecond});
    if (busy) say({.who = body, .verb = Verb::busy, .time = (2 + random_.below(3)) * millisecond});
    else work(body);
    if (random_.once_in(4)) wait(body);
    ask();
  }

  /// A scope that nobody has entered is as good as one that has been.
  Name maybe_new(Name scope) { return random_.once_in(4) ? Name("r") : scope; }

  void timeout() {
    begin();
    catch_in(wrapper);
    say({.who = wrapper, .verb = Verb::timeout, .name = body, .time = delay()});
    if (random_.once_in(3)) say({.who = body, .verb = Verb::reschedule, .name = body, .time = delay()});
    if (random_.once_in(8)) say({.who = body, .verb = Verb::reenter, .name = maybe_new(body), .script = cleanup});
    work(body);
    if (random_.once_in(3)) work(body);
    if (random_.once_in(8)) say({.who = wrapper, .verb = Verb::reenter, .name = maybe_new(body), .script = cleanup});
    interfere();
    ask();
  }

  void nested_timeouts() {
    begin();
    catch_in(wrapper);
    bool free = random_.once_in(3), outer_first = random_.once_in(2);
    Nanos first = (1 + random_.below(2)) * millisecond, later = (4 + random_.below(4)) * millisecond;
    say({.who = wrapper, .verb = Verb::timeout, .name = outer, .time = free ? delay() : outer_first ? first : later});
    say({.who = outer, .verb = Verb::catch_, .name = inner, .value = Value::of(caught())});
    say({.who = inner, .verb = Verb::timeout, .name = body, .time = free ? delay() : outer_first ? later : first});
    if (free) work(body);
    else wait_long(body);
    if (random_.once_in(3)) wait(outer);
    if (free && random_.once_in(2)) interfere();
    say({.who = script_t, .verb = Verb::expired, .name = outer});
    ask();
  }

  void wait_for() {
    begin();
    Name object = operation();
    wait_for(object, delay());
    interfere();
    ask();
  }

  /// The waiter is cancelled, before or after its operation is done; or the operation is stubborn.
  void waiter_and_operation() {
    begin();
    bool late = random_.once_in(2);
    Name object = late ? stubborn_operation() : operation();
    wait_for(object, late ? millisecond : random_.once_in(4) ? forever : (6 + random_.below(3)) * millisecond);
    if (late) return ask();
    say({.who = main_script, .verb = Verb::call_later, .name = script_a, .time = millisecond});
    if (random_.once_in(2)) complete(script_a);
    say({.who = script_a, .verb = Verb::cancel_task, .name = script_t});
    ask();
  }

  /// There is no time, or the result and the deadline come in one pass.
  void no_time() {
    begin();
    bool race = random_.once_in(2);
    Nanos moment = (1 + random_.below(3)) * millisecond;
    if (race) {
      say({.who = main_script, .verb = Verb::create_future, .name = future});
      say({.who = main_script, .verb = Verb::call_later, .name = script_a, .time = moment});
      complete(script_a);
    }
    bool begun = !race && random_.once_in(3);
    Name object = race ? future : begun ? stubborn_operation() : operation();
    if (begun) say({.who = script_t, .verb = Verb::yield});
    wait_for(object, race ? moment : -static_cast<Nanos>(random_.below(2)) * millisecond);
    ask();
  }

  /// A task fails while others wait.
  void failing_group() {
    begin_group(ErrorKind::generic);
    Name bad = child();
    say({.who = bad, .verb = Verb::sleep, .time = millisecond});
    say({.who = bad, .verb = Verb::raise, .value = Value::of(ErrorKind::key)});
    for (Name task : {body, task_names[1], task_names[2], task_names[3]})
      if (task != bad) wait_or_clean_up(task);
    ask();
  }

  /// A task of the group adds another when the body is over.
  void growing_group() {
    begin_group(ErrorKind::generic);
    for (std::uint32_t first = 1 + random_.below(2); first <= 2; ++first) {
      if (random_.once_in(2)) wait(task_names[first]);
      say({.who = task_names[first], .verb = Verb::create_task_in, .name = body, .script = task_names[3]});
    }
    wait_long(task_names[3]);
    ask();
  }

  /// Somebody is cancelled, the whole or a part.
  void cancelled_group() {
    begin_group(random_.once_in(2) ? ErrorKind::group : ErrorKind::cancelled);
    for (Name task : {task_names[1], task_names[2], task_names[3]}) wait_or_clean_up(task);
    if (random_.once_in(3)) wait(body);
    say({.who = main_script, .verb = Verb::call_later, .name = script_a, .time = millisecond});
    say({.who = script_a, .verb = Verb::cancel_task, .name = random_.once_in(3) ? child() : script_t});
    ask();
  }

  void task_group() {
    if (random_.once_in(8)) say({.who = main_script, .verb = Verb::create_task_in, .name = body, .script = child()});
    begin();
    catch_in(wrapper);
    say({.who = wrapper, .verb = Verb::task_group, .name = body});
    for (std::uint32_t children = random_.below(4); children > 0; --children)
      say({.who = body, .verb = Verb::create_task_in, .name = body, .script = child()});
    if (random_.once_in(2)) work(body);
    for (Name task : {task_names[1], task_names[2], task_names[3]})
      if (!random_.once_in(3)) work(task);
    if (random_.once_in(3))
      say({.who = task_names[1], .verb = Verb::create_task_in, .name = body, .script = task_names[3]});
    if (random_.once_in(2)) interfere();
    if (random_.once_in(4)) say({.who = script_t, .verb = Verb::create_task_in, .name = body, .script = child()});
    ask();
  }

 private:
  static constexpr Name script_t{"t"}, script_a{"a"}, future{"f"};

  void say(const Step& step) { steps_.push_back(step); }

  void wait_for(Name object, Nanos time) {
    Name waiter = random_.once_in(3) ? script_t : wrapper;
    if (waiter == wrapper) catch_in(wrapper);
    say({.who = waiter, .verb = Verb::wait_for, .name = object, .time = time});
  }

  /// A group of up to three tasks.
  void begin_group(ErrorKind caught) {
    begin();
    say({.who = script_t, .verb = Verb::catch_, .name = wrapper, .value = Value::of(caught)});
    say({.who = wrapper, .verb = Verb::task_group, .name = body});
    for (Name task : {task_names[1], task_names[2], task_names[3]})
      if (!random_.once_in(4)) say({.who = body, .verb = Verb::create_task_in, .name = body, .script = task});
  }

  /// Waits for long, and takes its cancellation in one way or another.
  void wait_or_clean_up(Name who) {
    if (random_.once_in(3)) return say({.who = who, .verb = Verb::sleep, .time = (4 + random_.below(4)) * millisecond});
    if (random_.once_in(3)) return wait(who);
    say({.who = who, .verb = Verb::catch_, .name = cleanup, .value = Value::of(ErrorKind::cancelled)});
    if (random_.once_in(2)) say({.who = cleanup, .verb = Verb::sleep, .time = 8 * millisecond});
    if (random_.once_in(3)) wait(who);
    if (!random_.once_in(3)) say({.who = who, .verb = Verb::raise, .value = Value::of(ErrorKind::value)});
  }

  void begin() { say({.who = main_script, .verb = Verb::create_task, .name = script_t}); }

  ErrorKind caught() {
    constexpr std::array kinds{ErrorKind::timeout, ErrorKind::generic, ErrorKind::cancelled, ErrorKind::group};
    return kinds[random_.below(kinds.size())];
  }
  void catch_in(Name script) {
    say({.who = script_t,
         .verb = Verb::catch_,
         .name = script,
         .value = Value::of(random_.once_in(3) ? caught() : ErrorKind::generic)});
  }

  Nanos delay() {
    constexpr std::array<Nanos, 12> usual{0, -1, 1, 1, 1, 2, 2, 3, 3, 4, 5, 8};
    return random_.once_in(12) ? forever : usual[random_.below(usual.size())] * millisecond;
  }
  Nanos moment() { return (1 + random_.below(4)) * millisecond; }
  Name child() { return task_names[1 + random_.below(3)]; }

  /// Something that can be cancelled.
  void wait(Name who) {
    switch (random_.below(5)) {
      case 0: return say({.who = who, .verb = Verb::yield});
      case 1: return say({.who = who, .verb = Verb::await, .name = future});
      default: return say({.who = who, .verb = Verb::sleep, .time = (1 + random_.below(6)) * millisecond});
    }
  }

  void wait_long(Name who) { say({.who = who, .verb = Verb::sleep, .time = (8 + random_.below(3)) * millisecond}); }

  /// What a script inside of a scope does: it waits, may stand up to its cancellation, and ends somehow.
  void work(Name who) {
    switch (random_.below(8)) {
      case 0: break;
      case 1: say({.who = who, .verb = Verb::busy, .time = moment()}); break;
      case 2:
      case 3:
        say({.who = who, .verb = Verb::catch_, .name = cleanup, .value = Value::of(ErrorKind::cancelled)});
        wait(cleanup);
        if (random_.once_in(2)) wait(who);
        if (random_.once_in(2)) say({.who = who, .verb = Verb::raise, .value = Value::of(ErrorKind::cancelled)});
        break;
      default: wait(who); break;
    }
    if (random_.once_in(4)) say({.who = who, .verb = Verb::raise, .value = Value::of(ErrorKind::key)});
    else if (random_.once_in(3))
      say({.who = who, .verb = Verb::return_, .value = Value::of(std::int64_t{1 + random_.below(9)})});
  }

  /// What wait_for waits for.
  Name operation() {
    constexpr Name task{"u"}, coroutine{"q"};
    switch (random_.below(4)) {
      case 0:
        if (random_.once_in(3)) say({.who = script_t, .verb = Verb::yield});
        say({.who = random_.once_in(2) ? main_script : script_t, .verb = Verb::create_task, .name = task});
        work(task);
        return task;
      case 1:
        say({.who = script_t, .verb = Verb::create_coroutine, .name = coroutine});
        if (random_.once_in(2)) say({.who = coroutine, .verb = Verb::current_task});
        work(coroutine);
        return coroutine;
      default: {
        say({.who = main_script, .verb = Verb::create_future, .name = future});
        if (random_.once_in(8)) complete(script_t);
        return future;
      }
    }
  }

  /// A task or coroutine that does not end when it is cancelled, but a little later, and somehow.
  Name stubborn_operation() {
    constexpr Name task{"u"}, coroutine{"q"};
    Name object = random_.once_in(2) ? task : coroutine;
    if (object == task) say({.who = main_script, .verb = Verb::create_task, .name = task});
    else say({.who = script_t, .verb = Verb::create_coroutine, .name = coroutine});
    say({.who = object, .verb = Verb::catch_, .name = cleanup, .value = Value::of(ErrorKind::cancelled)});
    wait_long(cleanup);
    if (!random_.once_in(3)) wait(object);
    std::uint32_t end = random_.below(5);
    if (end < 2)
      say({.who = object, .verb = Verb::raise, .value = Value::of(end == 0 ? ErrorKind::key : ErrorKind::cancelled)});
    if (end == 2) say({.who = object, .verb = Verb::return_, .value = Value::of(std::int64_t{6})});
    return object;
  }

  void complete(Name who) {
    if (random_.once_in(4))
      say({.who = who, .verb = Verb::set_exception, .name = future, .value = Value::of(ErrorKind::key)});
    else
      say({.who = who,
           .verb = Verb::set_result,
           .name = future,
           .value = Value::of(std::int64_t{1 + random_.below(9)})});
  }

  /// Somebody completes what is waited for, or wants somebody cancelled, or both.
  void interfere() {
    std::uint32_t draw = random_.below(8);
    if (draw < 2) return;
    say({.who = main_script, .verb = Verb::call_later, .name = script_a, .time = moment()});
    bool cancels = draw < 5;
    if (draw >= 4) complete(script_a);
    if (cancels) say({.who = script_a, .verb = Verb::cancel_task, .name = random_.once_in(3) ? child() : script_t});
    if (random_.once_in(8)) say({.who = script_a, .verb = Verb::reschedule, .name = body, .time = delay()});
  }

  /// How the task is afterwards.
  void ask() {
    if (random_.once_in(2)) say({.who = script_t, .verb = Verb::expired, .name = body});
    if (!random_.once_in(4)) say({.who = script_t, .verb = Verb::cancelling, .name = script_t});
    if (random_.once_in(2)) say({.who = script_t, .verb = Verb::yield});
    else say({.who = script_t, .verb = Verb::sleep, .time = millisecond});
  }

  Random& random_;
  std::vector<Step>& steps_;
};

void motif(Random& random, std::vector<Step>& steps) {
  Pattern pattern(random, steps);
  switch (random.below(24)) {
    case 0:
    case 1: return pattern.timeout();
    case 2: return pattern.no_suspension_in_time();
    case 3:
    case 20: return pattern.late_timeout();
    case 4:
    case 5:
    case 6: return pattern.nested_timeouts();
    case 7: return pattern.wait_for();
    case 8:
    case 9:
    case 10:
    case 11: return pattern.waiter_and_operation();
    case 12:
    case 13:
    case 14: return pattern.no_time();
    case 15:
    case 16: return pattern.failing_group();
    case 17:
    case 18:
    case 19:
    case 22: return pattern.cancelled_group();
    case 21: return pattern.growing_group();
    default: return pattern.task_group();
  }
}

}  // namespace

Bias scopes_bias() { return {weights, name, motif}; }

}  // namespace cede
