// Scenarios about threads and signals.
#include "properties/bias.h"

namespace cede {
namespace {

using enum Verb;

constexpr Weight weights[] = {
    {call_soon_threadsafe, 8}, {thread, 12},  {run_in_executor, 6},
    {fail_in_executor, 2},     {run_coroutine_threadsafe, 4},
    {add_signal_handler, 6},   {add_signal_handler_elsewhere, 1},
    {remove_signal_handler, 3}, {raise_signal, 6}, {send_signal, 4},
};

constexpr std::array signals{Name("usr1"), Name("usr1"), Name("usr1"), Name("usr2"), Name("kill")};

Name name_for(Random& random, const Step& step, Arg arg) {
  if (arg == Arg::word && row(step.verb).family == Family::threads) return pick(random, signals);
  if (arg == Arg::object && row(step.verb).family == Family::threads) return pick(random, future_names);
  if (arg == Arg::script && step.verb == run_coroutine_threadsafe) return pick(random, coroutine_names);
  return {};
}

Nanos some_time(Random& random) { return random.below(6) * millisecond; }

/// Another thread calls, twice at a time or while a job is busy, and once it is a call to stop.
void add_calls(Random& random, std::vector<Step>& steps) {
  Nanos when = some_time(random);
  Name a = pick(random, callback_names), b = pick(random, callback_names);
  steps.push_back({.who = main_script, .verb = thread, .name = a, .time = when});
  steps.push_back({.who = main_script, .verb = thread, .name = b, .time = random.once_in(2) ? when : some_time(random)});
  if (random.once_in(2)) steps.push_back({.who = main_script, .verb = call_later, .name = a, .time = some_time(random)});
  if (random.once_in(3)) steps.push_back({.who = b, .verb = busy, .time = 3 * millisecond});
  if (random.once_in(6)) steps.push_back({.who = b, .verb = stop});
}

/// The loop's own thread calls, among plain calls.
void add_own_calls(Random& random, std::vector<Step>& steps) {
  Name who = random.once_in(2) ? main_script : pick(random, callback_names);
  if (who != main_script) steps.push_back({.who = main_script, .verb = call_soon, .name = who});
  for (int i = 0; i < 3; ++i) {
    Name name = pick(random, callback_names);
    if (name == who) continue;
    steps.push_back({.who = who, .verb = random.once_in(2) ? call_soon : call_soon_threadsafe, .name = name});
    if (random.once_in(5)) steps.push_back({.who = who, .verb = cancel, .name = name});
  }
  if (random.once_in(6)) {
    steps.push_back({.who = main_script, .verb = close});
    steps.push_back({.who = main_script, .verb = call_soon_threadsafe, .name = callback_names[0]});
  }
}

/// A task awaits what an executor does, while others run.
void add_work(Random& random, std::vector<Step>& steps) {
  Name task = pick(random, task_names), future = pick(random, future_names);
  steps.push_back({.who = main_script, .verb = create_task, .name = task});
  if (random.once_in(2)) {
    steps.push_back({.who = task, .verb = run_in_executor, .name = future, .time = some_time(random), .value = Value::of(std::int64_t{7})});
  } else {
    steps.push_back({.who = task, .verb = fail_in_executor, .name = future, .time = some_time(random), .value = Value::of(ErrorKind::key)});
  }
  steps.push_back({.who = task, .verb = await, .name = future});
}

/// Another thread submits a coroutine and waits for it.
void add_submission(Random& random, std::vector<Step>& steps) {
  Name coroutine = pick(random, coroutine_names);
  steps.push_back({.who = main_script, .verb = run_coroutine_threadsafe, .name = coroutine, .time = some_time(random)});
  if (random.once_in(2)) steps.push_back({.who = coroutine, .verb = sleep, .time = some_time(random)});
  if (random.once_in(3)) steps.push_back({.who = coroutine, .verb = raise, .value = Value::of(ErrorKind::key)});
  else steps.push_back({.who = coroutine, .verb = return_, .value = Value::of(std::int64_t{5})});
}

/// A handler is registered, perhaps replaced or removed, and the signal raised.
void add_signals(Random& random, std::vector<Step>& steps) {
  Name signal = signals[random.below(4)], handler = pick(random, callback_names), who = pick(random, callback_names);
  steps.push_back({.who = main_script, .verb = add_signal_handler, .name = signal, .script = handler});
  if (random.once_in(3)) {
    steps.push_back({.who = main_script, .verb = add_signal_handler, .name = signal, .script = pick(random, callback_names)});
  }
  if (random.once_in(2)) {
    steps.push_back({.who = main_script, .verb = call_soon, .name = who});
    steps.push_back({.who = who, .verb = raise_signal, .name = signal});
    steps.push_back({.who = who, .verb = call_soon, .name = pick(random, callback_names)});
  } else {
    steps.push_back({.who = main_script, .verb = send_signal, .name = signal, .time = some_time(random)});
  }
  if (random.once_in(3)) {
    Name later = random.once_in(2) ? main_script : who;
    steps.push_back({.who = later, .verb = remove_signal_handler, .name = signal});
    if (random.once_in(2)) steps.push_back({.who = later, .verb = remove_signal_handler, .name = signal});
    steps.push_back({.who = later, .verb = raise_signal, .name = signal});
  }
}

/// A runner is interrupted while its main coroutine sleeps, or before.
void add_interrupt(Random& random, std::vector<Step>& steps) {
  Name main = pick(random, coroutine_names), signal("int");
  steps.push_back({.who = main_script, .verb = runner, .name = main});
  if (random.once_in(2)) steps.push_back({.who = main, .verb = raise_signal, .name = signal});
  else steps.push_back({.who = main, .verb = send_signal, .name = signal, .time = some_time(random)});
  Name c = callback_names[random.below(4)];
  if (random.once_in(3)) {
    steps.push_back({.who = main, .verb = catch_, .name = c, .value = Value::of(ErrorKind::cancelled)});
    steps.push_back({.who = c, .verb = sleep, .time = 5 * millisecond});
  } else {
    steps.push_back({.who = main, .verb = sleep, .time = 5 * millisecond});
  }
}

void add_motif(Random& random, std::vector<Step>& steps) {
  constexpr void (*motifs[])(Random&, std::vector<Step>&) = {add_calls, add_own_calls, add_work, add_submission, add_signals,
                                                              add_interrupt};
  motifs[random.below(std::size(motifs))](random, steps);
}

}  // namespace

Bias threads_bias() { return {weights, name_for, add_motif}; }

}  // namespace cede
