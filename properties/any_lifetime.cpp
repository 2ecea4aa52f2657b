// How lifetimes are varied: what is dropped, when, and what is told of it.
#include "properties/bias.h"

namespace cede {
namespace {

constexpr Weight weights[] = {
    {Verb::drop, 40},  {Verb::collect, 3},   {Verb::destroy, 10},
    {Verb::runner, 3}, {Verb::set_debug, 4}, {Verb::storm, 1},
};

constexpr std::array kinds{Name("jobs"), Name("timers"), Name("waiters"), Name("calls"), Name("awaits"), Name("tasks")};

Name name_of(Random& random, const Step& step, Arg arg) {
  if (step.verb == Verb::storm) return pick(random, kinds);
  if (step.verb == Verb::destroy && arg == Arg::object) return pick(random, coroutine_names);
  if (step.verb == Verb::runner) return pick(random, coroutine_names);
  return {};
}

using Steps = std::vector<Step>;

Nanos any_sleep(Random& random) { return (1 + random.below(9)) * millisecond; }

ErrorKind any_failure(Random& random) {
  constexpr std::array failures{ErrorKind::key, ErrorKind::value, ErrorKind::runtime, ErrorKind::timeout};
  return failures[random.below(failures.size())];
}

/// Who drops a name: main, or a callback later on.
Name any_dropper(Random& random, Steps& steps) {
  if (!random.once_in(3)) return main_script;
  Name dropper = pick(random, callback_names);
  steps.push_back({.who = main_script, .verb = Verb::call_soon, .name = dropper});
  return dropper;
}

/// A task whose name is dropped while its step is queued, while it sleeps, or while it waits for nobody.
void drop_a_task(Random& random, Steps& steps) {
  Name task = pick(random, task_names), future = pick(random, future_names);
  steps.push_back({.who = main_script, .verb = Verb::create_task, .name = task});
  bool closed = random.once_in(4);  // with its next step in the queue
  bool asleep = !closed && !random.once_in(3);
  if (closed) {
    steps.push_back({.who = main_script, .verb = Verb::stop});
    steps.push_back({.who = main_script, .verb = Verb::run});
  }
  Name dropper = asleep ? pick(random, callback_names) : closed ? main_script : any_dropper(random, steps);
  if (asleep) {
    steps.push_back({.who = main_script, .verb = Verb::call_soon, .name = dropper});
    steps.push_back({.who = task, .verb = Verb::sleep, .time = any_sleep(random)});
  } else if (closed || random.once_in(2)) {
    steps.push_back({.who = task, .verb = Verb::yield});
  } else {
    steps.push_back({.who = task, .verb = Verb::await, .name = future});
  }
  steps.push_back({.who = task, .verb = Verb::log, .name = pick(random, callback_names)});
  steps.push_back({.who = dropper, .verb = Verb::drop, .name = task});
  if (random.once_in(3)) steps.push_back({.who = dropper, .verb = Verb::drop, .name = future});
  if (random.once_in(4)) steps.push_back({.who = dropper, .verb = Verb::collect});
  if (closed) steps.push_back({.who = main_script, .verb = Verb::close});
}

/// An error in a future or a task that somebody asks for, or nobody.
void drop_an_error(Random& random, Steps& steps) {
  Name failed = random.once_in(2) ? pick(random, future_names) : pick(random, task_names);
  ErrorKind error = any_failure(random);
  bool future = is_one_of(future_names, failed);
  if (future) {
    steps.push_back({.who = main_script, .verb = Verb::create_future, .name = failed});
    steps.push_back({.who = main_script, .verb = Verb::set_exception, .name = failed, .value = Value::of(error)});
  } else {
    steps.push_back({.who = main_script, .verb = Verb::create_task, .name = failed});
    steps.push_back({.who = failed, .verb = Verb::raise, .value = Value::of(error)});
  }
  Name handler = pick(random, callback_names);
  if (random.once_in(3)) steps.push_back({.who = main_script, .verb = Verb::set_exception_handler, .name = handler});
  Name dropper = future ? any_dropper(random, steps) : main_script;
  if (!future && random.once_in(2)) {
    steps.push_back({.who = main_script, .verb = Verb::stop});
    steps.push_back({.who = main_script, .verb = Verb::run});
  }
  constexpr std::array retrievals{Verb::result, Verb::exception, Verb::cancel_future, Verb::done, Verb::cancelled};
  if (random.once_in(2))
    steps.push_back({.who = dropper, .verb = retrievals[random.below(retrievals.size())], .name = failed});
  Name waiter = pick(random, task_names);
  if (random.once_in(4) && waiter != failed) {
    steps.push_back({.who = main_script, .verb = Verb::create_task, .name = waiter});
    steps.push_back({.who = waiter, .verb = Verb::await, .name = failed});
  }
  steps.push_back({.who = dropper, .verb = Verb::drop, .name = failed});
}

/// A coroutine object that goes: unstarted, or where it has been sent to.
void drop_a_coroutine(Random& random, Steps& steps) {
  Name coroutine = coroutine_names[0], inner = coroutine_names[1];
  steps.push_back({.who = main_script, .verb = Verb::create_coroutine, .name = coroutine});
  if (!random.once_in(3)) {
    steps.push_back({.who = main_script, .verb = Verb::send, .name = coroutine});
    if (random.once_in(2)) {
      steps.push_back({.who = coroutine, .verb = Verb::call, .name = inner});
      steps.push_back({.who = inner, .verb = Verb::yield});
    }
    steps.push_back({.who = coroutine, .verb = Verb::yield});
    if (random.once_in(3)) steps.push_back({.who = main_script, .verb = Verb::send, .name = coroutine});
  }
  steps.push_back({.who = coroutine, .verb = Verb::log, .name = pick(random, callback_names)});
  Verb end = random.once_in(3) ? Verb::drop : Verb::destroy;
  steps.push_back({.who = main_script, .verb = end, .name = coroutine});
  if (random.once_in(3)) steps.push_back({.who = main_script, .verb = Verb::send, .name = coroutine});
}

/// A runner whose main coroutine leaves tasks behind, or that is refused inside a job.
void run_a_runner(Random& random, Steps& steps) {
  Name main = coroutine_names[0], left = task_names[random.below(2)], other = task_names[2 + random.below(2)];
  if (random.once_in(3)) {
    Name job = random.once_in(2) ? pick(random, callback_names) : pick(random, task_names);
    bool callback = is_one_of(callback_names, job);
    steps.push_back({.who = main_script, .verb = callback ? Verb::call_soon : Verb::create_task, .name = job});
    steps.push_back({.who = job, .verb = Verb::runner, .name = main});
    steps.push_back({.who = job, .verb = Verb::get_running_loop});
  } else {
    steps.push_back({.who = main_script, .verb = Verb::runner, .name = main});
  }
  steps.push_back({.who = main, .verb = Verb::create_task, .name = left});
  if (random.once_in(2)) steps.push_back({.who = main, .verb = Verb::create_task, .name = other});
  for (std::uint32_t yields = random.below(3); yields > 0; --yields)
    steps.push_back({.who = main, .verb = Verb::yield});
  if (random.once_in(2)) {
    Name block = coroutine_names[1];
    Value cancelled = Value::of(ErrorKind::cancelled);
    steps.push_back({.who = left, .verb = Verb::catch_, .name = block, .value = cancelled});
    steps.push_back({.who = block, .verb = Verb::sleep, .time = any_sleep(random)});
    steps.push_back({.who = left, .verb = Verb::raise, .value = Value::of(any_failure(random))});
  } else {
    steps.push_back({.who = left, .verb = Verb::sleep, .time = any_sleep(random)});
    steps.push_back({.who = left, .verb = Verb::log, .name = pick(random, callback_names)});
  }
  steps.push_back({.who = other, .verb = Verb::await, .name = pick(random, future_names)});
}

/// Jobs that are long or short, in debug mode or not.
void hold_the_loop(Random& random, Steps& steps) {
  Value on = Value::of(std::int64_t{1});
  if (!random.once_in(5)) steps.push_back({.who = main_script, .verb = Verb::set_debug, .value = on});
  for (std::uint32_t jobs = 1 + random.below(3); jobs > 0; --jobs) {
    Name job = random.once_in(2) ? pick(random, callback_names) : pick(random, task_names);
    bool callback = is_one_of(callback_names, job);
    constexpr std::array<Nanos, 6> holds{10, 50, 90, 100, 120, 200};
    steps.push_back({.who = main_script, .verb = callback ? Verb::call_soon : Verb::create_task, .name = job});
    steps.push_back({.who = job, .verb = Verb::busy, .time = holds[random.below(holds.size())] * millisecond});
    if (!callback && random.once_in(2)) {
      steps.push_back({.who = job, .verb = Verb::yield});
      steps.push_back({.who = job, .verb = Verb::busy, .time = holds[random.below(holds.size())] * millisecond});
    }
  }
}

/// Half of all kinds.
void raise_a_storm(Random& random, Steps& steps) {
  for (std::size_t kind = random.below(2); kind < kinds.size(); kind += 2)
    steps.push_back({.who = main_script, .verb = Verb::storm, .name = kinds[kind]});
}

void add_motif(Random& random, Steps& steps) {
  switch (random.below(20)) {
    case 0: case 1: case 2: case 3: return drop_a_task(random, steps);
    case 4: case 5: case 6: return drop_an_error(random, steps);
    case 7: case 8: case 9: case 10: case 11: return drop_a_coroutine(random, steps);
    case 12: case 13: case 14: return run_a_runner(random, steps);
    case 15: case 16: case 17: return raise_a_storm(random, steps);
    default: return hold_the_loop(random, steps);
  }
}

}  // namespace

Bias lifetime_bias() { return {.weights = weights, .name = name_of, .motif = add_motif}; }

}  // namespace cede
