#include "properties/mutate.h"

#include <algorithm>
#include <iterator>
#include <span>

#include "properties/generator.h"

namespace cede {
namespace {

using Steps = std::vector<Step>;

std::size_t any_place(Random& random, std::size_t places) {
  return random.below(static_cast<std::uint32_t>(places));
}

/// Neighbouring lines, mostly few. There has to be a line.
std::span<const Step> any_run(Random& random, const Steps& steps) {
  std::size_t begin = any_place(random, steps.size());
  std::size_t most = steps.size() - begin;
  if (!random.once_in(4)) most = std::min<std::size_t>(most, 3);
  return std::span(steps).subspan(begin, 1 + any_place(random, most));
}

/// As many of the lines as there is room for.
void insert(Steps& steps, std::size_t at, std::span<const Step> lines) {
  std::size_t room = steps_max - std::min(steps_max, steps.size());
  lines = lines.first(std::min(room, lines.size()));
  steps.insert(steps.begin() + at, lines.begin(), lines.end());
}

/// A line of a script that nobody starts does nothing.
bool is_started(Name script, const Steps& steps) {
  return script == main_script || std::ranges::any_of(steps, [&](const Step& step) {
    return takes_script(step.verb) && (step.name == script || step.script == script);
  });
}

/// One that the generator could have made, mostly of somebody who gets to speak.
Step any_step_in(Random& random, const Steps& steps) {
  Step step = any_step(random);
  for (int tries = 0; tries < 8 && !is_started(step.who, steps); ++tries) step = any_step(random);
  return step;
}

/// The name that is written at this place of the verb's arguments.
Name& name_at(Step& step, std::size_t place) {
  auto before = std::ranges::count_if(std::span(row(step.verb).args).first(place), is_name);
  return before == 0 ? step.name : before == 1 ? step.script : step.other;
}

/// The argument of `to` at a place becomes what `from` has of that kind; false if it has none.
bool take_argument(Step& to, std::size_t place, Step from) {
  Arg arg = row(to.verb).args[place];
  for (std::size_t i = 0; i < row(from.verb).args.size(); ++i) {
    if (row(from.verb).args[i] != arg) continue;
    if (is_name(arg)) name_at(to, place) = name_at(from, i);
    else if (arg == Arg::duration) to.time = from.time;
    else to.value = from.value;
    return true;
  }
  return false;
}

/// A little earlier or later, where the order of things may tip over.
void nudge(Nanos& time, Random& random) {
  if (time > second || time < -second) time = 0;
  time += random.once_in(2) ? millisecond : -millisecond;
}

/// Another line's argument makes two things one, or two deadlines equal; a drawn one is new.
void change_argument(Step& step, const Steps& steps, Random& random) {
  const VerbRow& verb = row(step.verb);
  std::size_t arguments = std::ranges::count_if(verb.args, [](Arg arg) { return arg != Arg::nothing; });
  std::size_t place = any_place(random, arguments + 1);
  if (place == arguments) {
    step.who = random.once_in(2) ? steps[any_place(random, steps.size())].who : any_step_in(random, steps).who;
  } else if (verb.args[place] == Arg::duration && random.once_in(3)) {
    nudge(step.time, random);
  } else {
    Step before = step;
    for (int tries = 0; tries < 16 && step == before; ++tries)
      take_argument(step, place, random.once_in(2) ? steps[any_place(random, steps.size())] : any_step(random));
  }
}

/// Only the order within a script counts, so that a line changes places with another of its script.
void swap_within_script(Steps& steps, Random& random) {
  std::size_t one = any_place(random, steps.size());
  for (std::size_t i = 0, from = any_place(random, steps.size()); i < steps.size(); ++i) {
    std::size_t other = (from + i) % steps.size();
    if (steps[other].who == steps[one].who && steps[other] != steps[one]) return std::swap(steps[one], steps[other]);
  }
}

void mutate_once(Steps& steps, Random& random) {
  std::uint32_t draw = steps.empty() ? 0 : random.below(12);
  if (draw < 3) {
    Step step = any_step_in(random, steps);
    insert(steps, any_place(random, steps.size() + 1), {&step, 1});
  } else if (draw < 5) {
    std::span run = any_run(random, steps);
    auto begin = steps.begin() + (run.data() - steps.data());
    steps.erase(begin, begin + run.size());
  } else if (draw < 7) {
    steps[any_place(random, steps.size())] = any_step_in(random, steps);
  } else if (draw < 8) {
    std::span run = any_run(random, steps);
    const Steps copy(run.begin(), run.end());
    insert(steps, any_place(random, steps.size() + 1), copy);
  } else if (draw < 9) {
    swap_within_script(steps, random);
  } else {
    change_argument(steps[any_place(random, steps.size())], steps, random);
  }
}

/// The beginning of one, the end of the other.
Steps splice(const Steps& a, const Steps& b, Random& random) {
  Steps child(a.begin(), a.begin() + any_place(random, a.size() + 1));
  insert(child, child.size(), std::span(b).subspan(any_place(random, b.size())));
  return child;
}

Steps graft_run(const Steps& a, const Steps& b, Random& random) {
  Steps child = a;
  insert(child, any_place(random, child.size() + 1), any_run(random, b));
  return child;
}

/// One script as the other scenario has it.
Steps graft_script(const Steps& a, const Steps& b, Random& random) {
  Name script = b[any_place(random, b.size())].who;
  auto says = [&](const Step& step) { return step.who == script; };
  Steps child;
  std::ranges::remove_copy_if(a, std::back_inserter(child), says);
  Steps lines;
  std::ranges::copy_if(b, std::back_inserter(lines), says);
  insert(child, child.size(), lines);
  return child;
}

}  // namespace

void mutate(Scenario& scenario, Random& random) {
  if (scenario.steps.size() > steps_max) scenario.steps.resize(steps_max);
  for (std::uint32_t changes = random.once_in(2) ? 1 : 1 + random.below(4); changes > 0; --changes)
    mutate_once(scenario.steps, random);
  if (scenario.steps.empty()) scenario.steps.push_back(any_step_in(random, {}));
}

Scenario cross_over(const Scenario& a, const Scenario& b, Random& random) {
  if (b.steps.empty()) return a;
  Scenario child;
  switch (random.below(3)) {
    case 0: child.steps = splice(a.steps, b.steps, random); break;
    case 1: child.steps = graft_run(a.steps, b.steps, random); break;
    default: child.steps = graft_script(a.steps, b.steps, random); break;
  }
  if (child.steps.size() > steps_max) child.steps.resize(steps_max);
  return child;
}

}  // namespace cede
