#include "properties/generator.h"

#include <algorithm>
#include <array>
#include <numeric>
#include <utility>

#include "properties/bias.h"

namespace cede {
namespace {

/// What swarm switches off together.
enum Group : std::uint32_t {
  always = 0,
  timing = 1 << 0, inlining = 1 << 1, futures = 1 << 2, tasks = 1 << 3, cancelling = 1 << 4,
  failing = 1 << 5, running = 1 << 6, asking = 1 << 7, sleeping = 1 << 8, by_hand = 1 << 9,
  yielding = 1 << 10, callbacks = 1 << 11, handlers = 1 << 12, fatal = 1 << 13, loops = 1 << 14,
  closing = 1 << 15, hogging = 1 << 16,
};

struct CoreWeight {
  Verb verb;
  int weight;
  std::uint32_t group;
};

constexpr CoreWeight weights[] = {
    {Verb::log, 2, always},
    {Verb::busy, 10, hogging},
    {Verb::time, 2, asking},
    {Verb::call_soon, 34, callbacks},
    {Verb::call_later, 26, timing},
    {Verb::call_at, 18, timing},
    {Verb::cancel, 15, cancelling},
    {Verb::when, 3, asking | timing},
    {Verb::set_exception_handler, 4, handlers | failing},
    {Verb::stop, 12, running},
    {Verb::run, 8, running},
    {Verb::run_until_complete, 7, running},
    {Verb::close, 3, closing},
    {Verb::run_in_new_loop, 3, loops},
    {Verb::is_running, 2, asking | running},
    {Verb::is_closed, 2, asking | closing},
    {Verb::get_running_loop, 3, asking | loops},
    {Verb::create_future, 5, futures},
    {Verb::set_result, 22, futures},
    {Verb::set_exception, 7, futures | failing},
    {Verb::cancel_future, 8, futures | cancelling},
    {Verb::add_done_callback, 20, futures},
    {Verb::remove_done_callback, 6, futures},
    {Verb::done, 4, asking},
    {Verb::cancelled, 3, asking},
    {Verb::result, 4, asking},
    {Verb::exception, 4, asking},
    {Verb::create_task, 40, tasks},
    {Verb::cancel_task, 8, tasks | cancelling},
    {Verb::cancelling, 2, tasks | asking | cancelling},
    {Verb::current_task, 4, tasks | asking},
    {Verb::all_tasks, 4, tasks | asking},
    {Verb::create_coroutine, 11, by_hand},
    {Verb::send, 8, by_hand},
    {Verb::get_awaiter, 5, by_hand},
    {Verb::await, 44, always},
    {Verb::call, 24, inlining},
    {Verb::yield, 22, yielding},
    {Verb::sleep, 16, sleeping},
    {Verb::catch_, 10, inlining | failing},
    {Verb::repeat, 8, inlining},
    {Verb::raise, 10, failing},
    {Verb::return_, 5, asking},
};

/// One draw picks a verb: the table has each verb as often as its weight says.
constexpr std::size_t draws = [] {
  std::size_t sum = 0;
  for (const CoreWeight& weight : weights) sum += weight.weight;
  return sum;
}();
constexpr std::array<const CoreWeight*, draws> by_draw = [] {
  std::array<const CoreWeight*, draws> table{};
  std::size_t at = 0;
  for (const CoreWeight& weight : weights)
    for (int i = 0; i < weight.weight; ++i) table[at++] = &weight;
  return table;
}();

/// A script that never gets a step.
constexpr Name silent_name{"e"};

/// Names are told apart by their first letters; those of a kind follow each other in the alphabet.
char letter(Name name) { return name.text().data()[0]; }

template <std::size_t n>
bool contains(const std::array<Name, n>& names, Name name) {
  return letter(names.front()) <= letter(name) && letter(name) <= letter(names.back());
}

bool is_coroutine(Name who) { return contains(task_names, who) || contains(coroutine_names, who); }

Nanos any_fraction(Random& random) {
  constexpr std::array<Nanos, 4> fractions{1, 300, 500, 999};
  return fractions[random.below(fractions.size())] * microsecond;
}

Nanos any_duration(Random& random, Verb verb) {
  constexpr std::array<Nanos, 16> usual{0, 0, 0, 1, 1, 1, 2, 2, 3, 3, 4, 5, 6, 8, 10, 12};
  if (verb == Verb::busy) return (1 + random.below(12)) * millisecond + (random.once_in(16) ? any_fraction(random) : 0);
  if (verb != Verb::sleep && random.once_in(150)) return random.once_in(2) ? forever : 100'000 * second;  // above a day
  if (verb != Verb::busy && random.once_in(12)) return -static_cast<Nanos>(1 + random.below(3)) * millisecond;
  Nanos duration = usual[random.below(usual.size())] * millisecond;
  return random.once_in(16) ? duration + any_fraction(random) : duration;  // loops that count in ms round
}

ErrorKind any_error(Random& random, std::uint32_t off) {
  constexpr std::array usual{ErrorKind::key,     ErrorKind::key,     ErrorKind::value,
                             ErrorKind::runtime, ErrorKind::timeout, ErrorKind::cancelled};
  if (!(off & fatal) && random.once_in(2)) return ErrorKind::exit;
  return usual[random.below(usual.size())];
}

Value any_value(Random& random) {
  if (random.once_in(4)) return {};
  if (random.once_in(5)) return Value::of(pick(random, future_names));
  return Value::of(std::int64_t{1 + random.below(9)});
}

/// Builds one scenario line by line; who acts next is one of those that something has started.
class Author {
 public:
  /// With a bias the verbs of a family are said too.
  Author(Random& random, const Bias* bias) : random_(random), bias_(bias) {
    places_.fill(not_started);
    // Half of the scenarios may say everything but the rare; the others leave out what swarm says.
    off_ = random.once_in(2) ? 0 : static_cast<std::uint32_t>(random.next() & random.next());
    for (auto rare : {fatal, loops, handlers})
      if (!random.once_in(3)) off_ |= rare;
    if (!random.once_in(6)) off_ |= closing;
    start(main_script);
  }

  /// Somebody else has written this step.
  void adopt(const Step& step) {
    start(step.who);
    if (takes_script(step.verb)) start(step.script ? step.script : step.name);
    if (step.verb == Verb::finally_) start(step.name);
  }

  Step step() {
    bool drawn = foreseen_ == 0;
    Step step = drawn ? any() : next_[--foreseen_];
    if (drawn) foresee(step);
    if (foreseen_ > 0) return step;
    if (Step sequel = sequel_of(step); sequel.who) next_[foreseen_++] = sequel;
    return step;
  }

 private:
  Step any() {
    Step step;
    // The newest speakers have said least.
    step.who = started_[std::max(random_.below(started_count_), random_.below(started_count_))];
    if (random_.once_in(4)) step.who = main_script;
    step.verb = verb_for(step.who);
    for (Arg arg : row(step.verb).args) fill(arg, step);
    if (step.script && registered_.script && random_.once_in(3)) {  // callbacks come twice, and are removed
      step.name = registered_.name;
      step.script = registered_.script;
    }
    return step;
  }

  /// What is awaited has to end some time, and who creates a task often awaits it.
  void foresee(const Step& step) {
    if (step.verb == Verb::add_done_callback) registered_ = step;
    if (step.verb == Verb::await && contains(future_names, step.name)) {
      awaited_ = step.name;
      awaiter_ = step.who;
    }
    if (step.verb == Verb::cancel_future && step.name == awaited_ && random_.once_in(3))
      next_[foreseen_++] = {.who = step.who, .verb = Verb::cancelling, .name = awaiter_};
    if (step.verb == Verb::create_task && is_coroutine(step.who) && random_.once_in(3))
      next_[foreseen_++] = {.who = step.who, .verb = Verb::await, .name = step.name};
    bool lonely = step.verb == Verb::await && step.name == awaited_ && !(off_ & (tasks | futures | callbacks));
    if (lonely && contains(task_names, step.who) && random_.once_in(2)) foresee_company(step);
  }

  template <std::size_t n>
  Name another(Name than, const std::array<Name, n>& names) {
    Name name = than;
    while (name == than) name = pick(random_, names);
    return name;
  }

  /// Another task waits for another future, and one callback is the cause that both go on: it completes
  /// both, or the one whose waiter completes the other.
  void foresee_company(const Step& step) {
    Name other = another(step.who, task_names), future = another(step.name, future_names);
    Name cause = pick(random_, callback_names);
    Name completer = random_.once_in(5) ? cause : step.who;
    start(other);
    start(cause);
    for (const Step& last_first : {Step{.who = cause, .verb = Verb::set_result, .name = step.name},
                                   Step{.who = completer, .verb = Verb::set_result, .name = future},
                                   Step{.who = main_script, .verb = Verb::call_soon, .name = cause},
                                   Step{.who = other, .verb = Verb::await, .name = future},
                                   Step{.who = main_script, .verb = Verb::create_task, .name = other},
                                   Step{.who = main_script, .verb = Verb::create_task, .name = step.who}})
      next_[foreseen_++] = last_first;
  }

  /// Steps that are seldom drawn together and only together say much; without a speaker none.
  Step sequel_of(const Step& step) {
    const Name name = step.name;
    const std::uint32_t draw = random_.below(16);
    switch (step.verb) {
      case Verb::create_coroutine:
        if (draw < 2) return {step.who, Verb::get_awaiter, name};
        if (draw < 5) return {step.who, Verb::send, name};
        return draw < 12 ? Step{any_task(), Verb::await, name} : Step{};
      case Verb::await:
        if (!contains(coroutine_names, name)) return {};
        if (draw < 5) return {name, Verb::yield};
        return draw < 12 ? Step{any_task(), Verb::await, name} : Step{};
      case Verb::send:
        if (draw < 4) return {.who = name, .verb = Verb::yield, .value = any_value(random_)};
        if (draw < 12) return {.who = step.who, .verb = Verb::send, .name = name, .value = any_value(random_)};
        return {};
      default: return {};
    }
  }

  /// One that has been started, if there is one.
  Name any_task() {
    Name task = pick(random_, task_names);
    for (int tries = 0; tries < 4; ++tries)
      if (Name name = started_[random_.below(started_count_)]; contains(task_names, name)) task = name;
    return task;
  }

  Verb verb_for(Name who) {
    if (bias_ && random_.once_in(2)) {
      Verb verb = biased_verb();
      if (row(verb).speaker != Speaker::coroutine || is_coroutine(who)) return verb;
    }
    for (int tries = 0; tries < 16; ++tries) {
      const CoreWeight& weight = *by_draw[random_.below(draws)];
      if (weight.group & off_) continue;
      if (row(weight.verb).speaker == Speaker::coroutine && !is_coroutine(who)) continue;
      if (who == main_script && (weight.verb == Verb::raise || weight.verb == Verb::return_)) continue;
      return weight.verb;
    }
    return Verb::log;
  }

  Verb biased_verb() {
    auto sum = [](std::uint32_t sum, const Weight& weight) { return sum + weight.weight; };
    std::uint32_t draw = random_.below(std::accumulate(bias_->weights.begin(), bias_->weights.end(), 0u, sum));
    const Weight* weight = bias_->weights.data();
    for (; draw >= weight->weight; ++weight) draw -= weight->weight;
    return weight->verb;
  }

  void fill(Arg arg, Step& step) {
    if (bias_ && bias_->name && is_name(arg)) {
      if (Name name = bias_->name(random_, step, arg)) {
        *step.next_name() = name;
        if (arg == Arg::script) start(name);
        return;
      }
    }
    switch (arg) {
      case Arg::nothing: return;
      case Arg::thing: *step.next_name() = pick(random_, future_names); return;
      case Arg::more:
        if (!random_.once_in(4)) *step.next_name() = object_for(step);
        return;
      case Arg::duration: step.time = any_duration(random_, step.verb); return;
      case Arg::value: step.value = any_value(random_); return;
      case Arg::error: step.value = Value::of(caught(step.verb, any_error(random_, off_))); return;
      case Arg::integer: step.value = Value::of(random_.once_in(8) ? -1 : std::int64_t{random_.below(4)}); return;
      case Arg::number: step.value = Value::of(std::int64_t{random_.below(5)}); return;
      case Arg::word: *step.next_name() = pick(random_, callback_names); return;
      case Arg::handle: *step.next_name() = pick(random_, callback_names); return;
      case Arg::object: *step.next_name() = object_for(step); return;
      case Arg::script: {
        Name script = script_for(step);
        *step.next_name() = script;
        start(script);
        return;
      }
    }
  }

  ErrorKind caught(Verb verb, ErrorKind error) {
    return verb == Verb::catch_ && random_.once_in(3) ? ErrorKind::generic : error;
  }

  Name object_for(const Step& step) {
    switch (step.verb) {
      case Verb::create_future: return pick(random_, future_names);
      case Verb::send: return pick(random_, coroutine_names);
      case Verb::cancel_task:
      case Verb::cancelling: return pick(random_, task_names);
      default: break;
    }
    bool ends = step.verb == Verb::set_result || step.verb == Verb::set_exception || step.verb == Verb::cancel_future;
    if (ends && awaited_ && random_.once_in(2)) return awaited_;
    std::uint32_t draw = random_.below(16);
    if (draw == 0) return pick(random_, coroutine_names);
    bool task = !(off_ & tasks) && (off_ & futures || draw < 7);
    return task ? pick(random_, task_names) : pick(random_, future_names);
  }

  Name script_for(const Step& step) {
    if (step.verb == Verb::create_task) return onward(step.who, task_names);
    bool inlined = row(step.verb).speaker == Speaker::coroutine;
    if (step.verb == Verb::create_coroutine || inlined) return onward(step.who, coroutine_names);
    return onward(step.who, callback_names);
  }

  /// Mostly a script that was started after the speaker, since circles run until scripts fall silent.
  template <std::size_t n>
  Name onward(Name who, const std::array<Name, n>& names) {
    if (random_.once_in(24)) return pick(random_, names);
    for (int tries = 0; tries < 4; ++tries)
      if (Name name = pick(random_, names); place(name) > place(who)) return name;
    return silent_name;
  }

  /// When the script was started; those that were not come last.
  std::uint32_t place(Name script) const { return places_[letter(script) % letters]; }

  void start(Name script) {
    if (script == silent_name || place(script) != not_started) return;
    places_[letter(script) % letters] = static_cast<std::uint8_t>(started_count_);
    started_[started_count_++] = script;
  }

  static constexpr std::size_t letters = 32;
  static constexpr std::uint8_t not_started = 255;

  Random& random_;
  const Bias* bias_;
  std::uint32_t off_ = 0;
  std::array<Name, letters> started_;
  std::array<std::uint8_t, letters> places_;  // in `started_`, by letter
  std::uint32_t started_count_ = 0;
  Name awaited_, awaiter_;  // the last future that somebody awaits, and who
  Step registered_;         // the last done-callback
  std::array<Step, 8> next_;  // what the last step calls for, the last of it first
  std::uint32_t foreseen_ = 0;
};

/// One task awaits a future, and another yields until it completes it (SLEEP-5).
void add_watcher(Random& random, std::vector<Step>& steps) {
  Name sleeper = task_names[random.below(2)], watcher = task_names[2 + random.below(2)];
  Name future = pick(random, future_names);
  steps.push_back({.who = main_script, .verb = Verb::create_task, .name = sleeper});
  steps.push_back({.who = main_script, .verb = Verb::create_task, .name = watcher});
  steps.push_back({.who = sleeper, .verb = Verb::await, .name = future});
  for (std::uint32_t looks = 1 + random.below(3); looks > 0; --looks)
    steps.push_back({.who = watcher, .verb = Verb::yield});
  steps.push_back({.who = watcher, .verb = Verb::set_result, .name = future, .value = any_value(random)});
}

/// Two tasks await one coroutine object (CORO-6).
void add_second_awaiter(Random& random, std::vector<Step>& steps) {
  Name shared = pick(random, coroutine_names);
  steps.push_back({.who = main_script, .verb = Verb::create_coroutine, .name = shared});
  for (std::uint32_t i = 0; i < 2; ++i) {
    steps.push_back({.who = main_script, .verb = Verb::create_task, .name = task_names[i]});
    steps.push_back({.who = task_names[i], .verb = Verb::await, .name = shared});
  }
  steps.push_back({.who = shared, .verb = Verb::yield});
}

/// A job cancels a timer that is due in its own pass (TIMER-12).
void add_late_cancel(Random& random, std::vector<Step>& steps) {
  Nanos delay = random.below(3) * millisecond;
  Name canceller = callback_names[random.below(2)], timer = callback_names[2 + random.below(2)];
  steps.push_back({.who = main_script, .verb = Verb::call_soon, .name = canceller});
  steps.push_back({.who = main_script, .verb = Verb::call_later, .name = timer, .time = delay});
  if (delay > 0) steps.push_back({.who = main_script, .verb = Verb::busy, .time = delay});
  steps.push_back({.who = canceller, .verb = Verb::cancel, .name = timer});
}

/// What hardly comes about by itself.
void add_rarity(Random& random, std::vector<Step>& steps) {
  switch (random.below(3)) {
    case 0: return add_watcher(random, steps);
    case 1: return add_second_awaiter(random, steps);
    default: return add_late_cancel(random, steps);
  }
}

/// Half of the scenarios are about the core alone, which is what all else stands on. Cancellation, which
/// has the most clauses, comes first among the others and has two shares.
const Bias* any_bias(Random& random) {
  if (biases().empty() || random.once_in(2)) return nullptr;
  std::uint32_t share = random.below(static_cast<std::uint32_t>(biases().size()) + 1);
  return &biases()[share == 0 ? 0 : share - 1];
}

}  // namespace

void any_scenario(Random& random, Scenario& scenario) {
  any_scenario(random, random.once_in(8) ? 2 + random.below(40) : 2 + random.below(18), scenario);
}

void any_scenario(Random& random, std::uint32_t steps, Scenario& scenario) {
  scenario.steps.clear();
  if (random.once_in(60)) add_rarity(random, scenario.steps);
  const Bias* bias = any_bias(random);
  Author author(random, bias);
  if (bias && bias->motif && !random.once_in(3)) bias->motif(random, scenario.steps);
  for (const Step& step : scenario.steps) author.adopt(step);
  if (!scenario.steps.empty() && random.once_in(2)) steps /= 4;
  while (steps-- > 0) scenario.steps.push_back(author.step());
}

Scenario any_scenario(Random& random) {
  Scenario scenario;
  any_scenario(random, scenario);
  return scenario;
}

Step any_step(Random& random) {
  Author author(random, any_bias(random));
  author.adopt({.who = pick(random, task_names)});  // without a coroutine among them few verbs can be said
  for (std::uint32_t before = random.below(12); before > 0; --before) (void)author.step();
  return author.step();
}

}  // namespace cede
