// Deadlines of conditions, semaphores, mutexes and futexes, where virtual time is preloaded: they are reckoned by the
// world's clock and kept by the kernel's. When one passes though no other thread could have ended the wait, neither
// when it began nor now, the world's time has gone by as well; else some lock was held for a while, which is no matter
// of time.
#include <dlfcn.h>
#include <linux/futex.h>
#include <pthread.h>
#include <semaphore.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>

#include "adapters/barrier.h"
#include "adapters/preload.h"
#include "adapters/virtual_time.h"

namespace cede {
namespace {

Nanos nanos(const timespec& time) {
  return time.tv_sec >= forever / second ? forever : time.tv_sec * second + time.tv_nsec;
}

/// As the thread reads it, in its world.
Nanos clock_of_world(clockid_t clock) {
  timespec now{};
  clock_gettime(clock, &now);
  return nanos(now);
}

Nanos real_clock(clockid_t clock) {
  if (clock == CLOCK_MONOTONIC) return World::real_now();
  OutsideWorlds outside;
  return clock_of_world(clock);
}

/// The C library's function. Of conditions there is an older one too, which is not meant.
template <class Function>
Function* behind(const char* name, const char* version = nullptr) {
  return reinterpret_cast<Function*>(version ? dlvsym(RTLD_NEXT, name, version) : dlsym(RTLD_NEXT, name));
}

/// `wait(deadline)` is the wait itself, for real.
template <class Wait>
int wait_until(clockid_t clock, const timespec* deadline, Wait wait, bool (*timed_out)(int)) {
  World* world = current_world();
  if (!deadline || (!world && clocks_ahead() == 0)) return wait(deadline);
  const Nanos left = std::max<Nanos>(0, nanos(*deadline) - clock_of_world(clock));
  const Nanos end = std::min(left, forever / 2) + real_clock(clock);
  const timespec real{end / second, end % second};
  const bool is_virtual = world && world->pace() != World::Pace::real;
  const bool is_vain = is_virtual && other_threads_rest();
  const int result = wait(&real);
  const int error = errno;
  if (is_vain && timed_out(result) && other_threads_rest()) world->busy(left);
  errno = error;  // which who asks for it reads
  return result;
}

bool is_timeout(int error) { return error == ETIMEDOUT; }
bool is_failure_by_timeout(int result) { return result < 0 && errno == ETIMEDOUT; }

/// Rust waits with it. Other operations have no deadline, or a span instead.
long wait_for_futex(const long* a) {
  constexpr int flags = FUTEX_PRIVATE_FLAG | FUTEX_CLOCK_REALTIME;
  static auto* const real = behind<long(long, ...)>("syscall");
  auto wait = [=](const timespec* until) {
    return static_cast<int>(real(SYS_futex, a[0], a[1], a[2], until, a[4], a[5]));
  };
  const auto* deadline = reinterpret_cast<const timespec*>(a[3]);
  if ((a[1] & ~flags) != FUTEX_WAIT_BITSET) return wait(deadline);
  const clockid_t clock = a[1] & FUTEX_CLOCK_REALTIME ? CLOCK_REALTIME : CLOCK_MONOTONIC;
  return wait_until(clock, deadline, wait, is_failure_by_timeout);
}

[[gnu::constructor]] void stand_in() { futex_with_deadline = wait_for_futex; }

/// By which it was made to go.
clockid_t clock_of(const pthread_cond_t& condition) {
  return condition.__data.__wrefs & 2 ? CLOCK_MONOTONIC : CLOCK_REALTIME;
}

}  // namespace
}  // namespace cede

using namespace cede;

#pragma GCC visibility push(default)
extern "C" {

int pthread_cond_timedwait(pthread_cond_t* condition, pthread_mutex_t* mutex, const timespec* deadline) {
  static auto* const real = behind<decltype(pthread_cond_timedwait)>("pthread_cond_timedwait", "GLIBC_2.3.2");
  auto wait = [=](const timespec* until) { return real(condition, mutex, until); };
  return wait_until(clock_of(*condition), deadline, wait, is_timeout);
}

int pthread_cond_clockwait(pthread_cond_t* condition, pthread_mutex_t* mutex, clockid_t clock,
                           const timespec* deadline) {
  static auto* const real = behind<decltype(pthread_cond_clockwait)>("pthread_cond_clockwait");
  auto wait = [=](const timespec* until) { return real(condition, mutex, clock, until); };
  return wait_until(clock, deadline, wait, is_timeout);
}

int sem_timedwait(sem_t* semaphore, const timespec* deadline) {
  static auto* const real = behind<decltype(sem_timedwait)>("sem_timedwait");
  auto wait = [=](const timespec* until) { return real(semaphore, until); };
  return wait_until(CLOCK_REALTIME, deadline, wait, is_failure_by_timeout);
}

int sem_clockwait(sem_t* semaphore, clockid_t clock, const timespec* deadline) {
  static auto* const real = behind<decltype(sem_clockwait)>("sem_clockwait");
  auto wait = [=](const timespec* until) { return real(semaphore, clock, until); };
  return wait_until(clock, deadline, wait, is_failure_by_timeout);
}

int pthread_mutex_timedlock(pthread_mutex_t* mutex, const timespec* deadline) noexcept {
  static auto* const real = behind<int(pthread_mutex_t*, const timespec*)>("pthread_mutex_timedlock");
  return wait_until(CLOCK_REALTIME, deadline, [=](const timespec* until) { return real(mutex, until); }, is_timeout);
}

int pthread_mutex_clocklock(pthread_mutex_t* mutex, clockid_t clock, const timespec* deadline) noexcept {
  static auto* const real = behind<int(pthread_mutex_t*, clockid_t, const timespec*)>("pthread_mutex_clocklock");
  return wait_until(clock, deadline, [=](const timespec* until) { return real(mutex, clock, until); }, is_timeout);
}

}  // extern "C"
#pragma GCC visibility pop
