// In what CPython and its versions differ from the contract and from one another, as far as the reference can follow.
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "adapters/adapter.h"
#include "reference/manners.h"

namespace cede {

/// One of them.
struct Manner {
  std::string_view clauses;
  std::string_view what;      // in a few words
  std::string_view versions;  // of Python that have it, as expectations say them; empty for all
  bool reference::Manners::*flag;

  std::string spelling() const;
};

/// Whether the loop is played by one of these versions of CPython's; by any, if they are empty.
bool is_of_cpython(const LoopInfo& loop, std::string_view versions);

/// Those of a loop of CPython's, by its version; of others none.
std::vector<const Manner*> manners_of(const LoopInfo& loop);

/// Of this thread's reference loops, until the end of the scope.
class Mannered {
 public:
  Mannered(const std::vector<const Manner*>& manners, reference::Choices* sets);
  ~Mannered() { reference::manners() = {}; }
  Mannered(const Mannered&) = delete;
  Mannered& operator=(const Mannered&) = delete;
};

}  // namespace cede
