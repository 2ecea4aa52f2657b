#include "ci/bench.h"

#include <sys/resource.h>

#include <map>
#include <tuple>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "ci/campaign.h"
#include "ci/version.h"
#include "ci/wire_bench.h"
#include "properties/generator.h"
#include "reference/loop.h"
#include "reference/run.h"

namespace cede {
namespace {

using benchmark::State;

std::vector<Scenario> some_scenarios(std::size_t count) {
  Random random(run_seed);
  std::vector<Scenario> scenarios(count);
  for (Scenario& scenario : scenarios) any_scenario(random, scenario);
  return scenarios;
}

std::vector<const Clause*> clauses_for_bench() {
  std::vector<const Clause*> clauses;
  for (const Clause& clause : chapters().clauses) clauses.push_back(&clause);
  return clauses;
}

/// Generated, played and judged: what `cede run` does.
void whole(State& state, const Adapter& adapter) {
  Campaign campaign(adapter, World::Pace::frozen, clauses_for_bench());
  Random random(run_seed);
  Scenario scenario;
  for (auto _ : state) {
    any_scenario(random, scenario);
    campaign.play(scenario);
  }
}

void generate(State& state) {
  Random random(run_seed);
  Scenario scenario;
  for (auto _ : state) {
    any_scenario(random, scenario);
    benchmark::DoNotOptimize(scenario.steps.data());
  }
}

void play(State& state, const Adapter& adapter) {
  auto scenarios = some_scenarios(1024);
  World world;
  Trace trace;
  std::size_t next = 0;
  for (auto _ : state) adapter.run(adapter, scenarios[next++ % scenarios.size()], world, trace);
}

void judge(State& state, const Adapter& adapter) {
  World world;
  std::vector<Trace> traces;
  for (const Scenario& scenario : some_scenarios(256)) adapter.run(adapter, scenario, world, traces.emplace_back());
  History history;
  std::size_t next = 0;
  for (auto _ : state) {
    history.read(traces[next++ % traces.size()]);
    for (const Property& property : properties()) benchmark::DoNotOptimize(property.judge(history));
  }
}

/// A scenario of so many steps that are all played: one task for each eight of them.
Scenario of_steps(std::size_t steps) {
  Scenario scenario = parse_scenario("main: limit 1000\n").scenario;
  for (std::size_t task = 0; scenario.steps.size() < steps; ++task) {
    std::string text;
    for (auto line : {"main: create_task t{0}", "t{0}: yield", "main: call_soon a{0}", "a{0}: set_result f{0}",
                      "t{0}: await f{0}", "main: call_later 3ms b{0}", "b{0}: call_soon a{0}", "t{0}: sleep 2ms"})
      text += fmt::format(fmt::runtime(line), task) + "\n";
    for (Step& step : parse_scenario(text).scenario.steps)
      if (scenario.steps.size() < steps) scenario.steps.push_back(step);
  }
  return scenario;
}

void grow(State& state) {
  Campaign campaign(reference_adapter(), World::Pace::frozen, clauses_for_bench());
  Scenario scenario = of_steps(static_cast<std::size_t>(state.range(0)));
  for (auto _ : state) campaign.play(scenario);
}

void workload_played(State& state, const Adapter& adapter) {
  Scenario scenario = parse_scenario(bare_workload).scenario;
  World world;
  Trace trace;
  for (auto _ : state) adapter.run(adapter, scenario, world, trace);
}

void workload_bare(State& state, const Adapter& adapter) {
  World world;
  for (auto _ : state) adapter.run_bare(world);
}

// The documents' own experiment: a chain of awaits, ten deep, of coroutines and of tasks.

reference::Coroutine<int> through_coroutines(int depth) {
  co_return depth == 0 ? 0 : 1 + co_await through_coroutines(depth - 1);
}

reference::Coroutine<int> through_tasks(reference::AbstractLoop& loop, int depth) {
  co_return depth == 0 ? 0 : 1 + co_await create_task(loop, through_tasks(loop, depth - 1));
}

constexpr int awaits_a_run = 1000;

template <class Await>
reference::Coroutine<> many(Await await) {
  for (int i = 0; i < awaits_a_run; ++i) benchmark::DoNotOptimize(co_await await());
}

void await_coroutine(State& state) {
  reference::Loop loop;
  for (auto _ : state) run_until_complete(loop, many([] { return through_coroutines(10); }));
}

void await_task(State& state) {
  reference::Loop loop;
  for (auto _ : state) run_until_complete(loop, many([&] { return through_tasks(loop, 10); }));
}

/// Prints as the console does, and keeps the processor's time per iteration, in nanoseconds, and counters.
class Keeper : public benchmark::ConsoleReporter {
 public:
  Keeper() : ConsoleReporter(OO_None) {}
  void ReportRuns(const std::vector<Run>& runs) override {
    ConsoleReporter::ReportRuns(runs);
    for (const Run& run : runs) {
      if (run.aggregate_name != "median") continue;
      const bool by_hand = !run.run_name.time_type.empty();
      times[name(run)] = by_hand ? run.GetAdjustedRealTime() : run.GetAdjustedCPUTime();
      for (const auto& [counter, value] : run.counters) times[name(run) + "/" + counter] = value;
    }
  }
  std::map<std::string, double> times;

 private:
  static std::string name(const Run& run) {
    const auto& [function, arguments] = std::tie(run.run_name.function_name, run.run_name.args);
    return arguments.empty() ? function : function + "/" + arguments;
  }
};

long peak_memory_mb() {
  rusage usage{};
  getrusage(RUSAGE_SELF, &usage);
  return usage.ru_maxrss / 1024;
}

/// Lines that follow from the times, as far as those were measured.
class Ratios {
 public:
  explicit Ratios(const std::map<std::string, double>& times) : times_(times) {}

  void rate(const std::string& what, const std::string& name, double scenarios = 1) {
    if (has(name)) fmt::print("{:<58} {:>10.0f} /s\n", what, 1e9 * scenarios / times_.at(name));
  }
  void ratio(const std::string& what, const std::string& of, const std::string& to) {
    if (has(of) && has(to)) fmt::print("{:<58} {:>10.2f}\n", what, times_.at(of) / times_.at(to));
  }
  void time(const std::string& what, const std::string& name, double divisor) {
    if (has(name)) fmt::print("{:<58} {:>10.0f} ns\n", what, times_.at(name) / divisor);
  }
  /// How much more one step costs in the longer scenario.
  void growth(const std::string& what, const std::string& of, double longer, const std::string& to, double shorter) {
    if (has(of) && has(to))
      fmt::print("{:<58} {:>10.2f}\n", what, times_.at(of) / longer / (times_.at(to) / shorter));
  }

 private:
  bool has(const std::string& name) const { return times_.contains(name); }
  const std::map<std::string, double>& times_;
};

void print_ratios(const std::map<std::string, double>& times) {
  Ratios ratios(times);
  fmt::print("\nmedians of the processor's time\n");
  for (const KnownLoop& loop : known_loops()) {
    std::string name(loop.name);
    ratios.rate(name + ": generated, played and judged", name + "/whole");
    ratios.ratio(name + ": share of playing", name + "/play", name + "/whole");
    ratios.ratio(name + ": share of judging", name + "/judge", name + "/whole");
    ratios.ratio(name + ": bare program's time of the same, the loop's own share", name + "/bare", name + "/workload");
  }
  for (const std::string& wire : wire_benchmarks()) {
    ratios.rate(wire + ": played, a core", wire, wire_batch);
    ratios.rate(wire + ": played, by the clock", wire + "/" + by_the_clock, wire_batch);
    ratios.ratio(wire + ": time, against the reference's without one", wire, wire + "/reference");
  }
  ratios.growth("a step of 64 against a step of 8", "grow/64", 64, "grow/8", 8);
  ratios.growth("a step of 512 against a step of 8", "grow/512", 512, "grow/8", 8);
  ratios.time("awaiting coroutines, ten deep", "await_coroutine", awaits_a_run);
  ratios.time("awaiting tasks, ten deep", "await_task", awaits_a_run);
  ratios.ratio("tasks against coroutines", "await_task", "await_coroutine");
}

void print_memory() {
  Campaign campaign(reference_adapter(), World::Pace::frozen, clauses_for_bench());
  auto go_on = [] { return true; };
  campaign.play_random(run_seed, 10'000, go_on);
  long before = peak_memory_mb();
  campaign.play_random(run_seed + 1, 1'000'000, go_on);
  fmt::print("{:<58} {:>10} MB, {} MB after 1000000 more\n", "peak memory after 10000 scenarios", before,
             peak_memory_mb());
}

}  // namespace

Exit bench(const std::string& filter) {
  for (const KnownLoop& loop : known_loops()) {
    if (loop.is_driven()) continue;  // see wire_bench.h
    std::string why, name(loop.name);
    const Adapter* adapter = find_adapter(name, why);
    if (!adapter) {
      fmt::print("{}: absent: install {}\n", name, loop.package);
      continue;
    }
    benchmark::RegisterBenchmark((name + "/whole").c_str(), [=](State& state) { whole(state, *adapter); });
    benchmark::RegisterBenchmark((name + "/play").c_str(), [=](State& state) { play(state, *adapter); });
    benchmark::RegisterBenchmark((name + "/judge").c_str(), [=](State& state) { judge(state, *adapter); });
    if (!adapter->run_bare) continue;
    benchmark::RegisterBenchmark((name + "/workload").c_str(), [=](State& state) { workload_played(state, *adapter); });
    benchmark::RegisterBenchmark((name + "/bare").c_str(), [=](State& state) { workload_bare(state, *adapter); });
  }
  register_wire_benchmarks();
  benchmark::RegisterBenchmark("generate", generate);
  benchmark::RegisterBenchmark("grow", grow)->Arg(8)->Arg(64)->Arg(512);
  benchmark::RegisterBenchmark("await_coroutine", await_coroutine);
  benchmark::RegisterBenchmark("await_task", await_task);

  // Side by side in turns, so that a busy moment of the machine meets all of them.
  std::vector<std::string> words{"cede", "--benchmark_repetitions=5", "--benchmark_min_time=0.1",
                                 "--benchmark_enable_random_interleaving=true",
                                 "--benchmark_report_aggregates_only=true"};
  if (!filter.empty()) words.push_back("--benchmark_filter=" + filter);
  std::vector<char*> arguments;
  for (std::string& word : words) arguments.push_back(word.data());
  int count = static_cast<int>(arguments.size());
  benchmark::Initialize(&count, arguments.data());
  Keeper keeper;
  if (benchmark::RunSpecifiedBenchmarks(&keeper) == 0) {
    fmt::print(stderr, "cede: no benchmark matches {}\n", filter);
    return Exit::usage;
  }
  print_ratios(keeper.times);
  if (filter.empty()) print_memory();
  return Exit::verified;
}

}  // namespace cede
