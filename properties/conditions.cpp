// spec/13-synchronisation.md: conditions.
//
// Whether the lock of a condition is held is certain: it is taken where the trace says so, and a waiter
// has it as soon as it is back. Who was notified is certain only as long as nobody was cancelled and
// nobody looked at a predicate, went back to sleep and told nobody.
#include <algorithm>

#include "properties/property.h"
#include "properties/uses.h"

namespace cede {
namespace {

class ConditionRuling {
 public:
  ConditionRuling(const History& history, const Uses& uses) : history_(history) {
    for (Id condition : uses.things())
      if (uses.kind(condition) == Verb::create_condition) follow(uses.about(condition));
  }

  Ruling waiting, notifying, cancelling, passing;  // COND-1 to COND-4

 private:
  struct Sleeper {
    const Use* use;
    std::size_t notified = never;  // by this `notify`, surely
    bool stirred = false;          // perhaps awake
  };

  void follow(const std::vector<Moment>& moments) {
    held_ = false;
    exact_ = true;
    holder_ = nullptr;
    acquirers_.clear();
    sleepers_.clear();
    passed_ = {};
    error_ = 0;
    for (const Moment& moment : moments)
      if (!happen(moment)) return;
    if (!history_.complete || held_) return;
    for (const Sleeper& sleeper : sleepers_)
      if (sleeper.notified != never && !sleeper.use->raised())
        notifying.require(false, history_.events().size() - 1,
                          "a waiter was notified, the lock is free, and it is not back");
    if (passed_.asked != never && !passed_.taken) passing.variant("lost", passed_.asked);
  }

  /// False where the trace no longer tells whether the lock is held.
  bool happen(const Moment& moment) {
    const Use& use = *moment.use;
    bool asked = moment.kind == Moment::Kind::asked;
    switch (use.verb) {
      case Verb::acquire:
      case Verb::with:
        if (moment.kind == Moment::Kind::left) return free(), true;
        return asked ? begin_acquire(use) : end_acquire(use), true;
      case Verb::release: return release(use);
      case Verb::locked: return tell_locked(use), true;
      case Verb::wait_condition:
      case Verb::wait_condition_for: return asked ? begin_wait(use) : (end_wait(use), true);
      case Verb::notify: return notify(use);
      default: return true;
    }
  }

  /// Whether nobody may be about to take the lock unseen.
  bool quiet(std::size_t event) const {
    return acquirers_.empty() && std::ranges::all_of(sleepers_, [&](const Sleeper& sleeper) {
             return !sleeper.stirred && asleep(sleeper, event);
           });
  }

  /// Whether it was surely not cancelled by then. A cancelled one may wait for the lock for ever, so that
  /// its end does not always tell.
  bool asleep(const Sleeper& sleeper, std::size_t event) const {
    return sleeper.use->succeeded() || !may_have_cancelled(history_, sleeper.use->asked, event);
  }

  // The lock.

  void take(const Use& use) {
    held_ = true;
    holder_ = &use;
  }
  void free() {
    held_ = false;
    holder_ = nullptr;
  }

  bool back_from_wait() const {
    return holder_ && (holder_->verb == Verb::wait_condition || holder_->verb == Verb::wait_condition_for);
  }

  /// Of the one who holds the lock, if that came back from a wait: it has to have it.
  void require_held(bool rule, std::size_t event) {
    if (!back_from_wait()) return;
    if (holder_->raised())
      cancelling.require(rule, event, "a cancelled wait came back without the lock");
    else
      waiting.require(rule, event, "a wait came back without the lock");
  }

  void begin_acquire(const Use& use) {
    if (use.got == never && !use.suspended) return;  // the trace ends
    if (held_)
      require_held(use.suspended, use.suspended ? use.asked : use.got);
    else if (!sleepers_.empty() && quiet(use.asked))
      waiting.require(!use.suspended, use.asked, "the lock was not free while its holder waits");
    if (use.suspended) acquirers_.push_back(&use);
  }

  void end_acquire(const Use& use) {
    std::erase(acquirers_, &use);
    if (use.raised()) return;
    if (held_ && use.suspended) require_held(false, use.got);
    take(use);
  }

  bool release(const Use& use) {
    if (!held_) return use.raised();
    require_held(!use.raised(), use.asked);
    if (!use.raised()) free();
    return !use.raised();
  }

  void tell_locked(const Use& use) {
    if (held_)
      require_held(use.answer.value == Value::of(true), use.asked);
    else if (!sleepers_.empty() && quiet(use.asked))
      waiting.require(use.answer.value == Value::of(false), use.asked, "the lock was not free while its holder waits");
  }

  // Waiting.

  bool done(const Use& use, std::size_t event) const {
    const FutureLife* future = history_.future(use.future);
    return future && future->completed < event;
  }

  /// Whether it may have been done by the cancellation of a task that waits for it.
  bool unknown(const Use& use, std::size_t event) const {
    return !done(use, event) && may_have_cancelled(history_, 0, event);
  }

  bool begin_wait(const Use& use) {
    if (use.got == never && !use.suspended) return false;
    bool for_future = use.verb == Verb::wait_condition_for;
    if (for_future && (history_.derived(use.future) || unknown(use, use.asked))) return false;
    if (for_future && done(use, use.asked)) {
      notifying.require(!use.suspended && !use.raised(), use.asked,
                        "the predicate was true, and the wait did not come back at once");
      return true;
    }
    bool refused = !use.suspended && use.raised();
    if (held_) {
      require_held(!refused, use.asked);
      if (!back_from_wait()) notifying.require(!refused, use.asked, "a wait was refused although the lock is held");
    } else if (quiet(use.asked)) {
      notifying.require(refused, use.suspended ? use.asked : use.got, "a wait without the lock was not refused");
      return refused;
    }
    if (refused) return true;
    if (!use.suspended) notifying.require(false, use.got, "a wait was over at once");
    if (!held_) return false;
    free();
    sleepers_.push_back({&use});
    return true;
  }

  void end_wait(const Use& use) {
    auto sleeper = std::ranges::find(sleepers_, &use, &Sleeper::use);
    if (sleeper == sleepers_.end()) return;
    Sleeper ended = *sleeper;
    bool first = std::ranges::none_of(sleepers_.begin(), sleeper,
                                      [](const Sleeper& earlier) { return earlier.notified != never; });
    sleepers_.erase(sleeper);
    if (use.raised()) {
      cancelling.require(!held_, use.got, "a cancelled wait came back without the lock");
      may_pass_on(ended);
    } else {
      waiting.require(!held_, use.got, "a wait came back while another holds the lock");
      if (use.verb == Verb::wait_condition_for)
        end_predicate(use);
      else
        end_notified(ended, first);
    }
    take(use);
  }

  void end_predicate(const Use& use) {
    bool right = (done(use, use.got) || unknown(use, use.got)) && use.answer.value == Value::of(true);
    notifying.require(right, use.got, "a wait came back although its predicate is not true");
  }

  void end_notified(const Sleeper& sleeper, bool first) {
    std::size_t event = sleeper.use->got;
    notifying.require(exact_ ? sleeper.notified != never : sleeper.stirred, event,
                      "a waiter woke that nobody notified");
    if (exact_ && !history_.cancels)
      notifying.require(first, event, "a waiter came back before another that came earlier");
    if (passed_.asked == never || sleeper.notified != never || sleeper.use->asked > passed_.asked) return;
    ++passed_.taken;
    passing.require(passed_.taken <= passed_.given, event, "a notification was passed on to more than one");
  }

  // Notifying.

  bool notify(const Use& use) {
    if (held_) {
      require_held(!use.raised(), use.asked);
      if (!back_from_wait())
        notifying.require(!use.raised(), use.asked, "a notification was refused although the lock is held");
    } else if (quiet(use.asked)) {
      notifying.require(use.raised(), use.asked, "a notification without the lock was not refused");
    } else {
      return use.raised();
    }
    if (use.raised()) return !held_;
    mark(use);
    return true;
  }

  /// The first so many who sleep are notified, if it is certain who does.
  void mark(const Use& use) {
    passed_ = {};
    notified_ = use.asked;
    for (const Sleeper& sleeper : sleepers_) {
      exact_ &= sleeper.use->verb == Verb::wait_condition;
      exact_ &= asleep(sleeper, use.asked);
    }
    bool everybody = static_cast<std::size_t>(use.number) >= sleepers_.size();
    std::int64_t left = use.number;
    bool cancelled = false;  // one that is notified here
    for (Sleeper& sleeper : sleepers_) {
      sleeper.stirred |= use.number > 0;
      if (sleeper.use->verb == Verb::wait_condition_for && everybody && done(*sleeper.use, use.asked))
        sleeper.notified = use.asked;
      if (!exact_ || sleeper.notified != never || left == 0) continue;
      --left;
      sleeper.notified = use.asked;
      cancelled |= !sleeper.use->succeeded();
    }
    exact_ &= !cancelled;
  }

  /// A waiter leaves with an error: if it was notified, that should go to somebody who still sleeps.
  void may_pass_on(const Sleeper& ended) {
    bool somebody = std::ranges::any_of(sleepers_, [&](const Sleeper& sleeper) {
      return sleeper.notified == never && !sleeper.use->raised() && sleeper.use->asked < ended.notified;
    });
    if (passed_.asked != never)
      ++passed_.given;
    else if (ended.notified != never && ended.notified == notified_ && error_ < notified_ && somebody)
      passed_ = {.asked = ended.use->got, .given = 1};
    for (Sleeper& sleeper : sleepers_) sleeper.stirred = true;
    exact_ = false;
    error_ = ended.use->got;
  }

  /// A notification that was given to somebody who was cancelled.
  struct Passed {
    std::size_t asked = never;  // when that came back
    int given = 0;              // how many may be woken in its place
    int taken = 0;              // how many were
  };

  const History& history_;
  bool held_ = false;
  bool exact_ = true;  // whether it is certain who was notified
  const Use* holder_ = nullptr;
  std::vector<const Use*> acquirers_;
  std::vector<Sleeper> sleepers_;
  Passed passed_;
  std::size_t notified_ = never;  // the last `notify`
  std::size_t error_ = 0;         // the last wait that ended in one
};

Verdict of_conditions(const History& history, Ruling ConditionRuling::*clause) {
  if (!waits_are_plain(history)) return {};
  return ConditionRuling(history, Uses(history)).*clause;
}

/// COND-1
Verdict a_wait_gives_the_lock_away_and_takes_it_back(const History& history) {
  return of_conditions(history, &ConditionRuling::waiting);
}
/// COND-2
Verdict as_many_wake_as_are_notified(const History& history) {
  return of_conditions(history, &ConditionRuling::notifying);
}
/// COND-3
Verdict a_cancelled_wait_takes_the_lock_back(const History& history) {
  return of_conditions(history, &ConditionRuling::cancelling);
}
/// COND-4
Verdict a_notification_is_passed_on(const History& history) {
  return of_conditions(history, &ConditionRuling::passing);
}

using enum Verb;

constexpr Property list[] = {
    {"COND-1", a_wait_gives_the_lock_away_and_takes_it_back, {wait_condition, wait_condition_for}},
    {"COND-2", as_many_wake_as_are_notified, {wait_condition, wait_condition_for, notify}},
    {"COND-3", a_cancelled_wait_takes_the_lock_back, {wait_condition, wait_condition_for}},
    {"COND-4", a_notification_is_passed_on, {wait_condition}},
};

}  // namespace

std::span<const Property> conditions() { return list; }

}  // namespace cede
