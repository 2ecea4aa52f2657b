#include "properties/for_all.h"

#include <algorithm>
#include <exception>
#include <string>
#include <unordered_map>

#include <rapidcheck.h>
#include <rapidcheck/detail/TestListenerAdapter.h>

#include "properties/generator.h"

namespace cede {
namespace {

/// RapidCheck has a fixed price per case, about that of a scenario, so that a case is a stretch of
/// scenarios drawn from one random source.
constexpr std::uint64_t stretch = 64;

rc::Gen<std::uint64_t> any_source() {
  return [](rc::Random random, int) { return rc::shrinkable::just(std::uint64_t{random.next()}); };
}

}  // namespace

bool for_all_scenarios(std::uint64_t seed, std::uint64_t skipped, std::uint64_t count,
                       const std::function<bool(const Scenario&)>& check, const std::function<void()>& skipping) {
  Scenario scenario;
  const std::uint64_t end = skipped + count;
  std::uint64_t number = 0;
  bool all = true;
  std::exception_ptr thrown;  // which RapidCheck would take for a failure and keep to itself
  auto checked = [&] {
    try {
      return check(scenario);
    } catch (...) {
      thrown = std::current_exception();
      return false;
    }
  };
  auto property = [&] {
    Random random(*any_source());
    if (number + stretch <= skipped) {
      number += stretch;
      if (number % (1 << 16) == 0) skipping();
      return true;
    }
    for (std::uint64_t last = std::min(number + stretch, end); number < last && all; ++number) {
      any_scenario(random, scenario);
      if (number >= skipped) all = checked();
    }
    return all;
  };
  rc::detail::TestParams params;
  params.seed = seed;
  params.maxSuccess = static_cast<int>(std::min<std::uint64_t>((end + stretch - 1) / stretch, INT32_MAX));
  params.disableShrinking = true;  // properties/shrink.h knows what is simpler
  rc::detail::TestListenerAdapter nobody;
  // With a map of its own it leaves RC_PARAMS alone: the seed is said on our command line.
  const std::unordered_map<std::string, rc::detail::Reproduce> nothing_to_reproduce;
  (void)rc::detail::checkTestable(property, rc::detail::TestMetadata{}, params, nobody, nothing_to_reproduce);
  if (thrown) std::rethrow_exception(thrown);
  return all;
}

}  // namespace cede
