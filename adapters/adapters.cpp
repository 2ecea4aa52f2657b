#include "adapters/adapters.h"

#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <fstream>
#include <map>

#include <fmt/format.h>

#include "adapters/cede.h"
#include "adapters/plugin.h"

namespace cede {
namespace {

namespace fs = std::filesystem;

constexpr std::array loops{
    KnownLoop{"reference", ""},
    KnownLoop{"libuv", "libuv1-dev"},
    KnownLoop{"libev/epoll", "libev-dev"},
    KnownLoop{"libev/poll", "libev-dev"},
    KnownLoop{"libev/select", "libev-dev"},
    KnownLoop{"libevent/epoll", "libevent-dev"},
    KnownLoop{"libevent/timerfd", "libevent-dev"},
    KnownLoop{"libevent/poll", "libevent-dev"},
    KnownLoop{"libevent/select", "libevent-dev"},
    KnownLoop{"glib", "libglib2.0-dev"},
    KnownLoop{"sd-event", "libsystemd-dev"},
    KnownLoop{"boost-asio/callbacks", "libboost1.81-dev"},
    KnownLoop{"boost-asio/awaitable", "libboost1.81-dev"},
    KnownLoop{"asio/callbacks", "libasio-dev"},
    KnownLoop{"asio/awaitable", "libasio-dev"},
    KnownLoop{"qt/glib", "qt6-base-dev"},
    KnownLoop{"qt/unix", "qt6-base-dev"},
};

constexpr std::string_view c_door = "cabi:";

/// The file of a module, and which of its back ends is meant.
std::pair<fs::path, std::string> module_of(std::string name) {
  if (is_module(name)) return {fs::absolute(name.starts_with(c_door) ? name.substr(c_door.size()) : name), ""};
  std::string back_end;
  if (std::size_t slash = name.find('/'); slash != std::string::npos && !name.starts_with("faulty/")) {
    back_end = name.substr(slash + 1);
    name.resize(slash);
  }
  return {beside("cede-loops") / (name + ".so"), back_end};
}

/// One module a loop, opened with its own symbols only, since loops share names. It knows its back ends.
const Adapter* open_module(const std::string& name, std::string& why) {
  static std::map<std::string, Adapter> open;
  if (auto found = open.find(name); found != open.end()) return &found->second;

  auto [path, back_end] = module_of(name);
  void* module = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!module) {
    why = dlerror();
    return nullptr;
  }
  auto make = reinterpret_cast<decltype(&cede_adapter)>(dlsym(module, "cede_adapter"));
  auto layout = reinterpret_cast<decltype(&cede_layout)>(dlsym(module, "cede_layout"));
  auto plugin = reinterpret_cast<decltype(&cede_plugin)>(dlsym(module, "cede_plugin"));
  Adapter adapter;
  if (make && (!layout || layout() != cede_layout())) {
    why = "it was built with the headers of another cede: build it again with those of this one";
  } else if (make) {
    if (!make(back_end, adapter)) why = fmt::format("it knows no back end {}", back_end);
  } else if (plugin) {
    why = complaint(plugin());
    if (why.empty()) adapt_plugin(*plugin(), adapter);
  } else {
    why = "it exports neither cede_adapter, of a loop in C++ (adapters/adapter.h), nor cede_plugin, of one in C "
          "(adapters/cede.h)";
  }
  if (!why.empty()) {
    why = fmt::format("{}: {}", path.string(), why);
    return nullptr;
  }
  adapter.name = name;
  return &(open[name] = std::move(adapter));
}

}  // namespace

fs::path beside(std::string_view name) { return fs::read_symlink("/proc/self/exe").replace_filename(name); }

std::span<const KnownLoop> known_loops() { return loops; }

bool is_module(std::string_view name) {
  return name.ends_with(".so") || name.starts_with("./") || name.starts_with("../") || name.starts_with("/") ||
         name.starts_with(c_door);
}

std::string_view loop_of(std::string_view name) {
  if (!is_module(name)) return name.substr(0, name.find('/'));
  name.remove_prefix(std::min(name.size(), name.find_last_of("/:") + 1));
  return name.substr(0, name.find('.'));
}

const KnownLoop* find_loop(std::string_view name) {
  auto is_meant = [&](const KnownLoop& loop) {
    return loop.name == name || (loop.name.starts_with(name) && loop.name[name.size()] == '/');
  };
  auto found = std::ranges::find_if(loops, is_meant);
  return found == loops.end() ? nullptr : &*found;
}

const Adapter* find_adapter(std::string_view name, std::string& why) {
  if (name == "reference") return &reference_adapter();
  return open_module(std::string(name), why);
}

std::vector<Fault> faults() {
  std::vector<Fault> faults;
  std::ifstream list(beside("cede-loops") / "faulty" / "faults.tsv");
  Fault fault;
  while (std::getline(list, fault.name, '\t') && std::getline(list, fault.clause, '\t') &&
         std::getline(list, fault.does))
    faults.push_back(fault);
  return faults;
}

}  // namespace cede
