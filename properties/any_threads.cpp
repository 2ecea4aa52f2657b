// Scenarios about threads and signals.
#include "properties/bias.h"

namespace cede {
namespace {

using enum Verb;

constexpr Weight weights[] = {
    {call_soon_threadsafe, 8},  {thread, 12},
    {run_in_executor, 6},       {fail_in_executor, 2},
    {run_coroutine_threadsafe, 4},
    {add_signal_handler, 6},    {add_signal_handler_elsewhere, 1},
    {remove_signal_handler, 3}, {raise_signal, 6},
    {send_signal, 4},
};

constexpr std::array signals{Name("usr1"), Name("usr1"), Name("usr1"), Name("usr2"), Name("kill")};

Name name_for(Random& random, const Step& step, Arg arg) {
  if (arg == Arg::word && row(step.verb).family == Family::threads) return pick(random, signals);
  if (arg == Arg::object && row(step.verb).family == Family::threads) return pick(random, future_names);
  if (arg == Arg::script && step.verb == run_coroutine_threadsafe) return pick(random, coroutine_names);
  return {};
}

/// Threads, executors and signals that come at a moment when something else goes on.
class Motif {
 public:
  Motif(Random& random, std::vector<Step>& steps) : random_(random), steps_(steps) {}

  void any() {
    switch (random_.below(7)) {
      case 0: return calls();
      case 1: return own_calls();
      case 2: return work();
      case 3: return submission();
      case 6: return interrupt();
      default: return handlers();
    }
  }

 private:
  void say(const Step& step) { steps_.push_back(step); }
  bool maybe() { return random_.once_in(2); }
  Nanos some_time() { return random_.below(6) * millisecond; }
  Name some_callback() { return pick(random_, callback_names); }

  /// Another thread calls, twice at a time or while a job is busy, and once it is a call to stop.
  void calls() {
    Nanos when = some_time();
    Name a = some_callback(), b = some_callback();
    say({.who = main_script, .verb = thread, .name = a, .time = when});
    say({.who = main_script, .verb = thread, .name = b, .time = maybe() ? when : some_time()});
    if (maybe()) say({.who = main_script, .verb = call_later, .name = a, .time = some_time()});
    if (random_.once_in(3)) say({.who = b, .verb = busy, .time = 3 * millisecond});
    if (random_.once_in(6)) say({.who = b, .verb = stop});
  }

  /// The loop's own thread calls, among plain calls.
  void own_calls() {
    Name who = maybe() ? main_script : some_callback();
    if (who != main_script) say({.who = main_script, .verb = call_soon, .name = who});
    for (int i = 0; i < 3; ++i) {
      Name name = some_callback();
      if (name == who) continue;
      say({.who = who, .verb = maybe() ? call_soon : call_soon_threadsafe, .name = name});
      if (random_.once_in(5)) say({.who = who, .verb = cancel, .name = name});
    }
    if (random_.once_in(6)) {
      say({.who = main_script, .verb = close});
      say({.who = main_script, .verb = call_soon_threadsafe, .name = callback_names[0]});
    }
  }

  /// A task awaits what an executor does, while others run.
  void work() {
    Name task = pick(random_, task_names), future = pick(random_, future_names);
    say({.who = main_script, .verb = create_task, .name = task});
    Step work{.who = task, .verb = maybe() ? run_in_executor : fail_in_executor, .name = future, .time = some_time()};
    work.value = work.verb == run_in_executor ? Value::of(std::int64_t{7}) : Value::of(ErrorKind::key);
    say(work);
    say({.who = task, .verb = await, .name = future});
  }

  /// Another thread submits a coroutine and waits for it.
  void submission() {
    Name coroutine = pick(random_, coroutine_names);
    say({.who = main_script, .verb = run_coroutine_threadsafe, .name = coroutine, .time = some_time()});
    if (maybe()) say({.who = coroutine, .verb = sleep, .time = some_time()});
    if (random_.once_in(3)) say({.who = coroutine, .verb = raise, .value = Value::of(ErrorKind::key)});
    else say({.who = coroutine, .verb = return_, .value = Value::of(std::int64_t{5})});
  }

  /// A handler is registered, perhaps replaced or removed, and the signal raised.
  void handlers() {
    Name signal = signals[random_.below(4)], handler = some_callback(), who = some_callback();
    say({.who = main_script, .verb = add_signal_handler, .name = signal, .script = handler});
    if (random_.once_in(3))
      say({.who = main_script, .verb = add_signal_handler, .name = signal, .script = some_callback()});
    if (maybe()) {
      say({.who = main_script, .verb = call_soon, .name = who});
      say({.who = who, .verb = raise_signal, .name = signal});
      say({.who = who, .verb = call_soon, .name = some_callback()});
    } else {
      say({.who = main_script, .verb = send_signal, .name = signal, .time = some_time()});
    }
    if (random_.once_in(3)) {
      Name later = maybe() ? main_script : who;
      say({.who = later, .verb = remove_signal_handler, .name = signal});
      if (maybe()) say({.who = later, .verb = remove_signal_handler, .name = signal});
      say({.who = later, .verb = raise_signal, .name = signal});
    }
  }

  /// A runner is interrupted while its main coroutine sleeps, or before.
  void interrupt() {
    Name main = pick(random_, coroutine_names), signal("int");
    say({.who = main_script, .verb = runner, .name = main});
    if (maybe()) say({.who = main, .verb = raise_signal, .name = signal});
    else say({.who = main, .verb = send_signal, .name = signal, .time = some_time()});
    Name sleeper = main, cleanup = some_callback();
    if (random_.once_in(5)) {
      say({.who = main, .verb = catch_, .name = cleanup, .value = Value::of(ErrorKind::cancelled)});
      sleeper = cleanup;
    }
    say({.who = sleeper, .verb = sleep, .time = 5 * millisecond});
  }

  Random& random_;
  std::vector<Step>& steps_;
};

void add_motif(Random& random, std::vector<Step>& steps) { Motif(random, steps).any(); }

}  // namespace

Bias threads_bias() { return {weights, name_for, add_motif}; }

}  // namespace cede
