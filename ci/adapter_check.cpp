#include "ci/adapter_check.h"

#include <unistd.h>

#include <algorithm>
#include <filesystem>
#include <functional>
#include <iterator>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include <fmt/format.h>

#include "adapters/adapters.h"
#include "adapters/plugin.h"
#include "adapters/virtual_time.h"
#include "adapters/wire.h"
#include "ci/child.h"
#include "ci/text.h"
#include "ci/wire_check.h"

namespace cede {
namespace {

namespace fs = std::filesystem;

/// How a play in a process of its own went.
struct Ended {
  enum class How { done, called_back_wrongly, cannot_be_ended, endless, blocked, crashed, driver };
  How how = How::done;
  std::string said;     // what the job returned
  std::string why;
  std::string printed;  // to standard error
};

struct Check {
  std::string_view name;
  std::string_view scenario;
  /// What to change, judging by the trace; empty if nothing.
  std::string (*hint)(const Trace&);
  /// ... if the loop called back what it did not owe.
  std::string_view if_not_owed;
  /// ... if it went on after it was told to stop, again and again.
  std::string_view if_cannot_be_ended;
};

constexpr std::string_view ends_run = "run goes on after stop: let it return once the turn is over";
constexpr std::string_view wakes =
    "an idle loop is not woken by call_soon_threadsafe, or by the descriptor that is used in its place: end its wait, "
    "by an eventfd or a pipe that it polls";
constexpr std::string_view once = "a callback is called twice: forget the call before you make it";
constexpr std::string_view takes_back = "a cancelled callback is called: have cancel take the call out of the loop";
constexpr std::string_view clean =
    "a loop calls what another one was asked for: keep its state in the loop, and free all of it in destroy";
constexpr std::string_view no_timers = "the callback of call_later is never called: look at the timers in each turn";
constexpr std::string_view forgets =
    "a reader or writer is called after it was removed: forget it, also when it was found ready in this turn";
constexpr std::string_view polls =
    "run turns and never polls: with nothing ready wait in poll, epoll_wait or select, on the thread that called run";
constexpr std::string_view silent =
    "no answer comes, and it waits: flush standard output behind each answer, and read line by line";
constexpr std::string_view hidden =
    "run waits where cede cannot see it, such as for a condition, a futex or another thread: wait in poll, epoll_wait "
    "or select, on the thread that called run";

// What is looked for in traces.

std::size_t find(const Trace& trace, What what, Verb verb = Verb::count_) {
  auto is_meant = [=](const Event& event) {
    return event.what == what && (verb == Verb::count_ || event.step.verb == verb);
  };
  return static_cast<std::size_t>(std::ranges::find_if(trace.events, is_meant) - trace.events.begin());
}

bool has(const Trace& trace, What what, Verb verb = Verb::count_) {
  return find(trace, what, verb) < trace.events.size();
}

/// When the script was called, each time.
std::vector<Nanos> calls_of(const Trace& trace, const char* script) {
  std::vector<Nanos> calls;
  for (const Event& event : trace.events)
    if (event.what == What::enter && event.step.who == Name(script)) calls.push_back(event.at);
  return calls;
}

/// What every trace can be wrong in.
std::string common_hint(const Trace& trace) {
  if (has(trace, What::stuck))
    return "it polls and polls and does not wait: wait until the next deadline, and for ever if there is none";
  return {};
}

/// The unit that a number is in which should be nanoseconds; empty if none explains it.
std::string_view unit(double seen, double wanted) {
  for (auto [factor, name] : {std::pair{1e3, "microseconds"}, {1e6, "milliseconds"}, {1e9, "seconds"}})
    if (seen * factor > 0.9 * wanted && seen * factor < 1.1 * wanted) return name;
  return {};
}

// The hints.

std::string hint_on_calling(const Trace& trace) {
  std::size_t run = find(trace, What::did, Verb::run);
  if (find(trace, What::enter) < run)
    return "call_soon calls back at once: put the callback into a queue, and call it from run";
  std::vector<Nanos> calls = calls_of(trace, "a");
  if (calls.size() > 1) return std::string(once);
  if (std::string hint = common_hint(trace); !hint.empty()) return hint;
  if (calls.empty() && has(trace, What::rest)) return "the callback of call_soon is never called: call it from run";
  if (calls.empty()) return "run returns and leaves callbacks uncalled: have it return once stop was called";
  if (has(trace, What::rest)) return std::string(ends_run);
  return {};
}

std::string hint_on_idling(const Trace& trace) {
  if (std::string hint = common_hint(trace); !hint.empty()) return hint;
  if (!has(trace, What::rest))
    return "run returns when there is nothing to do: have it wait until somebody calls stop";
  return {};
}

std::string hint_on_clock(const Trace& trace) {
  std::size_t asked = find(trace, What::did, Verb::time);
  if (asked == trace.events.size() && has(trace, What::rest)) return std::string(no_timers);
  Nanos seen = asked < trace.events.size() ? trace.events[asked].answer.value.number : 0;
  if (seen >= 3599 * second && seen <= 3601 * second) return {};
  if (auto found = unit(static_cast<double>(seen), 3600. * second); !found.empty())
    return fmt::format("time counts {}: nanoseconds are wanted", found);
  return fmt::format("an hour went by, and time counted {} of it: read the clock anew in each turn, by clock_gettime "
                     "or the like of the C library; a raw system call, the vDSO and rdtsc pass cede by",
                     to_string_duration(seen));
}

std::string hint_on_timer(const Trace& trace) {
  std::vector<Nanos> calls = calls_of(trace, "a");
  if (calls.empty()) return std::string(no_timers);
  const double seen = static_cast<double>(calls[0]), wanted = second;
  const std::string what = fmt::format("a timer of 1s is called after {}", to_string_duration(calls[0]));
  if (std::string_view found = unit(wanted, seen); !found.empty())
    return fmt::format("{}: its delay is in nanoseconds, and the loop took them for {}", what, found);
  if (seen < 0.01 * wanted) return fmt::format("{}: its delay is in nanoseconds, not in a smaller unit", what);
  if (calls[0] < second - trace.resolution)
    return fmt::format("{}: do not call it before its deadline, or declare the resolution", what);
  if (seen > 1.01 * wanted) return fmt::format("{}: limit the wait by the next deadline", what);
  return {};
}

std::string hint_on_cancelling(const Trace& trace) {
  if (calls_of(trace, "a").empty() && calls_of(trace, "b").empty()) return {};
  return std::string(takes_back);
}

std::string hint_on_waking(const Trace& trace) {
  std::vector<Nanos> calls = calls_of(trace, "a");
  if (!calls.empty() && calls[0] >= 5 * millisecond && calls[0] < 10 * millisecond) return {};
  return std::string(wakes);
}

std::string hint_on_reading(const Trace& trace) {
  for (Verb verb : {Verb::add_reader, Verb::add_writer}) {
    std::size_t added = find(trace, What::did, verb);
    if (added < trace.events.size() && trace.events[added].answer.is_raised())
      return fmt::format("{} is refused for a pipe: watch it, or declare the verb unsupported", spelling(verb));
  }
  std::vector<Nanos> calls = calls_of(trace, "r");
  if (!calls.empty() && calls[0] < 5 * millisecond)
    return "a reader is called while there is nothing to read: call it when its descriptor is found ready";
  if (calls.size() > 1)
    return "a reader is called again though all was read: call it in turns that find its descriptor ready";
  if (calls.empty()) return "a reader is never called: poll its descriptor, and call it when that can be read";
  return {};
}

std::string hint_on_removing(const Trace& trace) {
  if (calls_of(trace, "r").size() == 1 && calls_of(trace, "w").size() == 1) return {};
  if (calls_of(trace, "w").empty())
    return "a writer is never called: poll its descriptor, and call it when there is room";
  return std::string(forgets);
}

constexpr std::string_view bustle =
    "main: call_soon a\nmain: call_soon b\nmain: call_soon c\nmain: call_soon d\nmain: call_soon e\n"
    "main: call_later 30ms f\nmain: call_later 10ms g\ng: call_soon a\ng: call_soon b\ng: stop\n";

/// In the order in which one needs the other.
constexpr Check checks[] = {
    {"a callback is called once, from run, until stop", "main: call_soon a\na: stop\n", hint_on_calling, once,
     ends_run},
    {"an idle loop waits, and can be woken", "main: call_soon a\na: log called\n", hint_on_idling, once, wakes},
    {"the clock is cede's, in nanoseconds", "main: call_soon a\na: busy 3600s\na: call_later 1ms b\nb: time\nb: stop\n",
     hint_on_clock, once, ends_run},
    {"a timer is called at its deadline", "main: call_later 1s a\na: stop\n", hint_on_timer, once, ends_run},
    {"what is cancelled is not called",
     "main: call_later 10ms a\nmain: call_soon b\nmain: cancel a\nmain: cancel b\nmain: call_later 20ms c\nc: stop\n",
     hint_on_cancelling, takes_back, ends_run},
    {"another thread wakes the loop", "main: thread 5ms a\na: stop\n", hint_on_waking, once, wakes},
    {"a reader is called while there is something to read",
     "main: create_pipe p\nmain: add_reader p r\nmain: write_later 5ms p 1\nr: read p 8\nr: call_later 5ms s\n"
     "s: stop\n",
     hint_on_reading, once, ends_run},
    {"what is removed is not called",
     "main: create_pipe p\nmain: add_reader p r\nmain: write_later 5ms p 1\nr: remove_reader p\n"
     "main: create_pair q\nmain: add_writer q w\nw: remove_writer q\nmain: call_later 20ms s\ns: stop\n",
     hint_on_removing, forgets, ends_run},
};

// Playing.

void play_on(const Adapter& adapter, std::string_view scenario, Trace& trace) {
  World world(pace_for(adapter, World::Pace::frozen));
  adapter.run(adapter, parse_scenario(std::string(scenario)).scenario, world, trace);
}

Ended in_child(const std::function<std::string()>& job) {
  constexpr double patience = 3;
  Child::End end = Child([&](Pulse&) { return job(); }, patience).end();
  Ended ended{.said = std::move(end.said), .why = end.words(), .printed = std::move(end.printed)};
  if (end.how == Child::How::done) ended.how = Ended::How::done;
  else if (end.how == Child::How::driver) ended.how = Ended::How::driver, ended.why = end.driver;
  else if (ended.printed.find(not_owed) != std::string::npos) ended.how = Ended::How::called_back_wrongly;
  else if (end.how == Child::How::endless) ended.how = Ended::How::endless;
  else if (end.how == Child::How::blocked) ended.how = Ended::How::blocked;
  else if (end.how == Child::How::left && end.code == exit_cannot_be_ended) ended.how = Ended::How::cannot_be_ended;
  else ended.how = Ended::How::crashed;
  return ended;
}

/// With what was written to standard error meanwhile, if there is a hint.
std::string with_printed(std::string hint, const Ended& ended) {
  if (hint.empty() || ended.printed.empty()) return hint;
  std::string text = fmt::format("{}\n       it wrote\n{}", hint, indented(ended.printed, "           "));
  text.pop_back();  // the end of the last line
  return text;
}

/// What to change if it crashed. What cede has said of it itself needs no more words.
std::string hint_on_crash(const Ended& ended) {
  constexpr std::string_view ours = "cede: ";
  if (ended.printed.starts_with(ours))
    return ended.printed.substr(ours.size(), ended.printed.find_first_of(";\n") - ours.size());
  if (ended.printed.empty()) return fmt::format("the loop {}: replay the scenario under a debugger", ended.why);
  return with_printed(fmt::format("the loop {}", ended.why), ended);
}

/// What to change, judging by how the process ended, or else what the job said.
std::string hint_on_end(const Ended& ended, std::string_view if_not_owed, std::string_view if_cannot_be_ended) {
  switch (ended.how) {
    case Ended::How::done: return with_printed(ended.said, ended);
    case Ended::How::called_back_wrongly: return std::string(if_not_owed);
    case Ended::How::cannot_be_ended: return std::string(if_cannot_be_ended);
    case Ended::How::endless: return with_printed(std::string(polls), ended);
    case Ended::How::blocked: return with_printed(std::string(hidden), ended);
    case Ended::How::driver: return with_printed(hint_on_driver(ended.why), ended);
    case Ended::How::crashed: return hint_on_crash(ended);
  }
  return {};
}

std::string hint_on_wire(const WireCheck& check, const std::string& name) {
  Ended ended = in_child([&] { return check.hint(driver_command(name)); });
  if (ended.how == Ended::How::blocked) return with_printed(std::string(silent), ended);
  return hint_on_end(ended, {}, {});
}

std::string hint_on(const Check& check, const Adapter& adapter) {
  Ended ended = in_child([&] {
    Trace trace;
    play_on(adapter, check.scenario, trace);
    return check.hint(trace);
  });
  return hint_on_end(ended, check.if_not_owed, check.if_cannot_be_ended);
}

std::string hint_on_repeating(const Adapter& adapter) {
  std::string first;
  for (int i = 0; i < 4; ++i) {
    Ended ended = in_child([&] {
      Trace trace;
      play_on(adapter, bustle, trace);
      return to_string(trace);
    });
    if (ended.how != Ended::How::done) return hint_on_end(ended, clean, ends_run);
    if (i == 0) first = ended.said;
    if (ended.said != first)
      return "the same scenario goes another way in another process: let nothing depend on the real time, addresses, "
             "process ids or chance";
  }
  return {};
}

std::string hint_on_sharing(const Adapter& adapter) {
  Ended ended = in_child([&] {
    Trace first, second;
    play_on(adapter, bustle, first);
    play_on(adapter, bustle, second);
    // Not the times, which differ by nanoseconds where the first loop finds out which clocks there are.
    auto same = [](const Event& a, const Event& b) { return a.what == b.what && a.id == b.id && a.step == b.step; };
    return std::ranges::equal(first.events, second.events, same) ? std::string() : std::string(clean);
  });
  return hint_on_end(ended, clean, clean);
}

/// How many descriptors are open where the loop is: in this process, or in those of its driver.
std::ptrdiff_t descriptors_of(const Adapter& adapter) {
  if (is_driven(adapter.name)) return static_cast<std::ptrdiff_t>(drivers_descriptors());
  return std::distance(fs::directory_iterator("/proc/self/fd"), fs::directory_iterator());
}

std::string hint_on_leaking(const Adapter& adapter) {
  constexpr int plays = 256;  // at most: by then a collector of garbage has come, too
  Ended ended = in_child([&]() -> std::string {
    Trace trace;
    play_on(adapter, bustle, trace);  // the first may open what all loops share
    const auto before = descriptors_of(adapter);
    std::ptrdiff_t left = 0;
    for (int i = 0; i < plays; ++i) {
      play_on(adapter, bustle, trace);
      left = descriptors_of(adapter) - before;
      if (left <= 0) return {};
    }
    if (left < plays) return {};
    return fmt::format("{} descriptors are left of each loop: close them when it is closed", left / plays);
  });
  return hint_on_end(ended, clean, clean);
}

/// What the adapter does not tell; empty if it tells all.
std::string hint_on_telling(const Adapter& adapter) {
  if (adapter.version.empty()) return "there is no version: fill in adapter.version";
  if (adapter.mapping.empty()) return "there is no mapping: say in adapter.mapping what each verb is on the loop";
  if (!adapter.run) return "there is no run: call adapt_callback_loop, or fill in adapter.run";
  return {};
}

const Unsupported* unsupported_in(std::string_view scenario, const Adapter& adapter) {
  for (const Step& step : parse_scenario(std::string(scenario)).scenario.steps) {
    auto found = std::ranges::find(adapter.unsupported, step.verb, &Unsupported::verb);
    if (found != adapter.unsupported.end()) return &*found;
  }
  return nullptr;
}

/// Says how it went; false if there is a hint.
bool tell(std::string_view name, const std::string& hint) {
  fmt::print("{}  {}\n", hint.empty() ? "ok   " : "wrong", name);
  if (!hint.empty()) fmt::print("       {}\n", hint);
  return hint.empty();
}

}  // namespace

bool check_adapter(const Adapter& adapter) {
  fmt::print("{} {}\n", adapter.name, adapter.version);
  if (!tell("it tells what it is", hint_on_telling(adapter))) return false;
  if (is_driven(adapter.name))
    for (const WireCheck& check : wire_checks())
      if (!tell(check.name, hint_on_wire(check, adapter.name))) return false;
  for (const Check& check : checks) {
    if (const Unsupported* missing = unsupported_in(check.scenario, adapter)) {
      fmt::print("-      {}: {} is unsupported: {}\n", check.name, spelling(missing->verb), missing->reason);
    } else if (!tell(check.name, hint_on(check, adapter))) {
      const Scenario scenario = parse_scenario(std::string(check.scenario)).scenario;
      fmt::print("       replay  {}\n", replay_line(scenario, {.info = adapter}, {}));
      return false;
    }
  }
  return tell("two runs of a scenario are the same", hint_on_repeating(adapter)) &&
         tell("a loop knows nothing of the one before it", hint_on_sharing(adapter)) &&
         tell("a loop that is gone holds no descriptors", hint_on_leaking(adapter));
}

}  // namespace cede
