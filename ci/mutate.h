// `cede mutate`: the suite against its own wrong loops. A judge that cannot convict is worse than
// none.
#pragma once

#include <algorithm>
#include <cstdint>
#include <string>
#include <thread>
#include <vector>

#include "ci/exit.h"
#include "spec/scenario.h"

namespace cede {

struct MutateOptions {
  std::vector<std::string> globs;  // names of faults; empty for all
  std::uint64_t cases = 150'000;   // at most so many scenarios a fault, as in `cede run`
  std::uint64_t seed = 0;
  int seeds = 1;                   // so many seeds, one after the other
  unsigned jobs = std::max(1u, std::thread::hardware_concurrency());  // so many faults at a time
  std::string json;
  bool list = false;
};

/// Prints the kill table fault x clause: after how many scenarios its own clause convicted it, how
/// small the scenario became, and which other clauses fired. Exit::not_verified if one survives.
Exit mutate(const MutateOptions& options);

}  // namespace cede
