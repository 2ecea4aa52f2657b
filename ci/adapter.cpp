#include "ci/adapter.h"

#include <cerrno>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <set>
#include <sstream>

#include <fmt/format.h>

#include "adapters/adapters.h"
#include "adapters/cede.h"
#include "adapters/wire.h"
#include "ci/adapter_check.h"
#include "ci/isolation.h"
#include "ci/page.h"
#include "ci/run.h"

namespace cede {
namespace {

namespace fs = std::filesystem;

constexpr std::string_view model = "my_loop";  // what the skeleton's loop is called

bool is_identifier(std::string_view name) {
  return !name.empty() && name.find_first_not_of("abcdefghijklmnopqrstuvwxyz0123456789_") == std::string::npos &&
         !(name[0] >= '0' && name[0] <= '9');
}

std::string renamed(std::string text, const std::string& name) {
  for (std::size_t at = 0; (at = text.find(model, at)) != std::string::npos; at += name.size())
    text.replace(at, model.size(), name);
  return text;
}

/// Copies a file under the new name, without the lines that speak of the other language's adapter.
bool copy_renamed(const fs::path& from, const fs::path& to, const std::string& name, const std::string& other) {
  std::ifstream in(from);
  std::ofstream out(to);
  for (std::string line; std::getline(in, line);)
    if (line.find(other) == std::string::npos) out << renamed(line, name) << "\n";
  return in.eof() && out.flush();
}

/// The adapter of a loop that was named on the command line; null after a complaint.
const Adapter* find_named(const std::string& loop, Exit& exit) {
  const KnownLoop* known = find_loop(loop);
  if (!known && !is_yours(loop) && !loop.starts_with("faulty/")) {
    exit = complain(Exit::usage, fmt::format("there is no loop {}; there are: {}, and files such as ./mine.so", loop,
                                             loop_names()));
    return nullptr;
  }
  const std::string name = known ? std::string(known->name) : loop;
  std::string why;
  LoopInfo info;
  const Opened opened = describe(name, info, why);
  if (opened != Opened::well) {
    exit = complain(Exit::adapter_failed, fmt::format("{}: {}", name, why));
    return nullptr;
  }
  const Adapter* adapter = find_adapter(name, why);
  if (!adapter) exit = complain(Exit::adapter_failed, why);
  end_drivers();  // whoever plays begins one of their own
  return adapter;
}

/// Lines that are neither blank nor comments.
int count_lines(std::istream& source) {
  int lines = 0;
  for (std::string line; std::getline(source, line);) {
    std::size_t first = line.find_first_not_of(" \t");
    lines += first != std::string::npos && line.compare(first, 2, "//") != 0;
  }
  return lines;
}

}  // namespace

Exit adapter_new(const std::string& name, const std::string& language) {
  if (!is_identifier(name))
    return complain(Exit::usage, fmt::format("{} is no name for a loop: use a-z, 0-9 and _", name));
  std::error_code error;
  const fs::path from = beside("skeleton");
  const fs::directory_iterator skeleton(from, error);
  if (error) return complain(Exit::usage, fmt::format("cannot read {}: {}", from.string(), error.message()));
  if (!fs::create_directory(name, error))
    return complain(Exit::usage, error ? fmt::format("cannot make the folder {}: {}", name, error.message())
                                       : fmt::format("{} is there already: choose another name", name));
  const std::string other = language == "c" ? "my_loop_adapter.cpp" : "my_loop_plugin.c";
  std::set<std::string> written;
  for (const auto& entry : skeleton) {
    std::string file = entry.path().filename();
    if (file == other) continue;
    file = renamed(file, name);
    if (!copy_renamed(entry.path(), fs::path(name) / file, name, other))
      return complain(Exit::usage, fmt::format("cannot write {}/{}: {}", name, file, std::strerror(errno)));
    written.insert(file);
  }
  std::string module = renamed(language == "c" ? "my_loop_plugin" : "my_loop", name);
  fmt::print("{}/: {}\n", name, fmt::join(written, " "));
  fmt::print("next: cd {} && cmake -B build && cmake --build build && cede adapter check build/{}.so\n", name, module);
  return Exit::verified;
}

Exit adapter_info(const std::string& loop) {
  Exit exit = Exit::verified;
  const Adapter* adapter = find_named(loop, exit);
  if (!adapter) return exit;
  fmt::print("name        {}\nversion     {}\n", adapter->name, adapter->version);
  if (adapter->table) fmt::print("plug-in     {}, abi {}\n", adapter->table->name, adapter->table->abi);
  if (!adapter->language.empty()) fmt::print("language    {}\n", adapter->language);
  if (!adapter->bugs.empty()) fmt::print("bugs        {}\n", adapter->bugs);
  if (!adapter->back_end.empty()) fmt::print("back end    {}\n", adapter->back_end);
  fmt::print("resolution  {}\n", to_string_duration(adapter->resolution));
  if (adapter->needs_creeping) fmt::print("clock       has to creep: timers are called past their deadline\n");
  fmt::print("order       {}\n", adapter->exact_order ? "exact" : "as the clauses say");
  if (!adapter->layered.empty())
    fmt::print("layered     {}: the reference's, over the loop's callbacks\n", fmt::join(adapter->layered, ", "));
  fmt::print("\nmapping\n");
  std::istringstream mapping(adapter->mapping);
  for (std::string line; std::getline(mapping, line);) fmt::print("  {}\n", line);
  if (!adapter->unsupported.empty()) fmt::print("\nunsupported\n");
  for (const Unsupported& one : adapter->unsupported) fmt::print("  {}: {}\n", spelling(one.verb), one.reason);
  return Exit::verified;
}

Exit adapter_list() {
  for (const KnownLoop& known : known_loops()) {
    LoopInfo loop;
    std::string why;
    const bool is_here = describe(known.name, loop, why) == Opened::well;
    fmt::print("{:<22} {}\n", known.name, is_here ? loop.version : "absent: " + why.substr(0, why.find('\n')));
  }
  return Exit::verified;
}

Exit adapter_schema() {
  fmt::print("{}", wire_schema_text());
  return Exit::verified;
}

Exit adapter_check(const std::string& loop, const std::string& source) {
  Exit exit = Exit::verified;
  const Adapter* adapter = find_named(loop, exit);
  if (!adapter) return exit;
  if (!check_adapter(*adapter)) return Exit::adapter_failed;
  if (source.empty()) return Exit::verified;
  std::ifstream stream(source);
  if (!stream) return complain(Exit::usage, fmt::format("cannot read {}: {}", source, std::strerror(errno)));
  fmt::print("{} lines in {}, without blank ones and comments\n", count_lines(stream),
             fs::path(source).filename().string());
  return Exit::verified;
}

}  // namespace cede
