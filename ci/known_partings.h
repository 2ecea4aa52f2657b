// Where CPython is known to go another way than the contract, which no clause of the same scenario tells.
#pragma once

#include <string_view>

#include "adapters/adapter.h"
#include "ci/acceptor.h"
#include "properties/history.h"

namespace cede {

/// Two traces and where they part.
struct Divided {
  const Trace& trace;      // the loop's
  const History& history;  // ... read
  const Trace& expected;
  Parting at;
};

/// What CPython does there, in a few words behind the clause; empty if it is nothing that is known. Each is about
/// the very event at which the traces part, and of loops of CPython alone.
std::string_view known_parting(const LoopInfo& loop, const Divided& divided);

}  // namespace cede
