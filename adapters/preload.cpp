// libcede_time.so: virtual time (virtual_time.h) for programs that are started with it in LD_PRELOAD.
// Nothing is other than ever until somebody says `begin` at the door (door.h). The door is a descriptor
// whose number is in the environment, as CEDE_DOOR; here is caught who reads and writes it.
#undef _FORTIFY_SOURCE
#include "adapters/preload.h"

#include <dlfcn.h>
#include <fcntl.h>
#include <pthread.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

#include "adapters/barrier.h"
#include "adapters/door.h"

namespace cede {
namespace {

int door_number = -1;

/// For ever: a process may end at any time, on any thread.
Door* door = nullptr;

/// The same function of whoever comes behind us, as a rule the C library.
template <class Function>
Function* behind(const char* name) {
  return reinterpret_cast<Function*>(dlsym(RTLD_NEXT, name));
}

ssize_t obeyed(std::string_view commands) {
  if (door->write(commands)) return static_cast<ssize_t>(commands.size());
  errno = EINVAL;
  return -1;
}

/// A number that no file will be given. What is there fails if it is written to past us.
int reserve_number() {
  int file = epoll_create1(EPOLL_CLOEXEC);
  int number = -1;
  for (int wanted : {1000, 500, 200, 100, 3})
    if (number < 0) number = fcntl(file, F_DUPFD_CLOEXEC, wanted);
  syscall(SYS_close, file);
  return number;
}

/// Not by setenv: shells have one of their own, which is not ready yet.
void set_in_environment(const char* name, const std::string& value) {
  static std::string entry = std::string(name) + "=" + value;
  std::size_t count = 0, prefix = std::strlen(name) + 1;
  for (; environ && environ[count]; ++count)
    if (entry.compare(0, prefix, environ[count], std::min(prefix, std::strlen(environ[count]))) == 0)
      return void(environ[count] = entry.data());
  auto** entries = static_cast<char**>(std::malloc((count + 2) * sizeof(char*)));
  std::copy_n(environ, count, entries);
  entries[count] = entry.data();
  entries[count + 1] = nullptr;
  environ = entries;
}

/// A forked child lives in real time, and has a door of its own.
void leave_in_child() {
  forget_other_threads();
  door->leave();
  door = new Door;
}

[[gnu::constructor]] void open_door() {
  door = new Door;
  door_number = reserve_number();
  if (door_number < 0) return;
  set_in_environment("CEDE_DOOR", std::to_string(door_number));
  pthread_atfork(nullptr, nullptr, leave_in_child);
}

}  // namespace
}  // namespace cede

using namespace cede;

#pragma GCC visibility push(default)
extern "C" {

ssize_t read(int descriptor, void* to, std::size_t room) {
  static auto* const real = behind<decltype(read)>("read");
  if (descriptor != door_number || descriptor < 0) return real(descriptor, to, room);
  return static_cast<ssize_t>(door->read(static_cast<char*>(to), room));
}
ssize_t __read_chk(int descriptor, void* to, std::size_t room, std::size_t) { return read(descriptor, to, room); }

ssize_t write(int descriptor, const void* from, std::size_t size) {
  static auto* const real = behind<decltype(write)>("write");
  if (descriptor != door_number || descriptor < 0) return real(descriptor, from, size);
  return obeyed({static_cast<const char*>(from), size});
}

ssize_t readv(int descriptor, const iovec* parts, int count) {
  static auto* const real = behind<decltype(readv)>("readv");
  if (descriptor != door_number || descriptor < 0 || count < 1) return real(descriptor, parts, count);
  return static_cast<ssize_t>(door->read(static_cast<char*>(parts[0].iov_base), parts[0].iov_len));
}

ssize_t writev(int descriptor, const iovec* parts, int count) {
  static auto* const real = behind<decltype(writev)>("writev");
  if (descriptor != door_number || descriptor < 0) return real(descriptor, parts, count);
  std::string commands;
  for (int i = 0; i < count; ++i) commands.append(static_cast<const char*>(parts[i].iov_base), parts[i].iov_len);
  return obeyed(commands);
}

/// Who asked for its number in a world sends the signal to that.
int kill(pid_t process, int signal) noexcept {
  World* world = current_world();
  if (world && process == getpid()) process = static_cast<pid_t>(syscall(SYS_getpid));
  return static_cast<int>(syscall(SYS_kill, process, signal));
}

}  // extern "C"
#pragma GCC visibility pop
