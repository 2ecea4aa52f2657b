// A scenario made ready to be played: its steps grouped by script, and its names numbered, so that
// playing never has to search.
#pragma once

#include <cstdint>
#include <span>
#include <vector>

#include "spec/scenario.h"

namespace cede {

struct Script;

/// A step, and what its names stand for.
struct Line {
  const Step* step = nullptr;
  const Script* script = nullptr;  // which it starts or registers, the last of its names; null if its
                                   // verb takes none
  std::uint32_t name = 0;          // the numbers of its names; main's where there is none
  std::uint32_t second = 0;
  std::uint32_t third = 0;
};

/// The steps of one name, in order.
struct Script {
  Name name;
  std::uint32_t number = 0;
  std::span<const Line> lines;
};

class Program {
 public:
  /// The scenario has to outlive the program. Reuses what it has allocated.
  void read(const Scenario& scenario);

  const Script& main() const { return scripts_[0]; }
  /// Every name has one, if only without steps.
  std::span<const Script> scripts() const { return scripts_; }

 private:
  std::uint32_t number_of(Name name);

  std::vector<Script> scripts_;            // by number
  std::vector<Line> lines_;                // script by script
  struct Numbers {
    std::uint32_t who = 0, name = 0, script = 0, other = 0;
  };
  std::vector<Numbers> numbers_;           // of the names of each step
  std::vector<std::uint32_t> begin_;       // of each script's lines
  std::vector<std::uint32_t> table_;       // number + 1 by hash of the name
};

}  // namespace cede
