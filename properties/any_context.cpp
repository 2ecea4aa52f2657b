// Scenarios about context variables.
#include "properties/bias.h"

namespace cede {
namespace {

using enum Verb;

constexpr Weight weights[] = {{set_var, 10}, {get_var, 10}};
constexpr std::array variables{Name("x"), Name("y")};

Name name_for(Random& random, const Step& step, Arg arg) {
  return arg == Arg::thing && row(step.verb).family == Family::context ? pick(random, variables) : Name{};
}

Step set_x(Random& random, Name who) {
  return {.who = who, .verb = set_var, .name = variables[0], .value = Value::of(std::int64_t{1 + random.below(9)})};
}
Step get_x(Name who) { return {.who = who, .verb = get_var, .name = variables[0]}; }

/// A descriptor's callback is called twice, and sets what it reads.
void add_reads(Random& random, std::vector<Step>& steps) {
  Name callback = pick(random, callback_names), pair("z");
  steps.push_back(set_x(random, main_script));
  steps.push_back({.who = main_script, .verb = add_reader, .name = pair, .script = callback});
  steps.push_back(set_x(random, main_script));
  steps.push_back({.who = main_script, .verb = write, .name = pair, .value = Value::of(std::int64_t{1})});
  steps.push_back(get_x(callback));
  steps.push_back(set_x(random, callback));
  for (std::uint32_t passes = 2 + random.below(2); passes > 0; --passes) {
    steps.push_back({.who = main_script, .verb = stop});
    steps.push_back({.who = main_script, .verb = run});
  }
  steps.push_back({.who = main_script, .verb = remove_reader, .name = pair});
}

/// A value is set, somebody is registered or made, another is set.
void add_motif(Random& random, std::vector<Step>& steps) {
  if (random.once_in(5)) return add_reads(random, steps);
  Name callback = pick(random, callback_names), task = pick(random, task_names);
  Name coroutine = pick(random, coroutine_names);
  steps.push_back(set_x(random, main_script));
  if (random.once_in(2)) {
    constexpr std::array registrations{call_soon, call_later, add_done_callback};
    Step registration{.who = main_script, .verb = registrations[random.below(3)], .name = callback};
    if (registration.verb == add_done_callback) {
      registration.name = future_names[0];
      registration.script = callback;
      steps.push_back({.who = main_script, .verb = call_later, .name = callback_names[0], .time = millisecond});
      steps.push_back({.who = callback_names[0], .verb = set_result, .name = future_names[0]});
    }
    steps.push_back(registration);
    steps.push_back(set_x(random, main_script));
    steps.push_back(get_x(callback));
    if (random.once_in(2)) steps.push_back(set_x(random, callback));
  } else {
    steps.push_back({.who = main_script, .verb = create_task, .name = task});
    steps.push_back(set_x(random, main_script));
    steps.push_back(get_x(task));
    if (random.once_in(2)) {
      steps.push_back({.who = task, .verb = call, .name = coroutine});
      steps.push_back(set_x(random, coroutine));
    } else if (random.once_in(2)) {
      steps.push_back(set_x(random, task));
      steps.push_back({.who = task, .verb = yield});
    } else {  // whoever wakes it has another value
      steps.push_back({.who = task, .verb = await, .name = future_names[1]});
      steps.push_back({.who = main_script, .verb = call_later, .name = callback, .time = millisecond});
      steps.push_back(set_x(random, callback));
      steps.push_back({.who = callback, .verb = set_result, .name = future_names[1]});
    }
    steps.push_back(get_x(task));
  }
  if (random.once_in(2)) {
    steps.push_back({.who = main_script, .verb = run});
    steps.push_back(get_x(main_script));
  }
}

}  // namespace

Bias context_bias() { return {weights, name_for, add_motif}; }

}  // namespace cede
