#include "ci/wire_bench.h"

#include <array>
#include <chrono>
#include <ctime>
#include <string>
#include <string_view>
#include <vector>

#include <benchmark/benchmark.h>
#include <fmt/format.h>

#include "adapters/adapters.h"
#include "adapters/driver.h"
#include "adapters/wire.h"
#include "ci/in_turn.h"
#include "ci/version.h"
#include "properties/bias.h"
#include "properties/generator.h"

namespace cede {
namespace {

using benchmark::State;

constexpr std::string_view loop_of_benchmarks = "asyncio";
constexpr std::size_t steps_least = 8;  // for scenarios about as long as those of a run, though so much is left out

/// Some of what the generator says.
struct Kind {
  std::string_view name;
  bool (*takes)(const Step&);
};

/// What main and its callbacks do with the loop, its handles and its clock.
bool is_of_callbacks(const Step& step) {
  if (step.who != main_script && !is_one_of(callback_names, step.who)) return false;
  if (step.verb == Verb::run_until_complete) return false;
  return step.verb <= Verb::get_running_loop || step.verb == Verb::raise || step.verb == Verb::return_;
}

/// All that the core and cancellation have.
bool is_of_tasks(const Step& step) { return row(step.verb).family <= Family::cancellation; }

constexpr std::array kinds{Kind{"callbacks", is_of_callbacks}, Kind{"tasks", is_of_tasks}};

void any_scenario_of(const Kind& kind, Random& random, Scenario& scenario) {
  do {
    any_scenario(random, scenario);
    std::erase_if(scenario.steps, [&](const Step& step) { return !kind.takes(step); });
  } while (scenario.steps.size() < steps_least);
}

double seconds_computed() {
  timespec time{};
  clock_gettime(CLOCK_PROCESS_CPUTIME_ID, &time);
  return static_cast<double>(time.tv_sec) + static_cast<double>(time.tv_nsec) / 1e9 + drivers_seconds();
}

/// Each batch is of new scenarios, as a run's are.
void play_all(State& state, const Adapter& adapter, const Kind& kind) {
  using Clock = std::chrono::steady_clock;
  static Random random(run_seed);
  std::vector<Scenario> batch(wire_batch);
  World world;
  Trace trace;
  std::chrono::duration<double, std::nano> all{};
  InTurn in_turn(adapter, world.pace(), [&](std::uint64_t, const Scenario& scenario) {
    adapter.run(adapter, scenario, world, trace);
  });
  for (auto _ : state) {
    for (Scenario& scenario : batch) any_scenario_of(kind, random, scenario);
    const auto begin = Clock::now();
    const double before = seconds_computed();
    for (const Scenario& scenario : batch) in_turn.come(0, scenario);
    in_turn.finish();
    state.SetIterationTime(seconds_computed() - before);
    all += Clock::now() - begin;
  }
  state.counters[by_the_clock] = all.count() / static_cast<double>(state.iterations());
}

void play_over_the_wire(State& state, const Kind& kind) {
  std::string why;
  try {
    if (const Adapter* adapter = find_adapter(loop_of_benchmarks, why)) return play_all(state, *adapter, kind);
  } catch (const DriverFailure& failure) {
    why = failure.what();
  }
  state.SkipWithError(why.c_str());
}

std::string name_of(const Kind& kind) { return fmt::format("{}/wire/{}", loop_of_benchmarks, kind.name); }

}  // namespace

std::vector<std::string> wire_benchmarks() {
  std::vector<std::string> names;
  for (const Kind& kind : kinds) names.push_back(name_of(kind));
  return names;
}

void register_wire_benchmarks() {
  for (const Kind& kind : kinds) {
    auto reference = [&kind](State& state) { play_all(state, reference_adapter(), kind); };
    auto wire = [&kind](State& state) { play_over_the_wire(state, kind); };
    benchmark::RegisterBenchmark(name_of(kind).c_str(), wire)->UseManualTime();
    benchmark::RegisterBenchmark((name_of(kind) + "/reference").c_str(), reference)->UseManualTime();
  }
}

}  // namespace cede
