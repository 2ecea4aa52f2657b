// The clocks, waits and timer descriptors of the C library, as a world has them. How time goes by
// is World::wait's affair; here stands what the kernel is asked, and what the answer looks like.
//
// This file is compiled without sanitizers: their run-time libraries call these functions before
// they are ready themselves, and `syscall` reads arguments that its caller may not have passed.
#undef _FORTIFY_SOURCE  // its inline versions have the names that are defined here
#include "adapters/virtual_time.h"

#include <dlfcn.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <sys/select.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <sys/timerfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <atomic>
#include <cerrno>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <iterator>
#include <optional>
#include <utility>

#include "adapters/preload.h"

#ifndef __x86_64__
#error "say here how this processor calls the kernel"
#endif

// ThreadSanitizer learns from these that what was written before a wake-up is seen after it; the
// kernel alone would not tell it, and it would see races where there are none.
extern "C" {
[[gnu::weak]] int __interceptor_epoll_wait(int, epoll_event*, int, int);
[[gnu::weak]] int __interceptor_epoll_pwait(int, epoll_event*, int, int, const sigset_t*);
[[gnu::weak]] int __interceptor_epoll_ctl(int, int, int, epoll_event*);
[[gnu::weak]] int __interceptor_close(int);
}

namespace cede {

void (*before_looking)() = nullptr;
long (*futex_with_deadline)(const long*) = nullptr;

namespace {

thread_local World* current = nullptr;
thread_local std::string_view resident;  // who lives in it
thread_local Nanos ahead = 0;  // by so much is CLOCK_MONOTONIC, as the thread reads it
thread_local std::optional<Nanos> limit_of_next_wait;
thread_local bool waits_by_epoll = false;  // whose polls of one descriptor only ask for its state

/// The current world, if its time is not the real one.
World* virtual_world() { return current && current->pace() != World::Pace::real ? current : nullptr; }

// The kernel, past the C library.

/// A system call, answered as the C library does it.
template <class... Args>
long kernel(long number, Args... args) {
  long a[6] = {(long)args...};
  register long r10 asm("r10") = a[3];
  register long r8 asm("r8") = a[4];
  register long r9 asm("r9") = a[5];
  long result;
  asm volatile("syscall" : "=a"(result)
               : "a"(number), "D"(a[0]), "S"(a[1]), "d"(a[2]), "r"(r10), "r"(r8), "r"(r9)
               : "rcx", "r11", "memory");
  if (result >= 0 || result < -4095) return result;
  errno = static_cast<int>(-result);
  return -1;
}

/// The clock that the kernel maps into every process, six times as fast as a call; null until
/// static objects are made.
const auto mapped_clock = [] {
  void* library = dlopen("linux-vdso.so.1", RTLD_LAZY | RTLD_NOLOAD);
  void* function = library ? dlsym(library, "__vdso_clock_gettime") : nullptr;
  return reinterpret_cast<int (*)(clockid_t, timespec*)>(function);
}();

int real_clock(clockid_t clock, timespec* time) {
  if (mapped_clock && mapped_clock(clock, time) == 0) return 0;
  return static_cast<int>(kernel(SYS_clock_gettime, clock, time));
}

// Units.

Nanos nanos(const timespec& time) {
  return time.tv_sec >= forever / second ? forever : time.tv_sec * second + time.tv_nsec;
}
// Null is for ever, in all waits.
Nanos nanos(const timespec* time) { return time ? nanos(*time) : forever; }
Nanos nanos(const timeval* time) {
  return time ? nanos(timespec{time->tv_sec, time->tv_usec * microsecond}) : forever;
}
Nanos nanos_of_ms(int ms) { return ms < 0 ? forever : ms * millisecond; }

int ms_of_nanos(Nanos time) {
  if (time == forever) return -1;
  return static_cast<int>(std::min<Nanos>(INT32_MAX, time / millisecond + (time % millisecond > 0)));
}
timespec timespec_of(Nanos time) { return {time / second, time % second}; }

Nanos real_time(clockid_t clock) {
  timespec now{};
  real_clock(clock, &now);
  return nanos(now);
}

// Clocks.

// The wall clock of a world, which loops add to the other in doubles: in 1970 those are exact.
constexpr Nanos wall_clock_ahead = 3600 * second;

bool never_goes_back(clockid_t clock) {
  constexpr std::array steady{CLOCK_MONOTONIC, CLOCK_MONOTONIC_RAW, CLOCK_MONOTONIC_COARSE, CLOCK_BOOTTIME,
                              CLOCK_BOOTTIME_ALARM};
  return std::ranges::find(steady, clock) != steady.end();
}

/// How far a clock is ahead of the world's; nothing for clocks that measure something else, such
/// as the processor's time.
std::optional<Nanos> offset_of(clockid_t clock) {
  if (never_goes_back(clock)) return ahead;
  constexpr std::array of_the_wall{CLOCK_REALTIME, CLOCK_REALTIME_COARSE, CLOCK_REALTIME_ALARM, CLOCK_TAI};
  if (std::ranges::find(of_the_wall, clock) != of_the_wall.end()) return wall_clock_ahead;
  return std::nullopt;
}

/// The same of the real ones, outside of virtual worlds.
Nanos offset_of_real(clockid_t clock) { return never_goes_back(clock) ? ahead : 0; }

// Waits.

[[noreturn]] void give_up(const char* call) {
  std::fprintf(stderr, "cede: %.*s cannot be ended: it goes on calling %s after it was told to stop\n",
               static_cast<int>(resident.size()), resident.data(), call);
  _exit(exit_cannot_be_ended);
}

/// Waits in the current world or, where there is none, for real.
template <class Attempt>
int wait_for_events(const char* call, Nanos timeout, Attempt attempt, int waiter = World::anybody) {
  if (!current) return static_cast<int>(attempt(timeout));
  if (limit_of_next_wait) timeout = *std::exchange(limit_of_next_wait, std::nullopt);
  auto look = [&](Nanos limit) {
    if (before_looking) before_looking();
    return attempt(limit);
  };
  try {
    return static_cast<int>(current->wait(timeout, look, waiter));
  } catch (const Stuck&) {
    give_up(call);
  }
}

int wait_for_epoll(const char* call, int epoll, epoll_event* events, int max, Nanos timeout,
                   const sigset_t* mask) {
  auto attempt = [=](Nanos limit) -> long {
    int ms = ms_of_nanos(limit);
    if (mask && __interceptor_epoll_pwait) return __interceptor_epoll_pwait(epoll, events, max, ms, mask);
    if (!mask && __interceptor_epoll_wait) return __interceptor_epoll_wait(epoll, events, max, ms);
    return kernel(SYS_epoll_pwait, epoll, events, max, ms, mask, _NSIG / 8);
  };
  waits_by_epoll = current != nullptr;
  return wait_for_events(call, timeout, attempt, epoll);
}

int wait_for_poll(const char* call, pollfd* descriptors, nfds_t count, Nanos timeout, const sigset_t* mask) {
  auto attempt = [=](Nanos limit) {
    timespec time = timespec_of(limit);
    return kernel(SYS_ppoll, descriptors, count, limit == forever ? nullptr : &time, mask, _NSIG / 8);
  };
  if (current && waits_by_epoll && count == 1 && timeout == 0) return static_cast<int>(attempt(0));
  return wait_for_events(call, timeout, attempt);
}

int wait_for_select(const char* call, int count, fd_set* reads, fd_set* writes, fd_set* errors,
                    Nanos timeout, const sigset_t* mask) {
  if (count > FD_SETSIZE) {  // there is no telling how large the sets are
    errno = EINVAL;
    return -1;
  }
  long masked[] = {(long)mask, _NSIG / 8};
  fd_set* sets[3] = {reads, writes, errors};
  fd_set asked[3];
  std::size_t bytes = (count + NFDBITS - 1) / NFDBITS * sizeof(fd_mask);
  for (int i = 0; i < 3; ++i)
    if (sets[i]) std::memcpy(&asked[i], sets[i], bytes);
  return wait_for_events(call, timeout, [&](Nanos limit) {
    for (int i = 0; i < 3; ++i)  // an attempt without success has cleared them
      if (sets[i]) std::memcpy(sets[i], &asked[i], bytes);
    timespec time = timespec_of(limit);
    return kernel(SYS_pselect6, count, reads, writes, errors, limit == forever ? nullptr : &time, masked);
  });
}

// Timer descriptors.

/// A timer descriptor of a world: an eventfd in disguise. The loop reads eight bytes of counter
/// from either, so that only the deadline has to be kept here.
class Timer {
 public:
  Timer(World& world, int descriptor, Nanos offset)
      : world_(world), descriptor_(descriptor), offset_(offset) {}
  ~Timer() { world_.call_off_timer(appointment_, waiter_); }

  /// Waits for events of this epoll descriptor end with it, and others do not.
  void watch(int epoll) {
    world_.call_off_timer(appointment_, waiter_);
    waiter_ = epoll;
    if (next_ > 0) appoint();
  }

  void set(const itimerspec& spec, bool absolute) {
    world_.call_off_timer(appointment_, waiter_);
    if (expired_) drain();  // setting it anew forgets the expirations
    interval_ = std::min(nanos(spec.it_interval), forever / 4);  // so that sums stay in range
    next_ = nanos(spec.it_value);
    if (next_ == 0) return;  // disarmed
    if (absolute) next_ = std::max<Nanos>(1, next_ - offset_);
    else if (__builtin_add_overflow(world_.now(), next_, &next_)) next_ = forever;
    appoint();
  }

  itimerspec get() const {
    Nanos left = next_ ? std::max<Nanos>(1, next_ - world_.now()) : 0;
    return {timespec_of(interval_), timespec_of(left)};
  }

 private:
  void appoint() { appointment_ = world_.at_timer(next_, waiter_, [this] { expire(); }); }

  void expire() {
    std::uint64_t times = 1;
    if (interval_ > 0) {
      times += (world_.now() - next_) / interval_;
      next_ += static_cast<Nanos>(times) * interval_;
      appoint();
    } else {
      next_ = 0;
    }
    expired_ = true;
    kernel(SYS_write, descriptor_, &times, sizeof times);
  }

  void drain() {
    expired_ = false;
    pollfd readable{descriptor_, POLLIN, 0};
    std::uint64_t times;
    if (kernel(SYS_poll, &readable, 1, 0) > 0) kernel(SYS_read, descriptor_, &times, sizeof times);
  }

  World& world_;
  int descriptor_;
  int waiter_ = World::anybody;
  Nanos offset_;
  Nanos next_ = 0;  // on the world's clock; 0 while disarmed
  Nanos interval_ = 0;
  World::Appointment appointment_;
  bool expired_ = false;
};

/// By descriptor. An array, since `close` may be called at any time and on any thread.
std::atomic<Timer*> timers[4096];

Timer* timer_of(int descriptor) {
  return descriptor >= 0 && descriptor < static_cast<int>(std::size(timers)) ? timers[descriptor].load() : nullptr;
}

/// Else it would one day write into another file that has its number.
void forget_timer(int descriptor) {
  if (timer_of(descriptor)) delete timers[descriptor].exchange(nullptr);
}

// Signals.

struct sigaction sigalrm_before;

void sigalrm_outside_worlds(int signal, siginfo_t* info, void* context) {
  OutsideWorlds outside;
  sigalrm_before.sa_sigaction(signal, info, context);
}

}  // namespace

InWorld::InWorld(World* world, std::string_view who)
    : outer_(std::exchange(current, world)), outer_who_(std::exchange(resident, who)) {
  waits_by_epoll = false;
}

InWorld::~InWorld() {
  current = outer_;
  resident = outer_who_;
}

World* current_world() { return current; }

void limit_next_wait(Nanos limit) { limit_of_next_wait = limit; }
Nanos clocks_ahead() { return ahead; }
void set_clocks_ahead(Nanos by) { ahead = by; }

Nanos World::real_now() { return real_time(CLOCK_MONOTONIC); }

void wrap_sigalrm_outside_worlds() {
  struct sigaction now;
  sigaction(SIGALRM, nullptr, &now);
  if (now.sa_handler == SIG_DFL || now.sa_handler == SIG_IGN || now.sa_sigaction == sigalrm_outside_worlds) return;
  sigalrm_before = now;
  now.sa_sigaction = sigalrm_outside_worlds;
  now.sa_flags |= SA_SIGINFO;  // one that takes only the number does not mind
  sigaction(SIGALRM, &now, nullptr);
}

}  // namespace cede

// From here on: the names of the C library.

using namespace cede;

#pragma GCC visibility push(default)
extern "C" {

int clock_gettime(clockid_t clock, timespec* time) noexcept {
  auto offset = offset_of(clock);
  World* world = virtual_world();
  if (!world || !offset) {
    int result = real_clock(clock, time);
    if (ahead && result == 0) *time = timespec_of(nanos(*time) + offset_of_real(clock));
    return result;
  }
  *time = timespec_of(world->read_clock() + *offset);
  return 0;
}

/// Loops seed what they leave to chance with it, such as libevent where it begins to look at descriptors.
pid_t getpid() noexcept {
  constexpr pid_t everybody = 1'000'000;
  return virtual_world() ? everybody : static_cast<pid_t>(kernel(SYS_getpid));
}

int gettimeofday(timeval* time, void*) noexcept {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  *time = {now.tv_sec, now.tv_nsec / microsecond};
  return 0;
}

time_t time(time_t* time) noexcept {
  timespec now;
  clock_gettime(CLOCK_REALTIME, &now);
  if (time) *time = now.tv_sec;
  return now.tv_sec;
}

// To sleep is to hold the thread: nobody looks for events, so it counts as no poll.

int clock_nanosleep(clockid_t clock, int flags, const timespec* request, timespec* rest) {
  auto offset = offset_of(clock);
  World* world = virtual_world();
  bool absolute = flags & TIMER_ABSTIME;
  if (!world || !offset) {
    timespec real;
    if (ahead && absolute) {
      real = timespec_of(std::max<Nanos>(0, nanos(*request) - offset_of_real(clock)));
      request = &real;
    }
    return kernel(SYS_clock_nanosleep, clock, flags, request, rest) < 0 ? errno : 0;
  }
  world->busy(absolute ? nanos(request) - *offset - world->now() : nanos(request));
  return 0;
}

int nanosleep(const timespec* request, timespec* rest) {
  int error = clock_nanosleep(CLOCK_MONOTONIC, 0, request, rest);
  if (error) errno = error;
  return error ? -1 : 0;
}

int usleep(useconds_t duration) {
  timespec request = timespec_of(duration * microsecond);
  return nanosleep(&request, nullptr);
}

unsigned sleep(unsigned duration) {
  timespec request{duration, 0}, rest{};
  return nanosleep(&request, &rest) < 0 ? rest.tv_sec + 1 : 0;
}

int epoll_wait(int epoll, epoll_event* events, int max, int ms) {
  return wait_for_epoll("epoll_wait", epoll, events, max, nanos_of_ms(ms), nullptr);
}
int epoll_pwait(int epoll, epoll_event* events, int max, int ms, const sigset_t* mask) {
  return wait_for_epoll("epoll_pwait", epoll, events, max, nanos_of_ms(ms), mask);
}
int epoll_pwait2(int epoll, epoll_event* events, int max, const timespec* timeout, const sigset_t* mask) {
  return wait_for_epoll("epoll_pwait2", epoll, events, max, nanos(timeout), mask);
}

int poll(pollfd* descriptors, nfds_t count, int ms) {
  return wait_for_poll("poll", descriptors, count, nanos_of_ms(ms), nullptr);
}
int ppoll(pollfd* descriptors, nfds_t count, const timespec* timeout, const sigset_t* mask) {
  return wait_for_poll("ppoll", descriptors, count, nanos(timeout), mask);
}
// What fortified programs call instead.
int __poll_chk(pollfd* descriptors, nfds_t count, int ms, std::size_t) {
  return poll(descriptors, count, ms);
}
int __ppoll_chk(pollfd* descriptors, nfds_t count, const timespec* timeout, const sigset_t* mask, std::size_t) {
  return ppoll(descriptors, count, timeout, mask);
}

int select(int count, fd_set* reads, fd_set* writes, fd_set* errors, timeval* timeout) {
  return wait_for_select("select", count, reads, writes, errors, nanos(timeout), nullptr);
}
int pselect(int count, fd_set* reads, fd_set* writes, fd_set* errors, const timespec* timeout,
            const sigset_t* mask) {
  return wait_for_select("pselect", count, reads, writes, errors, nanos(timeout), mask);
}

int timerfd_create(int clock, int flags) noexcept {
  auto offset = offset_of(clock);
  // In real time too: the world has to know that a wait for ever has an end.
  World* world = current;
  if (!world || !offset) return static_cast<int>(kernel(SYS_timerfd_create, clock, flags));
  if (!virtual_world()) offset = real_time(clock) - real_time(CLOCK_MONOTONIC);
  int descriptor = eventfd(0, (flags & TFD_NONBLOCK ? EFD_NONBLOCK : 0) | (flags & TFD_CLOEXEC ? EFD_CLOEXEC : 0));
  if (descriptor >= static_cast<int>(std::size(timers))) {
    close(descriptor);
    errno = EMFILE;
    return -1;
  }
  if (descriptor >= 0) delete timers[descriptor].exchange(new Timer(*world, descriptor, *offset));
  return descriptor;
}

int timerfd_settime(int descriptor, int flags, const itimerspec* set, itimerspec* before) noexcept {
  Timer* timer = timer_of(descriptor);
  if (!timer) return static_cast<int>(kernel(SYS_timerfd_settime, descriptor, flags, set, before));
  if (before) *before = timer->get();
  timer->set(*set, flags & TFD_TIMER_ABSTIME);
  return 0;
}

int timerfd_gettime(int descriptor, itimerspec* left) noexcept {
  Timer* timer = timer_of(descriptor);
  if (!timer) return static_cast<int>(kernel(SYS_timerfd_gettime, descriptor, left));
  *left = timer->get();
  return 0;
}

int epoll_ctl(int epoll, int operation, int descriptor, epoll_event* event) noexcept {
  if (Timer* timer = timer_of(descriptor); timer && operation == EPOLL_CTL_ADD) timer->watch(epoll);
  if (__interceptor_epoll_ctl) return __interceptor_epoll_ctl(epoll, operation, descriptor, event);
  return static_cast<int>(kernel(SYS_epoll_ctl, epoll, operation, descriptor, event));
}

int close(int descriptor) {
  forget_timer(descriptor);
  if (__interceptor_close) return __interceptor_close(descriptor);
  return static_cast<int>(kernel(SYS_close, descriptor));
}

/// The back door: libuv closes through it, others wait through it.
long syscall(long number, ...) noexcept {
  std::va_list list;
  va_start(list, number);
  long a[6];  // as many as any system call has; whatever lies there is passed on
  for (long& argument : a) argument = va_arg(list, long);
  va_end(list);
  auto in = [&](int i) { return static_cast<int>(a[i]); };
  switch (number) {
    case SYS_close: return close(in(0));
    case SYS_clock_gettime: return clock_gettime(in(0), (timespec*)a[1]);
    case SYS_gettimeofday: return gettimeofday((timeval*)a[0], (void*)a[1]);
    case SYS_epoll_wait: return epoll_wait(in(0), (epoll_event*)a[1], in(2), in(3));
    case SYS_epoll_pwait: return epoll_pwait(in(0), (epoll_event*)a[1], in(2), in(3), (sigset_t*)a[4]);
    case SYS_epoll_pwait2: return epoll_pwait2(in(0), (epoll_event*)a[1], in(2), (timespec*)a[3], (sigset_t*)a[4]);
    case SYS_poll: return poll((pollfd*)a[0], a[1], in(2));
    case SYS_ppoll: return ppoll((pollfd*)a[0], a[1], (timespec*)a[2], (sigset_t*)a[3]);
    case SYS_futex:
      if (futex_with_deadline && a[3]) return futex_with_deadline(a);
      [[fallthrough]];
    default: return kernel(number, a[0], a[1], a[2], a[3], a[4], a[5]);
  }
}

}  // extern "C"
#pragma GCC visibility pop
