#include "adapters/barrier.h"

#include <dirent.h>
#include <fcntl.h>
#include <sys/single_threaded.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <vector>

#include "adapters/world.h"

namespace cede {
namespace {

constexpr Nanos pause = 20 * microsecond;

/// A file that the kernel writes when it is read; empty if there is none.
std::string text_of(const std::string& path) {
  char text[512];
  int file = static_cast<int>(syscall(SYS_openat, AT_FDCWD, path.c_str(), O_RDONLY | O_CLOEXEC));
  if (file < 0) return {};
  long size = syscall(SYS_read, file, text, sizeof text);
  syscall(SYS_close, file);
  return {text, static_cast<std::size_t>(std::max(0L, size))};
}

/// What a thread waits with that only others can end, or its own deadline.
bool is_wait(long call) {
  switch (call) {
    case SYS_futex:
    case SYS_epoll_wait:
    case SYS_epoll_pwait:
    case SYS_epoll_pwait2:
    case SYS_poll:
    case SYS_ppoll:
    case SYS_select:
    case SYS_pselect6:
    case SYS_rt_sigtimedwait:
    case SYS_rt_sigsuspend: return true;
    default: return false;
  }
}

/// What asleep in it goes on by itself: only for a while.
bool is_sleep(long call) { return call == SYS_nanosleep || call == SYS_clock_nanosleep; }

/// Whether the kernel has it down as sleeping until something happens: not as running, nor in the midst of
/// reading a disk.
bool sleeps(const std::string& thread) {
  std::string stat = text_of(thread + "/stat");
  std::size_t end_of_name = stat.rfind(')');
  return stat.empty() || end_of_name + 2 >= stat.size() || std::strchr("SZX", stat[end_of_name + 2]);
}

/// One that has gone away rests as well.
bool rests(const std::string& thread) {
  std::string call = text_of(thread + "/syscall");  // `running`, or the number of the call that it is in
  if (call.empty()) return sleeps(thread);          // not every kernel tells
  if (call[0] == 'r') return false;
  long number = std::atol(call.c_str());
  return is_wait(number) || (number >= 0 && !is_sleep(number) && sleeps(thread));
}

/// Threads that are not waited for any more.
std::vector<std::string>& hopeless() {
  static auto* threads = new std::vector<std::string>;
  return *threads;
}

const char tasks[] = "/proc/self/task";

bool alone() {
  if (__libc_single_threaded) return true;
  struct stat directory;
  return stat(tasks, &directory) == 0 && directory.st_nlink <= 3;  // itself, its parent, one thread
}

/// Of the first that does not rest; empty if all do.
std::string first_that_goes_on() {
  DIR* directory = opendir(tasks);
  if (!directory) return {};
  const std::string self = std::to_string(syscall(SYS_gettid));
  std::string found;
  while (dirent* entry = found.empty() ? readdir(directory) : nullptr) {
    std::string thread = entry->d_name;
    if (thread[0] == '.' || thread == self || std::ranges::count(hopeless(), thread)) continue;
    if (!rests(std::string(tasks) + "/" + thread)) found = thread;
  }
  closedir(directory);
  return found;
}

/// How long a thread may compute or sleep.
Nanos patience() {
  const char* seconds = std::getenv("CEDE_PATIENCE");
  return (seconds ? std::max(0L, std::atol(seconds)) : 10) * second;
}

void give_up_on(const std::string& thread) {
  std::string path = std::string(tasks) + "/" + thread;
  std::string name = text_of(path + "/comm"), call = text_of(path + "/syscall");
  name = name.substr(0, name.find('\n'));
  call = call.substr(0, call.find_first_of(" \n"));
  std::fprintf(stderr, "cede: thread %s (%s) has not rested for %lld s (system call: %s): time goes on without it\n",
               thread.c_str(), name.c_str(), static_cast<long long>(patience() / second), call.c_str());
  hopeless().push_back(thread);
}

}  // namespace

void await_other_threads() {
  if (alone()) return;
  Nanos since = 0;
  for (std::string thread; !(thread = first_that_goes_on()).empty();) {
    Nanos now = World::real_now();
    if (!since) since = now;
    if (now - since > patience()) {
      give_up_on(thread);
      since = 0;
    }
    timespec time{0, pause};
    syscall(SYS_nanosleep, &time, nullptr);
  }
}

}  // namespace cede
