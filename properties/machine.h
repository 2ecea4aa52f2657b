// The abstract machine: a loop, its futures and its tasks in as few words as the clauses allow, made
// apart from the reference and as naive as can be, so that each can be held against the other.
#pragma once

#include <vector>

#include "spec/trace.h"

namespace cede {

/// Every trace that the clauses allow for a program over `alphabet()` (exhaustive.h): one, and where
/// timers with equal deadlines become due together, one for each order, that of registration first;
/// but not more than `at_most`, since a callback that repeats itself makes very many.
std::vector<Trace> legal_traces(const Scenario& scenario, std::size_t at_most);

}  // namespace cede
