#include "properties/shrink.h"

#include <algorithm>
#include <array>
#include <tuple>

namespace cede {
namespace {

/// From the simplest on: marks and plain calls before those that need more to be understood.
int rank(Verb verb) {
  switch (verb) {
    case Verb::log: return 0;
    case Verb::call_soon: return 1;
    case Verb::create_task: return 2;
    case Verb::yield: return 3;
    case Verb::await: return 4;
    case Verb::set_result: return 5;
    case Verb::call_later: return 6;
    default: return 10 + static_cast<int>(verb);
  }
}

/// Zero first, then small; above that those that are never reached.
auto rank(Nanos time) { return std::pair(time < 0, time < 0 ? -(time + 1) : time); }

auto rank(const Value& value) { return std::tuple(value.kind, value.error, value.number, value.name); }

auto rank(const Step& step) {
  return std::tuple(rank(step.verb), rank(step.time), rank(step.value), step.who != main_script, step.who,
                    step.name, step.script, step.other);
}

/// A number that may not be left out.
bool takes_number(Verb verb) {
  return std::ranges::any_of(row(verb).args, [](Arg arg) { return arg == Arg::number || arg == Arg::integer; });
}

/// Tries candidates and keeps the current best.
class Shrinker {
 public:
  Shrinker(Scenario scenario, const StillFails& still_fails)
      : best_(std::move(scenario)), still_fails_(still_fails) {}

  Scenario run() {
    while (remove_runs() || rename() || remove_pairs() || simplify_steps() || remove_and_swap() || swap_neighbours()) {}
    return best_;
  }

 private:
  using Steps = std::vector<Step>;

  bool accept(Steps steps) {
    Scenario candidate{std::move(steps)};
    if (!simpler(candidate, best_) || !still_fails_(candidate)) return false;
    best_ = std::move(candidate);
    return true;
  }

  bool remove_runs() {
    bool any = false;
    for (std::size_t length = best_.steps.size(); length > 0; length /= 2)
      for (std::size_t at = 0; at + length <= best_.steps.size();) {
        Steps steps = best_.steps;
        steps.erase(steps.begin() + at, steps.begin() + at + length);
        if (accept(std::move(steps))) any = true;
        else ++at;
      }
    return any;
  }

  /// Two lines that only make sense together.
  bool remove_pairs() {
    if (best_.steps.size() > 12) return false;
    for (std::size_t i = 0; i < best_.steps.size(); ++i)
      for (std::size_t j = i + 1; j < best_.steps.size(); ++j) {
        Steps steps = best_.steps;
        steps.erase(steps.begin() + j);
        steps.erase(steps.begin() + i);
        if (accept(std::move(steps))) return true;
      }
    return false;
  }

  /// One name by another throughout, so that two things become one, or the alphabet begins at a.
  bool rename() {
    constexpr std::array names{Name("a"), Name("b"), Name("c"), Name("f"), Name("g"), Name("p"),
                               Name("t"), Name("u"), Name("v")};
    for (Name from : names_in_use())
      for (Name to : names) {
        if (to == from) continue;
        Steps steps = best_.steps;
        for (Step& step : steps)
          for (Name* name : {&step.who, &step.name, &step.script, &step.other})
            if (*name == from) *name = to;
        if (accept(std::move(steps))) return true;
      }
    return false;
  }

  std::vector<Name> names_in_use() const {
    std::vector<Name> names;
    for (const Step& step : best_.steps)
      for (Name name : {step.who, step.name, step.script, step.other})
        if (name && name != main_script && std::ranges::find(names, name) == names.end()) names.push_back(name);
    return names;
  }

  bool simplify_steps() {
    for (std::size_t at = 0; at < best_.steps.size(); ++at)
      for (const Step& simpler_step : simpler_steps(best_.steps[at])) {
        Steps steps = best_.steps;
        steps[at] = simpler_step;
        if (accept(std::move(steps))) return true;
      }
    return false;
  }

  static Steps simpler_steps(const Step& step) {
    Steps steps;
    auto with = [&](auto change) {
      Step changed = step;
      change(changed);
      steps.push_back(changed);
    };
    for (Verb verb : {Verb::log, Verb::call_soon, Verb::create_task, Verb::yield, Verb::await, Verb::set_result,
                      Verb::call_later, Verb::call})
      with([&](Step& s) {
        Name name = step.name ? step.name : Name("a");
        s = Step{};
        s.who = step.who;
        s.verb = verb;
        if (verb != Verb::yield) s.name = name;
      });
    if (step.who != main_script) with([](Step& s) { s.who = main_script; });
    for (Nanos time : {Nanos{0}, millisecond, 2 * millisecond, 3 * millisecond, 5 * millisecond})
      with([&](Step& s) { s.time = time; });
    if (step.value.kind == Value::Kind::error) {
      for (ErrorKind error : {ErrorKind::runtime, ErrorKind::key}) with([&](Step& s) { s.value = Value::of(error); });
    } else if (!takes_number(step.verb)) {
      with([](Step& s) { s.value = {}; });
    }
    if (step.value.kind == Value::Kind::number)
      for (std::int64_t number : {0, 1, 2}) with([&](Step& s) { s.value = Value::of(number); });
    for (Name name : {Name("a"), Name("b"), Name("f"), Name("t")})
      if (step.name) with([&](Step& s) { s.name = name; });
    return steps;
  }

  /// A line that was needed only because two others stood the wrong way round.
  bool remove_and_swap() {
    if (best_.steps.size() > 12) return false;
    for (std::size_t removed = 0; removed < best_.steps.size(); ++removed)
      for (std::size_t at = 0; at + 2 < best_.steps.size(); ++at) {
        Steps steps = best_.steps;
        steps.erase(steps.begin() + removed);
        std::swap(steps[at], steps[at + 1]);
        if (accept(std::move(steps))) return true;
      }
    return false;
  }

  bool swap_neighbours() {
    for (std::size_t at = 0; at + 1 < best_.steps.size(); ++at) {
      Steps steps = best_.steps;
      std::swap(steps[at], steps[at + 1]);
      if (accept(std::move(steps))) return true;
    }
    return false;
  }

  Scenario best_;
  const StillFails& still_fails_;
};

}  // namespace

bool simpler(const Scenario& a, const Scenario& b) {
  if (a.steps.size() != b.steps.size()) return a.steps.size() < b.steps.size();
  // First by how much is in it, then line by line, so that a swap counts only among equals.
  auto weight = [](const Scenario& scenario) {
    long sum = 0;
    for (const Step& step : scenario.steps) {
      Nanos times = std::min<Nanos>(rank(step.time).second / millisecond + (step.time < 0 ? 1000 : 0), 50'000);
      sum += rank(step.verb) * 100L + times +
             static_cast<long>(step.value.kind) * 5 + std::clamp<long>(step.value.number, 0, 50) +
             (step.who != main_script) * 3;
    }
    return sum;
  };
  if (long wa = weight(a), wb = weight(b); wa != wb) return wa < wb;
  return std::ranges::lexicographical_compare(a.steps, b.steps,
                                              [](const Step& x, const Step& y) { return rank(x) < rank(y); });
}

Scenario shrink(Scenario scenario, const StillFails& still_fails) {
  return Shrinker(std::move(scenario), still_fails).run();
}

}  // namespace cede
