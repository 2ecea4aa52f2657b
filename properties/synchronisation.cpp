// spec/13-synchronisation.md: locks and events; conditions.cpp, semaphores.cpp and queues.cpp have the rest.
//
// A lock is followed through the trace: whether it is held, and who waits for it in which order. When a
// waiter is cancelled before it gets the lock, the trace does not say how far it had come; so it is left
// out of every reckoning, and what a lock does from there on is LOCK-4's, no longer LOCK-2's.
#include <algorithm>

#include "properties/property.h"
#include "properties/uses.h"

namespace cede {
namespace {

/// One lock, and what each clause says of it.
class LockRuling {
 public:
  LockRuling(const History& history, const Uses& uses) : history_(history) {
    for (Id lock : uses.things())
      if (uses.kind(lock) == Verb::acquire) follow(uses.about(lock));
  }

  Ruling taking, handing_on, overtaking, cancelling;  // LOCK-1 to LOCK-4

 private:
  void follow(const std::vector<Moment>& moments) {
    held_ = disturbed_ = false;
    due_ = never;
    line_.clear();
    for (const Moment& moment : moments) {
      if (!known(moment)) return;
      switch (moment.use->verb) {
        case Verb::release: release(moment); break;
        case Verb::locked: ask(moment); break;
        default:
          if (moment.kind == Moment::Kind::asked)
            begin(*moment.use);
          else if (moment.kind == Moment::Kind::got)
            end(*moment.use);
          else
            free(moment.event);
      }
    }
    const Use* first = first_waiter();
    if (held_ || !first) return;
    std::size_t late = end_of_next_pass(history_, due_);
    if (late != never) ruling().require(false, late, "the lock is free, and the first who waits does not get it");
  }

  /// Between a release and the turn of the next, whether the lock can be released is open.
  bool known(const Moment& moment) const {
    bool releases = moment.use->verb == Verb::release || moment.kind == Moment::Kind::left;
    return !releases || held_ || line_.empty();
  }

  /// Of what concerns the order of those who wait.
  Ruling& ruling() { return disturbed_ ? cancelling : handing_on; }

  void begin(const Use& use) {
    if (use.got == never && !use.suspended) return;  // the trace ends
    std::size_t shown = use.suspended ? use.asked : use.got;
    if (held_)
      taking.require(use.suspended, shown, "a lock was taken that is held");
    else if (first_waiter())
      overtaking.require(use.suspended, shown, "the lock was taken before the one that it woke");
    else if (line_.empty())
      (disturbed_ ? cancelling : taking).require(!use.suspended, shown, "the lock is free, and was not taken at once");
    if (!use.suspended) return;
    if (!held_ && !first_waiter()) due_ = use.asked;
    disturbed_ |= !use.stays;
    line_.push_back(&use);
  }

  void end(const Use& use) {
    bool ahead = first_waiter() == &use;
    std::erase(line_, &use);
    if (use.raised()) {
      if (!held_) due_ = use.got;
      return;
    }
    if (use.suspended) {
      ruling().require(!held_, use.got, "two hold the lock");
      ruling().require(ahead, use.got, "somebody who came earlier still waits for the lock");
      if (!held_)
        ruling().require(use.got <= end_of_next_pass(history_, due_), use.got,
                         "the lock was not handed on in the next pass");
      const Job* job = history_.job_at(use.got);  // none if main has resumed it by hand
      if (job && !held_ && !disturbed_)
        handing_on.require(history_.in_a_later_pass(due_, job->enter), use.got,
                           "the lock was handed on in the pass of its release");
    }
    held_ = true;
  }

  void release(const Moment& moment) {
    const Use& use = *moment.use;
    if (!held_)
      taking.require(use.raised(), use.asked, "a lock was released that nobody holds");
    else
      (disturbed_ ? cancelling : taking)
          .require(!use.raised(), use.asked, "a lock could not be released although it is held");
    if (held_ && !use.raised()) free(use.asked);
  }

  void free(std::size_t event) {
    held_ = false;
    due_ = event;
  }

  void ask(const Moment& moment) {
    if (!held_ && !line_.empty()) return;  // in between
    bool right = moment.use->answer.value == Value::of(held_);
    (disturbed_ ? cancelling : taking).require(right, moment.event, held_ ? "the lock is held" : "the lock is free");
  }

  /// The first of those who will not be cancelled.
  const Use* first_waiter() const {
    auto first = std::ranges::find_if(line_, &Use::stays);
    return first == line_.end() ? nullptr : *first;
  }

  const History& history_;
  bool held_ = false;
  bool disturbed_ = false;        // a waiter was cancelled, or will be
  std::size_t due_ = never;       // when it came about that the first waiter has to get it
  std::vector<const Use*> line_;  // who waits, in order of arrival
};

Verdict of_locks(const History& history, Ruling LockRuling::*clause) {
  if (!waits_are_plain(history)) return {};
  return LockRuling(history, Uses(history)).*clause;
}

/// LOCK-1
Verdict a_free_lock_is_taken_at_once(const History& history) { return of_locks(history, &LockRuling::taking); }
/// LOCK-2
Verdict a_lock_is_handed_on_in_order(const History& history) { return of_locks(history, &LockRuling::handing_on); }
/// LOCK-3
Verdict nobody_overtakes_the_woken(const History& history) { return of_locks(history, &LockRuling::overtaking); }
/// LOCK-4
Verdict cancelled_waiters_pass_the_lock_on(const History& history) {
  return of_locks(history, &LockRuling::cancelling);
}

/// One event: its flag, and who waits since when.
class EventRuling {
 public:
  EventRuling(const History& history, const Uses& uses) : history_(history) {
    for (Id event : uses.things())
      if (uses.kind(event) == Verb::set_event) follow(uses.about(event));
  }

  Ruling waking, pulse;  // EVENT-1 and EVENT-2

 private:
  void follow(const std::vector<Moment>& moments) {
    set_ = false;
    line_.clear();
    cleared_ = 0;
    for (const Moment& moment : moments) {
      const Use& use = *moment.use;
      switch (use.verb) {
        case Verb::set_event: set(use.asked); break;
        case Verb::clear_event:
          set_ = false;
          cleared_ = use.asked;
          break;
        case Verb::is_set:
          waking.require(use.answer.value == Value::of(set_), use.asked, set_ ? "the flag is up" : "the flag is down");
          break;
        default:
          if (moment.kind == Moment::Kind::asked)
            begin(use);
          else if (use.suspended)
            end(use);
      }
    }
    for (const Waiter& waiter : line_) {
      std::size_t late = waiter.woken == never || !waiter.use->stays ? never : end_of_next_pass(history_, waiter.woken);
      if (late != never) ruling(waiter, late).require(false, late, "a waiter was not woken");
    }
  }

  struct Waiter {
    const Use* use;
    std::size_t woken = never;  // by this set_event
    bool in_company = false;    // of one that is cancelled
  };

  /// What a flag that is down again does is EVENT-2's, and what others do when one is cancelled.
  Ruling& ruling(const Waiter& waiter, std::size_t event) {
    bool down = cleared_ > waiter.woken && cleared_ < event;
    return down || waiter.in_company ? pulse : waking;
  }

  void set(std::size_t event) {
    if (set_) return;
    set_ = true;
    bool cancelled = std::ranges::any_of(line_, [](const Waiter& waiter) { return !waiter.use->stays; });
    for (Waiter& waiter : line_)
      if (waiter.woken == never) waiter = {waiter.use, event, cancelled};
  }

  void begin(const Use& use) {
    if (use.got == never && !use.suspended) return;
    std::size_t shown = use.suspended ? use.asked : use.got;
    if (set_)
      waking.require(!use.suspended, shown, "the flag is up, and the wait suspended");
    else
      waking.require(use.suspended, shown, "the flag is down, and the wait was over at once");
    if (use.suspended && !set_) line_.push_back({&use});
  }

  void end(const Use& use) {
    auto waiter = std::ranges::find(line_, &use, &Waiter::use);
    if (waiter == line_.end()) return;
    Waiter ended = *waiter;
    bool first = std::ranges::none_of(line_.begin(), waiter, [&](const Waiter& earlier) {
      return earlier.woken == ended.woken && earlier.use->stays;
    });
    line_.erase(waiter);
    if (use.raised()) return;
    if (ended.woken == never)
      return pulse.require(false, use.got, "a waiter went on that began to wait after the flag was raised");
    Ruling& clause = ruling(ended, use.got);
    clause.require(first, use.got, "a waiter went on before another that came earlier");
    clause.require(use.got <= end_of_next_pass(history_, ended.woken), use.got,
                   "a waiter did not go on in the next pass");
    const Job* job = history_.job_at(use.got);  // none if main has resumed it by hand
    clause.require(!job || history_.in_a_later_pass(ended.woken, job->enter), use.got, "a waiter went on at once");
  }

  const History& history_;
  bool set_ = false;
  std::size_t cleared_ = 0;  // the last clear_event
  std::vector<Waiter> line_;
};

Verdict of_events(const History& history, Ruling EventRuling::*clause) {
  if (!waits_are_plain(history)) return {};
  return EventRuling(history, Uses(history)).*clause;
}

/// EVENT-1
Verdict an_event_wakes_all_in_the_next_pass(const History& history) { return of_events(history, &EventRuling::waking); }
/// EVENT-2
Verdict a_pulse_releases_those_who_waited(const History& history) { return of_events(history, &EventRuling::pulse); }

using enum Verb;

constexpr Property list[] = {
    {"LOCK-1", a_free_lock_is_taken_at_once, {acquire, with, release}},
    {"LOCK-2", a_lock_is_handed_on_in_order, {acquire, with}},
    {"LOCK-3", nobody_overtakes_the_woken, {acquire, with}},
    {"LOCK-4", cancelled_waiters_pass_the_lock_on, {acquire, with}},
    {"EVENT-1", an_event_wakes_all_in_the_next_pass, {wait_event}},
    {"EVENT-2", a_pulse_releases_those_who_waited, {wait_event}},
};

}  // namespace

std::span<const Property> synchronisation() { return list; }

}  // namespace cede
