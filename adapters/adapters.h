// The loops there are.
#pragma once

#include <filesystem>
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
  std::string_view package;  // Debian's; empty for what is built in; or what else to install
  // Of a loop of another language: what plays, beside the command or in the folder of `ci/setup --loops`, and what
  // that is played by.
  std::string_view driver = {};
  std::string_view interpreter = {};

  bool is_driven() const { return !driver.empty(); }
  /// What to do where it is absent.
  std::string remedy() const;
};

std::span<const KnownLoop> known_loops();
/// Whether this is no name but the file of a module: `./mine.so`, `build/mine.so`, `cabi:mine.so`; or the driver of a
/// loop of another language: `exec:COMMAND`, `python:MODULE:FACTORY`.
bool is_yours(std::string_view name);
/// Whether it is behind a driver (wire.h), and the words of the command that begins that.
bool is_driven(std::string_view name);
std::vector<std::string> driver_command(const std::string& name);
/// Whether it is played by a Python, which `--python` names.
bool is_of_python(std::string_view name);
/// The loop without its back end, as a file of expectations says it; `mine` for `build/mine.so`, the command for
/// `exec:COMMAND`.
std::string_view loop_of(std::string_view name);
/// By its name, or by that of a loop with back ends, which means the first of them; else null.
const KnownLoop* find_loop(std::string_view name);

/// The reference loop, built in.
const Adapter& reference_adapter();

/// The adapter, or null when its module was not built or cannot be loaded, or its driver cannot begin; `why` then says
/// so. A module that is given by its file exports `cede_adapter` (adapter.h) or, in C, `cede_plugin` (cede.h).
/// A driver may throw DriverFailure (driver.h), here and where it plays.
const Adapter* find_adapter(std::string_view name, std::string& why);

/// What lies beside the executable, in the build as when installed: loops, expectations, skeletons.
std::filesystem::path beside(std::string_view name);

/// A wrong loop, made of the reference and a diff in adapters/faults/.
struct Fault {
  std::string name;
  std::string clause;  // which must convict it
  std::string does;    // in a few words
};

/// Those that were built. Their loops are named `faulty/NAME`.
std::vector<Fault> faults();

}  // namespace cede
