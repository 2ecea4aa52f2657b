// The time in which a scenario is played, and how a wait goes by in it.
//
// In virtual time the clock stands still until somebody waits with nothing ready; then it jumps to
// the deadline of the wait. An hour of timers costs milliseconds, and two runs give the same bytes.
//
// Loops that take their clock and their waits as arguments are handed a world; the others live in
// one unknowingly (virtual_time.h).
#pragma once

#include <algorithm>
#include <csignal>
#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <set>
#include <string_view>
#include <utility>
#include <vector>

#include "reference/choices.h"
#include "spec/value.h"

namespace cede {

/// Thrown out of a wait to end a loop that can be ended in no other way.
struct Stuck {};

/// Hears what the loop does at its waits.
class WaitObserver {
 public:
  /// The loop looks for events and would wait at most `timeout` for them.
  virtual void on_poll(Nanos timeout) = 0;
  /// The loop would wait for ever and nothing is left to wake it. Has to make something ready.
  virtual void on_rest() = 0;
  /// The loop polls and polls. Has to stop it.
  virtual void on_stuck() = 0;
  /// In real time: the loop would wait longer than anybody watches, or the user has lost patience.
  /// Has to make something ready, and to stop the loop.
  virtual void on_long_wait() { on_rest(); }

 protected:
  ~WaitObserver() = default;
};

class World {
 public:
  /// How time goes by. `frozen`: only by waiting and by being busy. `creeping`: each reading of the
  /// clock takes 20 ns and each wake-up comes 1 us late, for loops that need time to move on.
  /// `real`: the system's clock, and waits that take as long as they say.
  enum class Pace : std::uint8_t { frozen, creeping, real };

  explicit World(Pace pace = Pace::frozen) : pace_(pace) {}
  World(const World&) = delete;
  World& operator=(const World&) = delete;

  Pace pace() const { return pace_; }
  static std::string_view spelling(Pace pace);
  static std::optional<Pace> pace_of(std::string_view word);

  /// Makes the free choices of loops that can be told (reference/choices.h); has to outlive the world.
  void let_choose(reference::Choices* choices) { choices_ = choices; }
  reference::Choices* choices() const { return choices_; }

  /// A new scenario begins. The clock goes on from where it was, since a loop may not see it go
  /// back, but at a whole second, so that roundings are the same in every run; only after some hours
  /// it begins anew. Where the clock creeps it does so each time, since loops that count seconds in
  /// doubles round otherwise at another moment.
  void begin(WaitObserver& observer);
  /// The scenario is over; waits are nobody's business any more, and nothing more happens outside.
  void end();

  /// The time since the scenario began.
  Nanos elapsed() const { return now() - beginning_; }
  /// The clock as the loop reads it, on CLOCK_MONOTONIC's scale; reading may take time itself.
  Nanos read_clock() {
    now_ += tick();
    return now();
  }
  /// The same without taking time.
  Nanos now() const { return pace_ == Pace::real ? real_now() : now_; }

  /// The loop may have been asked for something at this moment. After the last of them a loop that says a long
  /// wait again and again, since it cannot say `for ever`, waits for nothing.
  void expect_until(Nanos when) { expected_until_ = std::max(expected_until_, when); }
  /// Whoever plays tells of all such moments, from now on.
  void expect_nothing_yet() { expected_until_ = now(); }

  /// Holds the thread for so long.
  void busy(Nanos duration);

  /// A loop waits, at most `timeout`. `attempt(limit)` looks for events for real, waiting at most
  /// `limit` real nanoseconds, and gives how many there are, or below 0 for an error. A wait with
  /// the timeout `forever` never gives 0. `waiter` is what it waits with, such as an epoll descriptor, and
  /// says which timer descriptors limit the wait. Throws Stuck.
  template <class Attempt>
  long wait(Nanos timeout, Attempt attempt, int waiter = anybody);
  static constexpr int anybody = -1;

  /// Names something that will happen outside.
  using Appointment = std::pair<Nanos, std::uint64_t>;

  /// At this time on the loop's clock something happens outside the loop, such as a write to a
  /// pipe that it reads. It happens on the loop's thread, inside the loop's own wait, or while a job
  /// is busy.
  Appointment at(Nanos when, std::function<void()> happens) { return appoint(when, {std::move(happens)}); }
  /// The same of a timer descriptor, which limits the waits of this waiter though they do not say so; other
  /// loops may live here.
  Appointment at_timer(Nanos when, int waiter, std::function<void()> expires) {
    return appoint(when, {std::move(expires), true, waiter});
  }
  /// At the beginning of the loop's next wait, before the loop is seen to poll; or when the scenario ends.
  void at_next_wait(std::function<void()> happens) { at_next_wait_.push_back(std::move(happens)); }
  /// That, now.
  void let_others_go_on();
  /// Whether the scenario ends: nothing that is waited for will come.
  bool ending() const { return ending_; }
  /// The calling thread has woken the loop. If it is not the loop's, it lets the loop go on, unless
  /// something else is to happen first.
  void woken();

  /// It will not happen. Harmless when it has.
  void call_off(const Appointment& appointment) { outside_.erase(appointment); }
  /// The same of a timer descriptor, which forgets that it has expired.
  void call_off_timer(const Appointment& appointment, int waiter) {
    call_off(appointment);
    struck_.erase(waiter);
  }

  /// Set from a signal handler: waits in real time end soon, here and from here on.
  static inline volatile std::sig_atomic_t interrupted = 0;

  /// The system's monotonic clock, in whatever world the caller is. Its definition is in
  /// virtual_time.cpp, beside what it must not be fooled by.
  static Nanos real_now();

 private:
  Nanos tick() const { return pace_ == Pace::creeping ? 20 : 0; }
  Nanos slack() const { return pace_ == Pace::creeping ? microsecond : 0; }
  Nanos next_outside() const {
    return outside_.empty() || outside_.begin()->first.first > latest ? forever : outside_.begin()->first.first;
  }
  struct Outside {
    std::function<void()> happens;
    bool is_timer = false;
    int waiter = anybody;
    bool limits(int who) const { return is_timer && (waiter == who || waiter == anybody || who == anybody); }
  };
  /// The next of the timer descriptors that limit this waiter, or of everything else.
  Nanos next_outside(int waiter, bool limiting) const;
  Appointment appoint(Nanos when, Outside outside);

  void count_wait(Nanos limit);
  Nanos limit_of(Nanos timeout, int waiter) const;
  Nanos deadline_of(Nanos timeout, Nanos limit);
  void let_happen();
  void pass_without_waiting();
  void rest(int rests);
  void give_up_waiting(int rests);
  void jump(Nanos when) { now_ = std::max(now_, when); }

  static constexpr Nanos longest_real_wait = second;
  static constexpr int waits_max = 4096;  // a scenario of 64 jobs needs far fewer
  static constexpr int polls_max = 256;
  static constexpr int rests_max = 16;
  static constexpr int long_waits_max = 1 << 16;  // more than a month of them
  static constexpr Nanos long_wait = 50 * second;  // libev says no longer one than a minute
  static constexpr Nanos origin = 1'000'000 * second;
  static constexpr Nanos latest_beginning = 1'040'000 * second;  // so far doubles of seconds show tenths of nanoseconds
  static constexpr Nanos latest = forever / 2;  // the end of time: a clock has to stay readable

  Pace pace_;
  reference::Choices* choices_ = nullptr;
  Nanos now_ = origin;
  Nanos beginning_ = 0;
  Nanos expected_until_ = forever;
  WaitObserver* observer_ = nullptr;
  std::map<Appointment, Outside> outside_;
  std::vector<std::function<void()>> at_next_wait_;
  bool ending_ = false;
  std::uint64_t appointments_ = 0;
  int waits_ = 0;
  int polls_ = 0;       // waits that took no time, in a row
  int long_waits_ = 0;  // in a row
  bool in_vain_ = false;  // the loop waits for nothing, whatever it says
  std::set<int> struck_;  // whose timer descriptor has expired since their last wait: it ends the next one at once
};

template <class Attempt>
long World::wait(Nanos timeout, Attempt attempt, int waiter) {
  if (!at_next_wait_.empty()) let_others_go_on();
  const Nanos limit = limit_of(timeout, waiter);
  count_wait(limit);
  const Nanos deadline = deadline_of(timeout, limit);
  for (int rests = 0;;) {
    let_happen();
    const long found = attempt(Nanos{0});
    struck_.erase(waiter);
    if (found) {  // what is ready goes before any jump
      pass_without_waiting();
      return found;
    }
    const Nanos next = std::min(deadline, in_vain_ ? next_outside(waiter, false) : next_outside());
    if (next == forever) {
      rest(++rests);
    } else if (timeout == 0) {
      pass_without_waiting();
      return 0;
    } else if (pace_ == Pace::real && observer_ && (interrupted || next - now() > longest_real_wait)) {
      give_up_waiting(++rests);
    } else if (pace_ == Pace::real) {
      if (long found = attempt(std::max<Nanos>(0, next - now()))) return found;
      if (deadline <= now()) return 0;
    } else {
      polls_ = 0;
      jump(next == deadline ? deadline + slack() : next);
      if (next_outside() > now_) return 0;  // nothing has happened: it is the loop's own deadline
    }
  }
}

}  // namespace cede
