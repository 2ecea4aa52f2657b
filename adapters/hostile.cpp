// The reference as a loop that ruins its process, in as many ways as the back end has names: what a suite has to
// survive. It does so where a scenario says `stop` and somebody waits for a timer.
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <fstream>
#include <string>

#include "adapters/adapters.h"

namespace cede {
namespace {

/// So that compilers do not see what is coming.
template <class T>
T hidden(T value) {
  volatile T copy = value;
  return copy;
}

void leave_a_child() {
  if (fork() != 0) return;
  setsid();
  signal(SIGTERM, SIG_IGN);
  while (true) pause();
}

/// Overwrites all memory that is shared with another process.
void smash() {
  std::ifstream maps("/proc/self/maps");
  for (std::string line; std::getline(maps, line);) {
    unsigned long begin = 0, end = 0;
    char access[5] = {};
    if (std::sscanf(line.c_str(), "%lx-%lx %4s", &begin, &end, access) == 3 && std::string_view(access) == "rw-s")
      std::memset(reinterpret_cast<void*>(begin), 0x7f, end - begin);
  }
}

struct Way {
  std::string_view name;
  void (*ruin)();
};

constexpr std::array ways{
    Way{"aborts", [] { std::abort(); }},
    Way{"throws", [] { throw 1; }},
    Way{"crashes", [] { *hidden<int*>(nullptr) = 1; }},
    Way{"corrupts", [] { void* block = hidden(std::malloc(24)); std::free(block), std::free(hidden(block)); }},
    Way{"computes", [] { while (hidden(true)) {} }},
    Way{"blocks", [] { pause(); }},
    Way{"exits", [] { std::exit(0); }},
    Way{"prints", [] { std::puts("here I am"); }},
    Way{"scribbles", [] { for (int i = 3; i < 64; ++i) (void)!write(i, "garbage\n", 8); }},
    Way{"smashes", [] { smash(), std::abort(); }},
    Way{"forks", [] { leave_a_child(), std::abort(); }},
};

void (*ruin)() = nullptr;

void run(const Adapter& adapter, const Scenario& scenario, World& world, Trace& trace) {
  auto says = [&](Verb verb) { return std::ranges::find(scenario.steps, verb, &Step::verb) != scenario.steps.end(); };
  if (says(Verb::stop) && says(Verb::call_later)) ruin();
  reference_adapter().run(adapter, scenario, world, trace);
}

}  // namespace

extern "C" bool cede_adapter(std::string_view back_end, Adapter& adapter) {
  if (back_end == "opens") std::abort();
  auto way = std::ranges::find(ways, back_end, &Way::name);
  if (way == ways.end()) return false;
  ruin = way->ruin;
  adapter = reference_adapter();
  adapter.exact_order = false;
  adapter.back_end = back_end;
  adapter.run = run;
  return true;
}

}  // namespace cede
