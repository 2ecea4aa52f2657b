#include "ci/activity.h"

#include <unistd.h>

#include <cstdint>
#include <cstdio>
#include <filesystem>
#include <fstream>
#include <string>

#include <fmt/format.h>

namespace cede {
namespace {

namespace fs = std::filesystem;

/// Of the process, its threads that have ended among them.
void add_computed(Activity& sum, const fs::path& process) {
  std::ifstream stream(process / "stat");
  std::string line;
  std::getline(stream, line);
  const std::size_t name_end = line.rfind(')');
  unsigned long user = 0, kernel = 0;  // ticks
  if (name_end != std::string::npos)
    (void)std::sscanf(line.c_str() + name_end + 1, " %*c %*d %*d %*d %*d %*d %*u %*u %*u %*u %*u %lu %lu", &user,
                      &kernel);
  sum.computed += static_cast<double>(user + kernel) / static_cast<double>(sysconf(_SC_CLK_TCK));
}

void add_thread(Activity& sum, const fs::path& thread) {
  std::ifstream stat(thread / "stat");
  std::string line;
  std::getline(stat, line);
  const std::size_t name_end = line.rfind(')');
  const char state = name_end != std::string::npos && name_end + 2 < line.size() ? line[name_end + 2] : 'Z';
  sum.is_busy |= state == 'R' || state == 'D';
  std::uint64_t on_processor = 0, kept_waiting = 0;  // nanoseconds
  std::ifstream(thread / "schedstat") >> on_processor >> kept_waiting;
  sum.kept_waiting += static_cast<double>(kept_waiting) * 1e-9;
}

}  // namespace

Activity activity_of(pid_t process) {
  Activity sum;
  const fs::path itself = fmt::format("/proc/{}", process);
  add_computed(sum, itself);
  std::error_code gone;
  for (fs::directory_iterator thread(itself / "task", gone), end; !gone && thread != end; thread.increment(gone))
    add_thread(sum, thread->path());
  for (pid_t child : children_of(process)) {
    const Activity its = activity_of(child);
    sum.is_busy |= its.is_busy;
    sum.computed += its.computed;
    sum.kept_waiting += its.kept_waiting;
  }
  return sum;
}

std::vector<pid_t> children_of(pid_t process) {
  std::ifstream stream(fmt::format("/proc/{0}/task/{0}/children", process));
  std::vector<pid_t> children;
  for (pid_t child; stream >> child;) children.push_back(child);
  return children;
}

}  // namespace cede
