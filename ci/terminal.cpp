#include "ci/terminal.h"

#include <unistd.h>

#include <chrono>
#include <cstdlib>
#include <string_view>

#include <fmt/format.h>

namespace cede {
namespace {

bool set(const char* name) {
  const char* value = std::getenv(name);
  return value && *value;
}

bool watched(std::FILE* stream) {
  const char* terminal = std::getenv("TERM");
  return isatty(fileno(stream)) && !(terminal && std::string_view(terminal) == "dumb");
}

double now() { return std::chrono::duration<double>(std::chrono::steady_clock::now().time_since_epoch()).count(); }

}  // namespace

bool colored(std::FILE* stream) { return watched(stream) && !set("NO_COLOR"); }

Progress::Progress(std::string what) : what_(std::move(what)), shown_(watched(stderr) && !set("CI")) {}

Progress::~Progress() {
  if (shown_) fmt::print(stderr, "\r\033[K");
}

void Progress::show(std::uint64_t done, std::uint64_t of) {
  if (!shown_ || now() - last_ < 0.1) return;
  last_ = now();
  if (of < UINT32_MAX) fmt::print(stderr, "\r\033[K{}: {} of {} scenarios", what_, done, of);
  else fmt::print(stderr, "\r\033[K{}: {} scenarios", what_, done);
  std::fflush(stderr);
}

}  // namespace cede
