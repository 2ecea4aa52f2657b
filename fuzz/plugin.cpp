// The loop of a plug-in in C, for its fuzz target. An adapter in C++ defines `cede_adapter` itself and takes the place
// of this.
#include "adapters/plugin.h"

#include <cstdio>
#include <cstdlib>

#include <fmt/format.h>

#include "adapters/cede.h"

#pragma weak cede_plugin

extern "C" [[gnu::weak]] bool cede::cede_adapter(std::string_view back_end, Adapter& adapter) {
  std::string wrong = cede_plugin ? complaint(cede_plugin()) : "neither cede_adapter nor cede_plugin is linked";
  if (!wrong.empty()) {
    fmt::print(stderr, "{}\n", wrong);
    std::exit(2);
  }
  adapt_plugin(*cede_plugin(), adapter);
  return back_end.empty();
}
