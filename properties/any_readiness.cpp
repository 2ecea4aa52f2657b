// Scenarios about descriptors: few names, so that they meet, and small patterns.
#include <iterator>

#include "properties/bias.h"

namespace cede {
namespace {

using enum Verb;

constexpr Weight weights[] = {
    {create_pair, 4}, {create_pipe, 4},  {open_file, 1},   {duplicate, 3},     {write, 26},
    {write_later, 12}, {read, 18},       {fill, 5},        {drain, 5},         {shut, 5},
    {reopen, 4},      {add_reader, 30},  {add_writer, 18}, {remove_reader, 9}, {remove_writer, 7},
    {receive, 12},
};

constexpr std::array pair_names{Name("x"), Name("y"), Name("z")};

Name any_pair(Random& random) { return random.once_in(8) ? pair_names[2] : pair_names[random.below(2)]; }

Name name(Random& random, const Step&, Arg arg) { return arg == Arg::thing ? any_pair(random) : Name{}; }

Value some(Random& random) { return Value::of(std::int64_t{1 + random.below(3)}); }

Nanos soon(Random& random) { return (1 + random.below(6)) * millisecond; }

Step add(Random& random, Name who, Name pair, Name callback) {
  return {.who = who, .verb = random.once_in(3) ? add_writer : add_reader, .name = pair, .script = callback};
}

using Steps = std::vector<Step>;

void later(Random& random, Steps& steps, Name pair) {
  steps.push_back(
      {.who = main_script, .verb = write_later, .name = pair, .time = soon(random), .value = some(random)});
}

/// Two callbacks of one descriptor, or of two, and what either does to the other (IO-5 to IO-7).
void two_callbacks(Random& random, Steps& steps) {
  Name x = pair_names[0], y = random.once_in(2) ? x : pair_names[1];
  steps.push_back({.who = main_script, .verb = write, .name = x, .value = some(random)});
  if (y != x) steps.push_back({.who = main_script, .verb = write, .name = y, .value = some(random)});
  Verb other = y == x ? add_writer : add_reader;
  steps.push_back({.who = main_script, .verb = add_reader, .name = x, .script = Name("a")});
  steps.push_back({.who = main_script, .verb = other, .name = y, .script = Name("b")});
  Verb removal = other == add_writer ? remove_writer : remove_reader;
  Name third = random.once_in(3) ? Name("c") : Name("b");
  switch (random.below(7)) {
    case 0:
      steps.push_back({.who = Name("a"), .verb = removal, .name = y});
      if (y != x) steps.push_back({.who = Name("b"), .verb = remove_reader, .name = x});
      return;
    case 1: steps.push_back({.who = Name("a"), .verb = other, .name = y, .script = third}); return;
    case 2:
      steps.push_back({.who = main_script, .verb = call_soon, .name = Name("d")});
      steps.push_back({.who = Name("d"), .verb = other, .name = y, .script = third});
      return;
    case 3: steps.push_back({.who = main_script, .verb = removal, .name = y}); return;
    case 4:
    case 5:
      steps.push_back({.who = main_script, .verb = call_soon, .name = Name("d")});
      steps.push_back({.who = Name("d"), .verb = removal, .name = y});
      return;
    default: steps.push_back({.who = Name("a"), .verb = read, .name = x, .value = some(random)}); return;
  }
}

/// A full buffer that is drained, or a peer that goes (IO-8).
void room(Random& random, Steps& steps) {
  Name x = pair_names[0];
  bool pipe = random.once_in(2);
  if (pipe) steps.push_back({.who = main_script, .verb = create_pipe, .name = x});
  else if (!random.once_in(3)) steps.push_back({.who = main_script, .verb = fill, .name = x});
  Verb verb = pipe ? add_reader : add_writer;
  steps.push_back({.who = main_script, .verb = verb, .name = x, .script = Name("a")});
  steps.push_back({.who = main_script, .verb = call_later, .name = Name("b"), .time = soon(random)});
  steps.push_back({.who = Name("b"), .verb = random.once_in(2) || pipe ? shut : drain, .name = x});
}

/// Somebody else is faster, or the callback fails (IO-9, IO-10).
void stale_or_failing(Random& random, Steps& steps) {
  Name x = pair_names[0];
  steps.push_back({.who = main_script, .verb = add_reader, .name = x, .script = Name("a")});
  steps.push_back({.who = main_script, .verb = write, .name = x, .value = some(random)});
  if (random.once_in(2)) {
    steps.push_back({.who = Name("a"), .verb = raise, .value = Value::of(ErrorKind::key)});
    if (random.once_in(4)) steps.push_back({.who = main_script, .verb = limit, .value = Value::of(std::int64_t{8})});
    return;
  }
  steps.push_back({.who = main_script, .verb = call_soon, .name = Name("b")});
  steps.push_back({.who = Name("b"), .verb = read, .name = x, .value = Value::of(std::int64_t{3})});
  steps.push_back({.who = Name("a"), .verb = read, .name = x, .value = Value::of(std::int64_t{1})});
  if (random.once_in(2)) later(random, steps, x);
}

/// The last pass of a run, and the time between runs (IO-11, LIVE-2).
void between_runs(Random& random, Steps& steps) {
  Name x = pair_names[0];
  steps.push_back({.who = main_script, .verb = add_reader, .name = x, .script = Name("a")});
  steps.push_back({.who = main_script, .verb = call_soon, .name = Name("b")});
  steps.push_back({.who = Name("b"), .verb = stop});
  if (random.once_in(2)) steps.push_back({.who = Name("b"), .verb = write, .name = x, .value = some(random)});
  if (random.once_in(2)) steps.push_back({.who = main_script, .verb = write, .name = x, .value = some(random)});
  steps.push_back({.who = main_script, .verb = run});
  if (random.once_in(2)) steps.push_back({.who = main_script, .verb = write, .name = x, .value = some(random)});
  steps.push_back({.who = Name("a"), .verb = read, .name = x, .value = some(random)});
}

/// Who receives, beside somebody who sleeps or receives, and perhaps is cancelled (IO-12, LIVE-12).
void receivers(Random& random, Steps& steps) {
  Name x = pair_names[0], y = pair_names[1], t("t"), u("u");
  steps.push_back({.who = main_script, .verb = create_task, .name = t});
  steps.push_back({.who = main_script, .verb = create_task, .name = u});
  steps.push_back({.who = t, .verb = receive, .name = x});
  if (random.once_in(2)) steps.push_back({.who = u, .verb = receive, .name = y});
  else steps.push_back({.who = u, .verb = sleep, .time = soon(random)});
  if (random.once_in(3)) {
    steps.push_back({.who = u, .verb = cancel_task, .name = t});
    steps.push_back({.who = u, .verb = write, .name = x, .value = some(random)});
    if (random.once_in(2)) steps.push_back({.who = u, .verb = yield});
    steps.push_back({.who = u, .verb = remove_reader, .name = x});
    steps.push_back({.who = u, .verb = read, .name = x, .value = some(random)});
    return;
  }
  later(random, steps, x);
  later(random, steps, y);
}

/// A task that looks and yields, beside one that computes (IO-13).
void lookers(Random& random, Steps& steps) {
  Name x = pair_names[0], t("t"), u("u");
  steps.push_back({.who = main_script, .verb = create_task, .name = t});
  steps.push_back({.who = main_script, .verb = create_task, .name = u});
  for (std::uint32_t i = 2 + random.below(3); i > 0; --i) {
    steps.push_back({.who = t, .verb = read, .name = x, .value = some(random)});
    steps.push_back({.who = t, .verb = yield});
    steps.push_back({.who = u, .verb = yield});
  }
  if (random.once_in(2)) steps.push_back({.who = u, .verb = write, .name = x, .value = some(random)});
}

/// A number that is used again, and copies (IO-14).
void reopened(Random& random, Steps& steps) {
  Name x = pair_names[0], y = pair_names[1];
  steps.push_back(add(random, main_script, x, Name("a")));
  if (random.once_in(2)) steps.push_back({.who = main_script, .verb = duplicate, .name = x, .script = y});
  Name who = main_script;
  if (random.once_in(2)) {
    who = Name("d");
    steps.push_back({.who = main_script, .verb = call_soon, .name = who});
  }
  steps.push_back({.who = who, .verb = reopen, .name = x});
  steps.push_back({.who = who, .verb = write, .name = x, .value = some(random)});
  steps.push_back(add(random, who, x, Name("b")));
}

/// Jobs that go on and on beside descriptors and timers (LIVE-3 to LIVE-5).
void restless(Random& random, Steps& steps) {
  Name x = pair_names[0], y = pair_names[1], d("d");
  steps.push_back({.who = main_script, .verb = add_reader, .name = x, .script = Name("a")});
  if (random.once_in(2)) {
    steps.push_back({.who = main_script, .verb = add_reader, .name = y, .script = Name("b")});
    steps.push_back({.who = main_script, .verb = write, .name = y, .value = some(random)});
  }
  steps.push_back({.who = main_script, .verb = call_soon, .name = d});
  if (random.once_in(2))
    steps.push_back({.who = main_script, .verb = call_later, .name = Name("c"), .time = soon(random)});
  if (random.once_in(2)) steps.push_back({.who = d, .verb = busy, .time = 2 * millisecond});
  if (random.once_in(2)) steps.push_back({.who = d, .verb = write, .name = x, .value = some(random)});
  else steps.push_back({.who = main_script, .verb = write, .name = x, .value = some(random)});
  steps.push_back({.who = d, .verb = call_soon, .name = d});
  if (random.once_in(2)) steps.push_back({.who = Name("a"), .verb = read, .name = x, .value = some(random)});
}

void motif(Random& random, Steps& steps) {
  constexpr void (*motifs[])(Random&, Steps&) = {two_callbacks,    two_callbacks, room,      stale_or_failing,
                                                 stale_or_failing, between_runs,  receivers, lookers,
                                                 reopened,         restless};
  motifs[random.below(std::size(motifs))](random, steps);
}

}  // namespace

Bias readiness_bias() { return {weights, name, motif}; }

}  // namespace cede
