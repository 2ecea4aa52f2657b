#include "ci/exit.h"

#include <algorithm>
#include <cstdio>

#include <fmt/format.h>

namespace cede {

std::string_view describe(Exit exit) {
  switch (exit) {
    case Exit::verified: return "verified";
    case Exit::departs: return "a loop departs from a clause";
    case Exit::usage: return "the command was not understood";
    case Exit::stale: return "an expectation is stale";
    case Exit::not_verified: return "too little was verified";
    case Exit::inconclusive: return "no verdict within the budget";
    case Exit::adapter_failed: return "a loop could not be started or ended";
    case Exit::internal: return "an error in cede itself, please report it";
    case Exit::unstable: return "the same scenario had different answers";
    case Exit::interrupted: return "interrupted; the report is of what was played";
  }
  return {};
}

Exit complain(Exit exit, std::string_view message) {
  fmt::print(stderr, "cede: {}\n", message);
  return exit;
}

Exit worst(const std::vector<Exit>& exits) {
  for (Exit exit : {Exit::interrupted, Exit::internal, Exit::adapter_failed, Exit::departs, Exit::unstable,
                    Exit::stale, Exit::not_verified, Exit::inconclusive})
    if (std::ranges::find(exits, exit) != exits.end()) return exit;
  return Exit::verified;
}

}  // namespace cede
