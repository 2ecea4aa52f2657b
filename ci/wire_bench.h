// The benchmarks `LOOP/wire`: what a scenario costs that goes to a loop of another language and comes back as a trace.
#pragma once

#include <string>
#include <vector>

namespace cede {

/// Scenarios that an iteration of them plays.
inline constexpr int wire_batch = 256;
/// They give what both processes have computed as their time, and this counter beside it.
inline constexpr const char* by_the_clock = "by_the_clock";

/// Their names, each for a kind of scenarios: `asyncio/wire/tasks`.
std::vector<std::string> wire_benchmarks();
/// Of each also one with the same on the reference in this process, `asyncio/wire/tasks/reference`.
void register_wire_benchmarks();

}  // namespace cede
