// The loops there are.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/adapter.h"

namespace cede {

/// A loop by its name on the command line, and what it needs. One that has several back ends has a row for
/// each, `libev/poll`.
struct KnownLoop {
  std::string_view name;
  std::string_view package;  // Debian's; empty for what is built in
};

std::span<const KnownLoop> known_loops();
/// By its name, or by that of a loop with back ends, which means the first of them; else null.
const KnownLoop* find_loop(std::string_view name);

/// The reference loop, built in.
const Adapter& reference_adapter();

/// The adapter, or null when its module was not built or cannot be loaded; `why` then says so.
const Adapter* find_adapter(std::string_view name, std::string& why);

/// A wrong loop, made of the reference and a diff in adapters/faults/.
struct Fault {
  std::string name;
  std::string clause;  // which must convict it
  std::string does;    // in a few words
};

/// Those that were built. Their loops are named `faulty/NAME`.
std::vector<Fault> faults();

}  // namespace cede
