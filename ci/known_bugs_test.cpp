// Bugs that others have reported, found again by search alone: no scenario is written here for any of them. The
// generator's scenarios are played until one departs from a clause in the bug's way; a loop that has not got the bug
// has to play that one as the clause says, and so all that it is made smaller by.
#include <gtest/gtest.h>

#include <algorithm>
#include <chrono>
#include <cstdlib>
#include <filesystem>
#include <numeric>
#include <string>
#include <vector>

#include <fmt/format.h>

#include "adapters/adapters.h"
#include "adapters/driver.h"
#include "adapters/wire.h"
#include "properties/for_all.h"
#include "properties/property.h"
#include "properties/shrink.h"

namespace cede {
namespace {

constexpr std::uint64_t budget = 20'000;  // scenarios, which take less than a minute of two cores

/// A loop; of asyncio also the version of Python that it comes with.
struct Place {
  std::string_view loop, python = {};
};

struct KnownBug {
  std::string_view name;
  Place wrong, right;  // the second has not got it: it was mended there, or never was
  std::string_view link;
  std::string_view clause, shows;  // what its judge says: of a violation the sentence, any if empty, else the variant
  std::uint64_t seed = 1;
  std::size_t lines = 8;  // that its smallest scenario has at most
};

constexpr KnownBug known_bugs[] = {
    {"uvloop_stop", {"uvloop"}, {"asyncio"}, "https://github.com/MagicStack/uvloop/issues/517", "PASS-9",
     "it was added in the last pass of the run, and ran before the run's end"},
    // A timer without a delay is a plain call there, and so comes before timers that have been due for longer.
    {"uvloop_call_later_0", {"uvloop"}, {"asyncio"}, "https://github.com/MagicStack/uvloop/issues/482", "TIMER-3",
     "another timer with an earlier deadline was waiting"},
    {"asyncio_semaphore", {"asyncio", "3.9.18"}, {"asyncio", "3.13.0"},
     "https://github.com/python/cpython/issues/90155", "SEM-2", "", 6},
    // To lose a notification takes a condition, two who wait, and a third who notifies one, cancels it and gives the
    // lock back: no program of 8 lines does it, the search makes it as small as 11 or 12.
    {"asyncio_condition_notify", {"asyncio", "3.11.7"}, {"asyncio", "3.13.0"},
     "https://github.com/python/cpython/issues/112202", "COND-4", "lost", 2, 12},
    {"asyncio_wait_for", {"asyncio", "3.11.7"}, {"asyncio", "3.13.0"},
     "https://github.com/python/cpython/issues/86296", "WF-4", "value-when-done"},
    {"asyncio_task_group", {"asyncio", "3.12.1"}, {"asyncio", "3.13.0"},
     "https://github.com/python/cpython/issues/116720", "TG-3", "asked-once"},
    {"libuv_zero_timer", {"libuv"}, {"libev/epoll"}, "https://github.com/libuv/libuv/issues/4245", "TIMER-8",
     "the timer ran in the pass that made it"},
    {"libev_reverse_order", {"libev/epoll"}, {"libuv"}, "https://github.com/async-interop/event-loop/pull/80",
     "TIMER-4", "any"},
    {"asyncio_ties", {"asyncio"}, {"uvloop"},
     "https://docs.python.org/3/library/asyncio-eventloop.html#asyncio.loop.call_later", "TIMER-4", "any"},
    {"node_10_microtasks", {"node/10"}, {"node"}, "https://github.com/nodejs/node/issues/22257", "PASS-1",
     "the loop went on before it ran a microtask"},
};

namespace fs = std::filesystem;

fs::path python_of(std::string_view version) {
  const char* root = std::getenv("PYENV_ROOT");
  const char* home = std::getenv("HOME");
  const fs::path pyenv = root ? fs::path(root) : fs::path(home ? home : "/") / ".pyenv";
  return pyenv / "versions" / version / "bin/python3";
}

/// The adapter of the loop; else null, and why.
const Adapter* loop_at(const Place& place, std::string& why) {
  const std::string name(place.loop);
  if (!is_driven(name)) return find_adapter(name, why);
  auto command = driver_command(name);
  if (place.python.empty()) return open_driver(name, command, why);
  command[0] = python_of(place.python);
  return open_driver(fmt::format("{} of Python {}", name, place.python), command, why);
}

/// Its own; or as many as CEDE_SEEDS says.
std::vector<std::uint64_t> seeds_of(const KnownBug& bug) {
  const char* count = std::getenv("CEDE_SEEDS");
  std::vector<std::uint64_t> seeds(count ? std::strtoull(count, nullptr, 10) : 1, bug.seed);
  if (count) std::iota(seeds.begin(), seeds.end(), 1);
  return seeds;
}

/// One bug, and two loops of which the second has not got it.
class Search {
 public:
  Search(const KnownBug& bug, const Adapter& wrong, const Adapter& right)
      : bug_(bug), property_(*std::ranges::find(properties(), bug.clause, &Property::clause)), wrong_(wrong),
        right_(right) {}

  /// The first scenario that shows the bug; one without steps if none does. `played` is how many that took.
  Scenario first(std::uint64_t seed, std::uint64_t& played) {
    Scenario first;
    played = 0;
    for_all_scenarios(seed, budget, [&](const Scenario& scenario) {
      ++played;
      if (!shows_bug(scenario)) return true;
      first = scenario;
      return false;
    });
    return first;
  }

  Scenario smaller(const Scenario& scenario) {
    return shrink(scenario, [this](const Scenario& candidate) { return shows_bug(candidate); });
  }

 private:
  bool shows_bug(const Scenario& scenario) { return departs(wrong_, scenario) && !departs(right_, scenario); }

  bool departs(const Adapter& loop, const Scenario& scenario) {
    World world(pace_for(loop, World::Pace::frozen));
    try {
      loop.run(loop, scenario, world, trace_);
    } catch (const DriverFailure&) {
      return false;  // another bug
    }
    history_.read(trace_);
    Verdict verdict = property_.judge(history_);
    return (verdict.violated() || verdict.kind == Verdict::Kind::variant) &&
           (bug_.shows.empty() || verdict.text == bug_.shows);
  }

  const KnownBug& bug_;
  const Property& property_;
  const Adapter& wrong_;
  const Adapter& right_;
  Trace trace_;
  History history_;
};

template <class T>
T median(std::vector<T> values) {
  std::ranges::sort(values);
  return values[values.size() / 2];
}

class KnownBugs : public testing::TestWithParam<KnownBug> {};

TEST_P(KnownBugs, are_found_by_search_alone) {
  const KnownBug& bug = GetParam();
  std::string why;
  const Adapter* wrong = loop_at(bug.wrong, why);
  if (!wrong) GTEST_SKIP() << bug.wrong.loop << " " << bug.wrong.python << " is absent: " << why;
  const Adapter* right = loop_at(bug.right, why);
  if (!right) GTEST_SKIP() << bug.right.loop << " " << bug.right.python << ", which has not got it, is absent: " << why;
  fmt::print("{}: {} {}, {}, {}\n", bug.name, wrong->name, wrong->version, bug.clause, bug.link);
  Search search(bug, *wrong, *right);
  Scenario smallest;
  std::vector<double> seconds;  // for those who read it; no verdict depends on them
  for (std::uint64_t seed : seeds_of(bug)) {
    const auto begin = std::chrono::steady_clock::now();
    std::uint64_t played = 0;
    const Scenario first = search.first(seed, played);
    const std::chrono::duration<double> taken = std::chrono::steady_clock::now() - begin;
    fmt::print("  seed {}: {} {} scenarios, {:.1f} s\n", seed, first.steps.empty() ? "not in" : "in", played,
               taken.count());
    if (first.steps.empty()) continue;
    seconds.push_back(taken.count());
    Scenario small = search.smaller(first);
    if (smallest.steps.empty() || simpler(small, smallest)) smallest = std::move(small);
  }
  const std::size_t seeds = seeds_of(bug).size();
  EXPECT_GE(seconds.size(), seeds - seeds / 10);
  if (seconds.empty()) return;
  EXPECT_LE(smallest.steps.size(), bug.lines);
  fmt::print("  from {} of {} seeds, median {:.1f} s; {} lines\n{}", seconds.size(), seeds, median(seconds),
             smallest.steps.size(), to_string(smallest));
  std::fflush(stdout);
}

INSTANTIATE_TEST_SUITE_P(all, KnownBugs, testing::ValuesIn(known_bugs),
                         [](const auto& bug) { return std::string(bug.param.name); });

}  // namespace
}  // namespace cede
