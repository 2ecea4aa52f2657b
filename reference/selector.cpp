#include "reference/selector.h"

#include <sys/epoll.h>
#include <sys/eventfd.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <system_error>

#include "reference/clock.h"

namespace cede::reference {
namespace {

constexpr std::uint32_t bits(Interest interest) {
  return interest == Interest::read ? EPOLLIN : EPOLLOUT;
}

int checked(int result, const char* what) {
  if (result < 0) throw std::system_error(errno, std::generic_category(), what);
  return result;
}

/// Whole milliseconds, rounded up, since waking too early would turn the loop in vain (LIVE-1).
int milliseconds(Nanos timeout) {
  constexpr Nanos one = 1'000'000;
  constexpr Nanos a_day = 24 * 3600 * 1000LL;
  if (timeout == forever) return -1;
  return static_cast<int>(std::min(a_day, timeout / one + (timeout % one != 0)));  // TIMER-15
}

}  // namespace

Nanos MonotonicClock::now() {
  timespec now{};
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000LL + now.tv_nsec;
}

EpollSelector::EpollSelector()
    : epoll_(checked(epoll_create1(EPOLL_CLOEXEC), "epoll_create1")),
      wake_(checked(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC), "eventfd")) {
  checked(change(wake_, EPOLLIN, 0) ? 0 : -1, "epoll_ctl");
}

EpollSelector::~EpollSelector() {
  ::close(wake_);
  ::close(epoll_);
}

bool EpollSelector::add(int descriptor, Interest interest) { return change(descriptor, bits(interest), 0); }
void EpollSelector::remove(int descriptor, Interest interest) { change(descriptor, 0, bits(interest)); }

bool EpollSelector::change(int descriptor, std::uint32_t set, std::uint32_t clear) {
  auto found = std::ranges::find(watched_, descriptor, &Watched::descriptor);
  std::uint32_t before = found == watched_.end() ? 0 : found->events;
  std::uint32_t after = (before | set) & ~clear;
  if (after == before) return true;

  epoll_event event{.events = after, .data = {.fd = descriptor}};
  int operation = !before ? EPOLL_CTL_ADD : !after ? EPOLL_CTL_DEL : EPOLL_CTL_MOD;
  int result = epoll_ctl(epoll_, operation, descriptor, &event);
  if (result < 0 && operation != EPOLL_CTL_DEL) return false;  // removed: a closed one is gone already

  if (!before) watched_.push_back({descriptor, after});
  else if (!after) watched_.erase(found);
  else found->events = after;
  return true;
}

void EpollSelector::select(Nanos timeout, std::vector<Ready>& ready) {
  std::array<epoll_event, 64> events;
  int count = epoll_wait(epoll_, events.data(), events.size(), milliseconds(timeout));
  woken_ = false;
  if (count < 0 && errno != EINTR) checked(count, "epoll_wait");  // a signal only ends the wait
  for (int i = 0; i < count; ++i) {
    int descriptor = events[i].data.fd;
    if (descriptor == wake_) {
      std::uint64_t wakes;
      [[maybe_unused]] auto got = read(wake_, &wakes, sizeof wakes);
      woken_ = true;
      continue;
    }
    // A broken descriptor is ready for everything, so that its reader finds out (IO-8).
    std::uint32_t broken = events[i].events & (EPOLLERR | EPOLLHUP) ? EPOLLIN | EPOLLOUT : 0;
    auto watched = std::ranges::find(watched_, descriptor, &Watched::descriptor);
    if (watched == watched_.end()) continue;
    std::uint32_t now = (events[i].events | broken) & watched->events;
    if (now & EPOLLIN) ready.push_back({descriptor, Interest::read});
    if (now & EPOLLOUT) ready.push_back({descriptor, Interest::write});
  }
}

void EpollSelector::wake() {
  std::uint64_t one = 1;
  [[maybe_unused]] auto put = write(wake_, &one, sizeof one);
}

}  // namespace cede::reference
