// How generators are varied: what they do between their values, who asks, who closes.
#include "properties/bias.h"

namespace cede {
namespace {

constexpr Weight weights[] = {
    {Verb::create_generator, 10}, {Verb::produce, 30},           {Verb::anext, 40},
    {Verb::aclose, 14},           {Verb::shutdown_asyncgens, 3}, {Verb::drop, 8},
};

constexpr std::array generator_names{Name("x"), Name("y")};

Name name_of(Random& random, const Step& step, Arg arg) {
  if (arg == Arg::thing || step.verb == Verb::drop) return pick(random, generator_names);
  if (step.verb == Verb::create_generator && arg == Arg::script) return pick(random, coroutine_names);
  return {};
}

using Steps = std::vector<Step>;

Value any_number(Random& random) { return Value::of(std::int64_t{1 + random.below(9)}); }

/// A generator, one or two tasks that ask it, and an end of some kind.
void add_motif(Random& random, Steps& steps) {
  Name generator = pick(random, generator_names), body = pick(random, coroutine_names);
  Name asker = task_names[random.below(2)], other = task_names[2 + random.below(2)];
  steps.push_back({.who = main_script, .verb = Verb::create_generator, .name = generator, .script = body});
  steps.push_back({.who = main_script, .verb = Verb::create_task, .name = asker});
  bool shared = random.once_in(2);
  if (shared) steps.push_back({.who = main_script, .verb = Verb::create_task, .name = other});
  for (std::uint32_t values = 1 + random.below(3); values > 0; --values) {
    if (random.once_in(2)) steps.push_back({.who = body, .verb = Verb::yield});
    else if (random.once_in(4)) steps.push_back({.who = body, .verb = Verb::sleep, .time = 3 * millisecond});
    steps.push_back({.who = body, .verb = Verb::produce, .value = any_number(random)});
  }
  if (random.once_in(8)) {  // it does not heed that it is closed
    Name careless = coroutine_names[random.below(2)] == body ? coroutine_names[2] : coroutine_names[1];
    Value exit = Value::of(ErrorKind::generator_exit);
    steps.push_back({.who = body, .verb = Verb::catch_, .name = careless, .value = exit});
    steps.push_back({.who = careless, .verb = Verb::produce, .value = any_number(random)});
    steps.push_back({.who = body, .verb = Verb::produce, .value = any_number(random)});
  }
  for (std::uint32_t requests = 1 + random.below(4); requests > 0; --requests)
    steps.push_back({.who = shared && random.once_in(2) ? other : asker, .verb = Verb::anext, .name = generator});
  switch (random.below(6)) {
    case 0: break;
    case 1:
    case 2: steps.push_back({.who = asker, .verb = Verb::drop, .name = generator}); break;
    case 3: steps.push_back({.who = asker, .verb = Verb::shutdown_asyncgens}); break;
    default:
      steps.push_back({.who = asker, .verb = Verb::aclose, .name = generator});
      if (random.once_in(2)) steps.push_back({.who = asker, .verb = Verb::aclose, .name = generator});
      if (random.once_in(2)) steps.push_back({.who = asker, .verb = Verb::anext, .name = generator});
  }
}

}  // namespace

Bias generators_bias() { return {.weights = weights, .name = name_of, .motif = add_motif}; }

}  // namespace cede
