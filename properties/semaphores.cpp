// spec/13-synchronisation.md: semaphores.
//
// What is certain of a semaphore is how many permits are not in use: as many as it began with and were
// given back, less those that were taken. Some of them may already belong to waiters that have not run
// since; which, the trace does not tell.
#include <algorithm>

#include "properties/property.h"
#include "properties/uses.h"

namespace cede {
namespace {

class SemaphoreRuling {
 public:
  SemaphoreRuling(const History& history, const Uses& uses) : history_(history) {
    for (const Moment& moment : uses.moments())
      if (creates(moment.use->verb)) create(*moment.use);
    for (Id semaphore : uses.things())
      if (creates(uses.kind(semaphore)) && semaphore) follow(uses.about(semaphore));
  }

  Ruling admitting, cancelling;  // SEM-1 and SEM-2

 private:
  static bool creates(Verb verb) { return verb == Verb::create_semaphore || verb == Verb::create_bounded_semaphore; }

  void create(const Use& use) {
    if (use.number < 0)
      cancelling.require(use.raised(), use.asked, "a semaphore was made with less than no permits");
    else if (use.raised())
      cancelling.require(false, use.asked, "a semaphore was refused");
  }

  void follow(const std::vector<Moment>& moments) {
    const Use& made = *moments.front().use;
    free_ = made.number;
    bound_ = made.verb == Verb::create_bounded_semaphore ? made.number : INT64_MAX;
    disturbed_ = false;
    line_.clear();
    for (const Moment& moment : moments) {
      const Use& use = *moment.use;
      if (use.verb == Verb::release) {
        if (!release(use)) return;
      } else if (use.verb == Verb::locked) {
        if (line_.empty())
          ruling().require(use.answer.value == Value::of(free_ == 0), use.asked, "permits were lost, or are too many");
      } else if (moment.kind == Moment::Kind::left) {
        if (free_ >= bound_ && !line_.empty()) return;
        if (free_ < bound_) give_back(moment.event);
      } else if (use.verb == Verb::acquire || use.verb == Verb::with) {
        if (moment.kind == Moment::Kind::asked)
          begin(use);
        else
          end(use);
      }
    }
    for (const Waiter& waiter : line_) {
      std::size_t late = waiter.due == never || !waiter.use->stays ? never : end_of_next_pass(history_, waiter.due);
      if (late != never) ruling().require(false, late, "a permit is free, and the first who waits does not get it");
    }
  }

  struct Waiter {
    const Use* use;
    std::size_t since = never;  // when it came about that there is a permit for it
    std::size_t due = never;    // what happened last since then
  };

  Ruling& ruling() { return disturbed_ ? cancelling : admitting; }

  /// The first of those who will not be cancelled.
  const Use* first_waiter() const {
    auto first = std::ranges::find_if(line_, [](const Waiter& waiter) { return waiter.use->stays; });
    return first == line_.end() ? nullptr : first->use;
  }

  void begin(const Use& use) {
    if (use.got == never && !use.suspended) return;  // the trace ends
    std::size_t shown = use.suspended ? use.asked : use.got;
    if (free_ <= 0)
      ruling().require(use.suspended, shown, "more permits were taken than there are");
    else if (first_waiter())
      admitting.require(use.suspended, shown, "a permit was taken before somebody who waits for it");
    else if (line_.empty())
      ruling().require(!use.suspended, shown, "a permit is free, and was not taken at once");
    if (!use.suspended) return;
    disturbed_ |= !use.stays;
    line_.push_back({&use});
    stir(use.asked);
  }

  void end(const Use& use) {
    const Use* first = first_waiter();
    std::size_t since = never, due = never;
    if (auto waiter = std::ranges::find(line_, &use, &Waiter::use); waiter != line_.end()) {
      since = waiter->since;
      due = waiter->due;
      line_.erase(waiter);
    }
    if (!use.raised()) {
      if (use.suspended) {
        ruling().require(free_ > 0, use.got, "more permits were taken than there are");
        ruling().require(first == &use, use.got, "somebody who came earlier still waits for a permit");
        ruling().require(due == never || use.got <= end_of_next_pass(history_, due), use.got,
                         "a permit was not handed on in the next pass");
        const Job* job = history_.job_at(use.got);  // none if main has resumed it by hand
        if (job && since != never && !disturbed_)
          admitting.require(history_.in_a_later_pass(since, job->enter), use.got,
                            "a permit was handed on at once");
      }
      --free_;
    }
    stir(use.got);
  }

  /// False where the trace no longer tells how many permits there are.
  bool release(const Use& use) {
    bool surplus = free_ >= bound_;
    if (surplus && line_.empty())
      cancelling.require(use.raised(), use.asked, "a surplus permit was given back");
    else if (!surplus)
      ruling().require(!use.raised(), use.asked, "a permit could not be given back");
    else if (!use.raised())
      return false;
    if (!use.raised()) give_back(use.asked);
    return true;
  }

  void give_back(std::size_t event) {
    ++free_;
    stir(event);
  }

  /// Those for whom there is a permit have to get it soon.
  void stir(std::size_t event) {
    std::int64_t place = 0;
    for (Waiter& waiter : line_) {
      if (!waiter.use->stays) continue;
      bool covered = place++ < free_;
      waiter.due = covered ? event : never;
      if (!covered || waiter.since == never) waiter.since = waiter.due;
    }
  }

  const History& history_;
  std::int64_t free_ = 0;
  std::int64_t bound_ = 0;
  bool disturbed_ = false;  // a waiter was cancelled, or will be
  std::vector<Waiter> line_;
};

Verdict of_semaphores(const History& history, Ruling SemaphoreRuling::*clause) {
  if (!waits_are_plain(history)) return {};
  return SemaphoreRuling(history, Uses(history)).*clause;
}

/// SEM-1
Verdict a_semaphore_admits_in_order(const History& history) {
  return of_semaphores(history, &SemaphoreRuling::admitting);
}
/// SEM-2
Verdict no_permit_is_lost(const History& history) { return of_semaphores(history, &SemaphoreRuling::cancelling); }

using enum Verb;

constexpr Property list[] = {
    {"SEM-1", a_semaphore_admits_in_order, {create_semaphore, create_bounded_semaphore}},
    {"SEM-2", no_permit_is_lost, {create_semaphore, create_bounded_semaphore}},
};

}  // namespace

std::span<const Property> semaphores() { return list; }

}  // namespace cede
