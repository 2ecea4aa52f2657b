#include "adapters/adapters.h"

#include <dlfcn.h>

#include <array>
#include <filesystem>
#include <fstream>
#include <map>

#include <fmt/format.h>

namespace cede {
namespace {

namespace fs = std::filesystem;

constexpr std::array loops{
    KnownLoop{"reference", ""},
    KnownLoop{"libuv", "libuv1-dev"},
};

/// Modules lie beside the executable, as they do in the build and when installed.
fs::path modules() { return fs::read_symlink("/proc/self/exe").parent_path() / "cede-loops"; }

/// One module a loop, opened with its own symbols only, since loops share names.
const Adapter* open_module(const std::string& name, std::string& why) {
  static std::map<std::string, Adapter> open;
  if (auto found = open.find(name); found != open.end()) return &found->second;

  fs::path path = modules() / (name + ".so");
  void* module = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!module) {
    why = dlerror();
    return nullptr;
  }
  auto make = reinterpret_cast<const Adapter* (*)()>(dlsym(module, "cede_adapter"));
  if (!make) {
    why = fmt::format("{} has no function cede_adapter", path.string());
    return nullptr;
  }
  Adapter& adapter = open[name] = *make();
  adapter.name = name;
  return &adapter;
}

}  // namespace

std::span<const KnownLoop> known_loops() { return loops; }

const Adapter* find_adapter(std::string_view name, std::string& why) {
  if (name == "reference") return &reference_adapter();
  return open_module(std::string(name), why);
}

std::vector<Fault> faults() {
  std::vector<Fault> faults;
  std::ifstream list(modules() / "faulty" / "faults.tsv");
  Fault fault;
  while (std::getline(list, fault.name, '\t') && std::getline(list, fault.clause, '\t') &&
         std::getline(list, fault.does))
    faults.push_back(fault);
  return faults;
}

}  // namespace cede
