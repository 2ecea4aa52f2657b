#include "ci/run.h"

#include <sys/syscall.h>
#include <unistd.h>

#include <algorithm>
#include <csignal>
#include <functional>
#include <optional>
#include <thread>

#include <fmt/format.h>

#include "adapters/adapters.h"
#include "ci/isolation.h"
#include "ci/report.h"
#include "properties/exhaustive.h"

namespace cede {
namespace {

/// Ctrl-C ends a campaign and leaves the report valid; a second one ends the process. What scenarios
/// raise in this process themselves is not meant for it (THR-10).
void interrupt(int signal, siginfo_t* info, void*) {
  if (info->si_pid == syscall(SYS_getpid)) return;  // getpid is virtual where scenarios are played
  if (World::interrupted) {
    std::signal(signal, SIG_DFL);
    (void)std::raise(signal);
  }
  World::interrupted = 1;
}

/// What is going to be played.
std::string plan(const Terms& terms, const std::optional<Shard>& shard) {
  const Budget& budget = terms.budget;
  const std::string of_shard = shard ? fmt::format("shard {} of ", shard->text()) : "";
  const std::size_t count = terms.clauses().size();
  const std::string clauses = fmt::format("{} clause{}", count, count == 1 ? "" : "s");
  if (budget.steps)
    return fmt::format("{}, {} time, {}every program of up to {} steps out of {}: {}; floors do not apply",
                       clauses, spelling(terms.pace), of_shard, budget.steps, alphabet().size(), budget.cases);
  return fmt::format("{}, seed {}, {} time, {}{} a loop beside the examples", clauses, terms.seed,
                     spelling(terms.pace), of_shard, budget.text());
}

/// Whether a word for several loops means this one too: `all` are those that cede is built with, `python` those that
/// its driver for Python plays.
bool is_among(std::string_view word, const KnownLoop& loop) {
  return word == "all" ? !loop.is_driven() : loop.driver.substr(0, loop.driver.find('/')) == word;
}

/// The names of the loops asked for, written out; `libev` is its first back end.
std::vector<std::string> names_of(const std::vector<std::string>& asked) {
  std::vector<std::string> names;
  auto add = [&](std::string_view name) {
    if (std::ranges::find(names, name) == names.end()) names.emplace_back(name);  // else said twice
  };
  for (const std::string& name : asked) {
    const KnownLoop* known = find_loop(name);
    bool is_word = false;
    for (const KnownLoop& loop : known_loops())
      if (!known && is_among(name, loop)) add(loop.name), is_word = true;
    if (!is_word) add(known ? known->name : name);
  }
  return names;
}

/// What these loops tell of themselves; a name that is unknown is a usage error, a loop that is not installed is
/// absent.
std::optional<std::string> find_loops(const std::vector<std::string>& names, std::vector<LoopInfo>& found,
                                      std::vector<Absent>& absent) {
  for (const std::string& name : names) {
    const KnownLoop* known = find_loop(name);
    std::string why;
    LoopInfo info;
    switch (describe(name, info, why)) {
      case Opened::well: found.push_back(std::move(info)); break;
      case Opened::broken: absent.push_back({name, why}); break;
      case Opened::not_there:
        if (name.starts_with("faulty/")) return fmt::format("there is no fault {}: see `cede mutate --list`", name);
        if (is_yours(name)) {
          absent.push_back({name, why});
          break;
        }
        if (!known) return fmt::format("there is no loop {}; there are: all {}", name, loop_names());
        absent.push_back({name, why});
    }
  }
  return std::nullopt;
}

/// What is wrong with the clauses and verbs that were named; nothing if nothing is.
std::optional<std::string> error_in(const Terms& terms) {
  for (const std::string& glob : terms.globs)
    if (matching_clauses({glob}).empty()) return fmt::format("no clause matches {}; see `cede spec list`", glob);
  for (const std::string& verb : terms.without)
    if (!find_verb(verb)) return fmt::format("there is no verb {}; spec/README.md lists them", verb);
  return std::nullopt;
}

/// What has to be known before a run; why it cannot be is told.
Exit prepare(const RunOptions& options, RunReport& report, std::vector<LoopInfo>& loops,
             ExpectationFiles& expectations) {
  if (auto error = error_in(options.terms)) return usage(*error);
  listen_to_interrupts();
  if (auto error = find_loops(names_of(options.loops), loops, report.absent)) return usage(*error);
  return expectations.read(options.expect, options.no_expect, loops, report.absent) ? Exit::verified : Exit::stale;
}

/// Puts what becomes of each loop into the report, and tells it.
void judge(const RunOptions& options, const std::vector<LoopInfo>& loops, const ExpectationFiles& expectations,
           RunReport& report, const std::function<void(const LoopReport&)>& tell) {
  for (const LoopInfo& loop : loops) {
    if (World::interrupted) {
      fmt::print(stderr, "cede: not played: {}\n", loop.name);
      continue;
    }
    report.loops.push_back(report_on(options, loop, expectations.of(loop)));
    tell(report.loops.back());
  }
  report.interrupted = World::interrupted;
}

}  // namespace

std::string loop_names() {
  std::string names;
  std::string_view last;
  for (const KnownLoop& loop : known_loops()) {
    std::string_view name = loop.name.substr(0, loop.name.find('/'));
    if (name != last) names += fmt::format("{}{}", names.empty() ? "" : " ", name);
    last = name;
  }
  return names;
}

void listen_to_interrupts() {
  struct sigaction action{};
  action.sa_sigaction = interrupt;
  action.sa_flags = SA_SIGINFO;
  sigaction(SIGINT, &action, nullptr);
  sigaction(SIGTERM, &action, nullptr);
}

LoopReport report_on(const RunOptions& options, const LoopInfo& loop, const Expectations* expectations) {
  // In real time loops that run beside one another would keep one another waiting, and scenarios take as long as they
  // say.
  const bool real = options.terms.pace == World::Pace::real;
  const unsigned jobs = options.jobs ? options.jobs : real ? 1 : std::max(1u, std::thread::hardware_concurrency());
  const double patience = options.patience.value_or(real ? 600 : 10);
  LoopReport report = play_isolated(loop, options.terms, options.shard.value_or(Shard{}), {jobs, patience});
  expect(report, expectations);
  conclude(report, options.terms);
  return report;
}

std::optional<RunReport> report_on(const RunOptions& options) {
  RunReport report{.terms = options.terms};
  std::vector<LoopInfo> loops;
  ExpectationFiles expectations;
  if (prepare(options, report, loops, expectations) != Exit::verified) return std::nullopt;
  judge(options, loops, expectations, report, [](const LoopReport&) {});
  return report;
}

Exit run(const RunOptions& options) {
  if (options.list) {
    if (auto error = error_in(options.terms)) return usage(*error);
    for (const std::string& loop : names_of(options.loops))
      for (const Clause* clause : options.terms.clauses()) fmt::print("{} {}\n", loop, clause->id);
    return Exit::verified;
  }
  RunReport report{.terms = options.terms};
  report.shard = options.shard;
  std::vector<LoopInfo> loops;
  ExpectationFiles expectations;
  if (Exit exit = prepare(options, report, loops, expectations); exit != Exit::verified) return exit;
  Outlets outlets{options.files};
  if (auto error = outlets.open()) return usage(*error);
  fmt::print(outlets.text(), "{}\n", plan(options.terms, options.shard));
  judge(options, loops, expectations, report, [&](const LoopReport& loop) { outlets.tell(loop, report.terms); });
  return outlets.finish(report);
}

}  // namespace cede
