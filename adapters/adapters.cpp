#include "adapters/adapters.h"

#include <dlfcn.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <map>

#include <fmt/format.h>

#include "adapters/cede.h"
#include "adapters/driver.h"
#include "adapters/plugin.h"
#include "adapters/wire.h"

namespace cede {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view for_python = "what `ci/setup --loops python` does";
constexpr std::string_view for_zuvloop = "zuvloop 0.0.17 for Python 3.14, and name that by --python";
constexpr std::string_view for_node = "what `ci/setup --loops node` does";

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
    KnownLoop{"asyncio", "python3", "python/driver.py", "python3"},
    KnownLoop{"asyncio/epoll", "python3", "python/driver.py", "python3"},
    KnownLoop{"asyncio-pure", "python3", "python/driver.py", "python3"},
    KnownLoop{"uvloop", for_python, "python/driver.py", "python/bin/python3"},
    KnownLoop{"uvloop/0.17.0", for_python, "python/driver.py", "uvloop-0.17.0/bin/python3"},
    KnownLoop{"rloop", for_python, "python/driver.py", "python/bin/python3"},
    KnownLoop{"zuvloop", for_zuvloop, "python/driver.py", "python3.14"},
    KnownLoop{"qasync", for_python, "python/driver.py", "python/bin/python3"},
    KnownLoop{"trio-asyncio", for_python, "python/driver.py", "python/bin/python3"},
    KnownLoop{"gbulb", for_python, "python/driver.py", "gbulb/bin/python3"},
    KnownLoop{"tornado", for_python, "python/driver.py", "python/bin/python3"},
    // Other threads of V8's wake the loop whenever they are done, and its memory reducer has timers of eight seconds.
    KnownLoop{"node", "nodejs", "node/driver.js", "node --single-threaded --v8-pool-size=1 --no-memory-reducer"},
    KnownLoop{"node/10", for_node, "node/driver.js",
              "node-10/bin/node --single-threaded --v8-pool-size=1 --no-memory-reducer"},
    KnownLoop{"tokio", "what `ci/setup --loops rust` does", "tokio/bin/cede-tokio"},
    KnownLoop{"io-async", "libio-async-perl and libfuture-asyncawait-perl", "perl/driver.pl", "perl"},
};

constexpr std::string_view c_door = "cabi:", any_driver = "exec:", any_python = "python:";
constexpr std::string_view python_driver = "python/";

bool is_driver(std::string_view name) { return name.starts_with(any_driver) || name.starts_with(any_python); }

bool is_module(std::string_view name) {
  if (is_driver(name)) return false;
  return name.ends_with(".so") || name.ends_with(".py") || name.starts_with("./") || name.starts_with("../") ||
         name.starts_with("/") || name.starts_with(c_door);
}

// Drivers.

std::string setting(const char* name, std::string otherwise) {
  const char* value = std::getenv(name);
  return value && *value ? value : std::move(otherwise);
}

/// Where `ci/setup --loops` puts what loops of other languages need.
fs::path folder_of_loops() {
  const std::string data = setting("XDG_DATA_HOME", setting("HOME", "/") + "/.local/share");
  return setting("CEDE_LOOPS", data + "/cede");
}

/// `--python`; else the one that was named, if it is there; else the usual one.
std::string python(std::string_view interpreter) {
  const fs::path installed = folder_of_loops() / interpreter;
  const bool is_here = interpreter.find('/') != std::string_view::npos && fs::exists(installed);
  return setting("CEDE_PYTHON", is_here ? installed : "python3");
}

/// What plays the driver, with its options. CEDE_NODE says which Node is meant where no version is named.
std::vector<std::string> interpreter_of(const KnownLoop& loop) {
  if (loop.driver.starts_with(python_driver)) return {python(loop.interpreter)};
  auto words = words_of(loop.interpreter);
  if (words[0].find('/') != std::string::npos) words[0] = folder_of_loops() / words[0];
  else if (words[0] == "node") words[0] = setting("CEDE_NODE", "node");
  return words;
}

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
  if (path.extension() == ".py") {
    why = fmt::format("say python:{}:CLASS for a loop class that it has, or 'exec:python3 {}' if it is a driver",
                      path.stem().string(), name);
    return nullptr;
  }
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

std::string KnownLoop::remedy() const {
  if (driver.starts_with(python_driver) && !setting("CEDE_PYTHON", "").empty())
    return "name by --python one that has what it needs";
  return is_driven() ? fmt::format("install {}", package) : fmt::format("install {} and build again", package);
}

bool is_driven(std::string_view name) {
  const KnownLoop* known = find_loop(name);
  return is_driver(name) || (known && known->is_driven());
}

bool is_of_python(std::string_view name) {
  const KnownLoop* known = find_loop(name);
  return name.starts_with(any_python) || (known && known->driver.starts_with(python_driver));
}

std::vector<std::string> driver_command(const std::string& name) {
  const KnownLoop* known = find_loop(name);
  if (name.starts_with(any_driver)) return words_of(std::string_view(name).substr(any_driver.size()));
  const KnownLoop& like = known ? *known : *find_loop("asyncio");
  if (like.interpreter.empty()) return {folder_of_loops() / like.driver};
  const std::string driver = beside("cede-drivers") / like.driver;
  auto command = interpreter_of(like);
  command.insert(command.end(), {driver, "--loop", name});
  return command;
}

bool is_yours(std::string_view name) { return is_module(name) || is_driver(name); }

std::string_view loop_of(std::string_view name) {
  if (is_driver(name)) return name.substr(name.find(':') + 1);
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
  if (is_driven(name)) return open_driver(std::string(name), driver_command(std::string(name)), why);
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
