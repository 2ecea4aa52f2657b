#include "adapters/adapters.h"

#include <dlfcn.h>

#include <algorithm>
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

/// Modules lie beside the executable, as they do in the build and when installed.
fs::path modules() { return fs::read_symlink("/proc/self/exe").parent_path() / "cede-loops"; }

/// One module a loop, opened with its own symbols only, since loops share names. It knows its back ends.
const Adapter* open_module(const std::string& name, std::string& why) {
  static std::map<std::string, Adapter> open;
  if (auto found = open.find(name); found != open.end()) return &found->second;

  std::string loop = name, back_end;
  if (std::size_t slash = name.find('/'); slash != std::string::npos && !name.starts_with("faulty/")) {
    loop = name.substr(0, slash);
    back_end = name.substr(slash + 1);
  }
  fs::path path = modules() / (loop + ".so");
  void* module = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  if (!module) {
    why = dlerror();
    return nullptr;
  }
  auto make = reinterpret_cast<decltype(&cede_adapter)>(dlsym(module, "cede_adapter"));
  Adapter adapter;
  if (!make || !make(back_end, adapter)) {
    why = make ? fmt::format("{} knows no back end {}", path.string(), back_end)
               : fmt::format("{} has no function cede_adapter", path.string());
    return nullptr;
  }
  adapter.name = name;
  return &(open[name] = std::move(adapter));
}

}  // namespace

std::span<const KnownLoop> known_loops() { return loops; }

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
  std::ifstream list(modules() / "faulty" / "faults.tsv");
  Fault fault;
  while (std::getline(list, fault.name, '\t') && std::getline(list, fault.clause, '\t') &&
         std::getline(list, fault.does))
    faults.push_back(fault);
  return faults;
}

}  // namespace cede
