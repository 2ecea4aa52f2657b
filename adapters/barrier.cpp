#include "adapters/barrier.h"

#include <dirent.h>
#include <fcntl.h>
#include <linux/futex.h>
#include <sys/ioctl.h>
#include <sys/single_threaded.h>
#include <sys/stat.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>
#include <utility>
#include <vector>

#include "adapters/world.h"

namespace cede {
namespace {

constexpr Nanos pause = 20 * microsecond;
constexpr Nanos soon = 50 * millisecond;
const std::string tasks = "/proc/self/task/";

/// One of the descriptors of the process that are kept out of the way of those it makes itself; below 0 for none.
int open_high(const std::string& path) {
  constexpr int high = 900;
  int low = static_cast<int>(syscall(SYS_openat, AT_FDCWD, path.c_str(), O_RDONLY | O_CLOEXEC));
  int file = low < 0 ? low : fcntl(low, F_DUPFD_CLOEXEC, high);
  if (file < 0) return low;
  syscall(SYS_close, low);
  return file;
}

/// What the kernel writes down when it is asked; empty if there is none.
std::string read_anew(int file) {
  char text[256];
  long size = syscall(SYS_pread64, file, text, sizeof text, 0);
  return {text, static_cast<std::size_t>(std::max(0L, size))};
}

std::string text_of(const std::string& path) {
  int file = static_cast<int>(syscall(SYS_openat, AT_FDCWD, path.c_str(), O_RDONLY | O_CLOEXEC));
  std::string text = read_anew(file);
  syscall(SYS_close, file);
  return text;
}

/// What is read from or written to it comes from or goes to somebody, not a disk.
bool is_channel(int descriptor) {
  struct stat file;
  if (fstat(descriptor, &file) != 0) return false;
  auto type = file.st_mode & S_IFMT;
  return type == S_IFIFO || type == S_IFSOCK || type == S_IFCHR || type == 0;  // that of eventfd and its like
}

/// Whether there is something to read, so that who reads from it is to be woken; on another processor the kernel may
/// not have got round to that.
bool is_readable(int descriptor) {
  int count = 0;
  return syscall(SYS_ioctl, descriptor, FIONREAD, &count) == 0 && count > 0;
}

/// A wait for a futex, by the arguments of the system call. One that ends soon goes on by itself: so a thread waits for
/// Python's lock, and looks again every few milliseconds, since condition variables may lose who is woken.
bool ends_soon(const char* arguments) {
  std::array<long, 4> words{};
  for (long& word : words) {
    char* rest;
    word = static_cast<long>(std::strtoul(arguments, &rest, 16));
    arguments = rest;
  }
  const auto [futex, operation, value, deadline] = words;
  timespec end{}, now{};
  const iovec here{&end, sizeof end}, there{reinterpret_cast<void*>(deadline), sizeof end};
  if (!deadline || syscall(SYS_process_vm_readv, syscall(SYS_getpid), &here, 1, &there, 1, 0) < 0) return false;
  if ((operation & FUTEX_CMD_MASK) != FUTEX_WAIT)  // whose deadline is a span
    syscall(SYS_clock_gettime, operation & FUTEX_CLOCK_REALTIME ? CLOCK_REALTIME : CLOCK_MONOTONIC, &now);
  const time_t seconds = end.tv_sec - now.tv_sec;
  return seconds <= 1 && seconds * second + end.tv_nsec - now.tv_nsec < soon;
}

/// Whether a thread sleeps until something happens, by what the kernel says of it; it is not, say, in the midst of
/// reading a disk.
bool sleeps(const std::string& stat) {
  const std::size_t name_end = stat.rfind(')');
  return stat.empty() || name_end + 2 >= stat.size() || std::strchr("SZX", stat[name_end + 2]);
}

struct Thread {
  int id;
  int file;  // where the kernel says what it does
  int runs_file;  // ... and how often it has had a processor
  int stat_file;  // ... and in which state it is
  bool hopeless = false;
  std::string runs = {};  // what that said last

  /// Whether it has had one since it was asked last.
  bool has_run() {
    const std::string before = std::exchange(runs, read_anew(runs_file));
    return before != runs;
  }

  /// `call` is what the kernel says: `running`, or the number of the system call that it is in, and arguments. Who has
  /// been woken is still in one until its processor has woken, too: its state tells.
  bool rests(const std::string& call) const {
    return (call.empty() || waits_in(call)) && sleeps(read_anew(stat_file));  // not every kernel tells the call
  }

  /// Whether that is a call in which a thread waits for others.
  static bool waits_in(const std::string& call) {
    char* arguments;
    const long number = std::strtol(call.c_str(), &arguments, 10);
    if (arguments == call.c_str() || number < 0) return false;
    switch (number) {
      case SYS_futex: return !ends_soon(arguments);
      case SYS_epoll_wait:
      case SYS_epoll_pwait:
      case SYS_poll:
      case SYS_ppoll:
      case SYS_select:
      case SYS_pselect6: return true;
      case SYS_read: {
        const int channel = static_cast<int>(std::strtol(arguments, nullptr, 16));
        return is_channel(channel) && !is_readable(channel);
      }
      case SYS_write: return is_channel(static_cast<int>(std::strtol(arguments, nullptr, 16)));
      case SYS_nanosleep:
      case SYS_clock_nanosleep: return false;  // it goes on by itself
      default: return true;
    }
  }
};

class OtherThreads {
 public:
  void await();
  /// Null if all rest.
  Thread* first_that_goes_on();
  Thread* first_of_many_awake();
  Thread* first_awake();
  void forget();

 private:
  static std::size_t count();
  void find(int self);
  static void give_up_on(Thread& thread);

  int self_ = 0;  // the calling thread; 0 if the others are to be found anew
  std::vector<Thread> threads_;
};

OtherThreads& others() {
  static auto* others = new OtherThreads;
  return *others;
}

/// How long a thread may compute or sleep.
Nanos patience() {
  const char* seconds = std::getenv("CEDE_PATIENCE");
  return (seconds ? std::max(0L, std::atol(seconds)) : 10) * second;
}

void OtherThreads::await() {
  Nanos since = 0;
  while (Thread* thread = first_that_goes_on()) {
    const Nanos now = World::real_now();
    if (!since) since = now;
    if (now - since > patience()) {
      give_up_on(*thread);
      since = 0;
    }
    timespec time{0, pause};
    syscall(SYS_nanosleep, &time, nullptr);
  }
}

void OtherThreads::forget() {
  for (const Thread& thread : threads_) {
    for (int file : {thread.file, thread.runs_file, thread.stat_file}) syscall(SYS_close, file);
  }
  threads_.clear();
  self_ = 0;
}

std::size_t OtherThreads::count() {
  struct stat directory;
  return stat(tasks.c_str(), &directory) == 0 ? directory.st_nlink - 3 : 0;  // it links to itself, too
}

/// Who is there now, other than the calling thread.
void OtherThreads::find(int self) {
  std::vector<int> hopeless;
  for (const Thread& thread : threads_)
    if (thread.hopeless) hopeless.push_back(thread.id);
  forget();
  self_ = self;
  DIR* directory = opendir(tasks.c_str());
  while (dirent* entry = directory ? readdir(directory) : nullptr) {
    const int id = std::atoi(entry->d_name);
    if (id == 0 || id == self) continue;
    const std::string task = tasks + entry->d_name;
    threads_.push_back({id, open_high(task + "/syscall"), open_high(task + "/schedstat"), open_high(task + "/stat"),
                        std::ranges::count(hopeless, id) > 0});
  }
  if (directory) closedir(directory);
}

Thread* OtherThreads::first_that_goes_on() {
  if (count() == 0) return nullptr;
  const int self = static_cast<int>(syscall(SYS_gettid));
  if (count() != threads_.size() || self != self_) find(self);
  Thread* const awake = threads_.size() == 1 ? first_awake() : first_of_many_awake();
  if (!awake && count() != threads_.size()) self_ = 0;  // who rests now may have made another one before
  return self_ ? awake : first_that_goes_on();
}

Thread* OtherThreads::first_of_many_awake() {
  // Each may have woken another one that was asked before, and gone to rest itself. If all rest, all still do then, and
  // none has run meanwhile, there was a moment at which all rested.
  for (Thread& thread : threads_) (void)thread.has_run();
  for (int times = 2; times > 0; --times)
    if (Thread* awake = first_awake()) return awake;
  for (Thread& thread : threads_)
    if (!thread.hopeless && thread.has_run()) return &thread;
  return nullptr;
}

Thread* OtherThreads::first_awake() {
  for (Thread& thread : threads_) {
    if (thread.hopeless) continue;
    const std::string call = read_anew(thread.file);
    if (call.empty() && thread.file >= 0) self_ = 0;  // it has gone away, and another one may have come
    if (!self_ || !thread.rests(call)) return &thread;
  }
  return nullptr;
}

void OtherThreads::give_up_on(Thread& thread) {
  thread.hopeless = true;
  std::string name = text_of(tasks + std::to_string(thread.id) + "/comm"), call = read_anew(thread.file);
  name = name.substr(0, name.find('\n'));
  call = call.substr(0, call.find_first_of(" \n"));
  std::fprintf(stderr, "cede: thread %d (%s) has not rested for %lld s (system call: %s): time goes on without it\n",
               thread.id, name.c_str(), static_cast<long long>(patience() / second), call.c_str());
}

}  // namespace

void await_other_threads() {
  if (!__libc_single_threaded) others().await();
}

bool other_threads_rest() { return __libc_single_threaded || !others().first_that_goes_on(); }

void forget_other_threads() { others().forget(); }

}  // namespace cede
