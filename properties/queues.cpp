// spec/13-synchronisation.md: queues.
//
// What is in a queue is certain at every moment, since items go in and come out where the trace says so.
// Who of those who wait was woken is not; so a getter is in default only when it sleeps through a whole
// pass while an item lies there and nothing happens to the queue.
#include <algorithm>

#include "properties/property.h"
#include "properties/uses.h"

namespace cede {
namespace {

/// Those who wait to get, or to put, in order of arrival.
struct Waiters {
  std::vector<const Use*> line;
  bool overtaken = false;  // by somebody who came later: from there on their order is open

  /// The first of those who will not be cancelled.
  const Use* first() const {
    auto first = std::ranges::find_if(line, &Use::stays);
    return first == line.end() ? nullptr : *first;
  }
  void leave(const Use& use) {
    std::erase(line, &use);
    if (line.empty()) overtaken = false;
  }
};

class QueueRuling {
 public:
  QueueRuling(const History& history, const Uses& uses) : history_(history) {
    for (Id queue : uses.things())
      if (creates(uses.kind(queue))) follow(uses.about(queue), uses.kind(queue));
  }

  Ruling delivering, bounding, overtaking, cancelling, joining;  // QUEUE-1 to QUEUE-5

 private:
  static bool creates(Verb verb) {
    return verb == Verb::create_queue || verb == Verb::create_priority_queue || verb == Verb::create_lifo_queue;
  }

  void follow(const std::vector<Moment>& moments, Verb kind) {
    kind_ = kind;
    capacity_ = moments.front().use->number;
    items_.clear();
    joins_.clear();
    getters_ = putters_ = {};
    unfinished_ = 0;
    disturbed_ = false;
    stirred_ = moments.front().event;
    for (const Moment& moment : moments) {
      bool moves =
          moment.use->verb != Verb::qsize && moment.use->verb != Verb::task_done && moment.use->verb != Verb::join;
      if (moves) nobody_sleeps_until(moment.event);
      happen(moment);
      if (moves) stirred_ = moment.event;
    }
    nobody_sleeps_until(never);
    for (const Join& join : joins_) {
      std::size_t late = join.due == never || !join.use->stays ? never : end_of_next_pass(history_, join.due);
      if (late != never) joining.require(false, late, "everything is done, and a join still waits");
    }
  }

  void happen(const Moment& moment) {
    const Use& use = *moment.use;
    bool asked = moment.kind == Moment::Kind::asked;
    switch (use.verb) {
      case Verb::put: return asked ? begin_put(use) : end_put(use);
      case Verb::get: return asked ? begin_get(use) : end_get(use);
      case Verb::join: return asked ? begin_join(use) : end_join(use);
      case Verb::put_nowait: return put_nowait(use);
      case Verb::get_nowait: return get_nowait(use);
      case Verb::task_done: return task_done(use);
      case Verb::qsize: {
        bool right = use.answer.value == Value::of(static_cast<std::int64_t>(items_.size()));
        return ruling(delivering).require(right, use.asked, "an item was lost, or is there twice");
      }
      default: return;
    }
  }

  /// Where somebody is cancelled while it waits, all that the queue does is QUEUE-4's.
  Ruling& ruling(Ruling& otherwise) { return disturbed_ ? cancelling : otherwise; }

  bool full() const { return capacity_ > 0 && static_cast<std::int64_t>(items_.size()) >= capacity_; }

  /// Nobody may have slept through a whole pass before the event while it could have gone on.
  void nobody_sleeps_until(std::size_t event) {
    std::size_t late = end_of_next_pass(history_, stirred_);
    if (late == never || late >= event) return;
    if (!items_.empty() && getters_.first())
      ruling(delivering).require(false, late, "an item lies in the queue, and a getter sleeps");
    if (!full() && putters_.first())
      ruling(bounding).require(false, late, "there is room in the queue, and a putter sleeps");
  }

  // Items go in.

  void begin_put(const Use& use) {
    if (use.got == never && !use.suspended) return;  // the trace ends
    std::size_t shown = use.suspended ? use.asked : use.got;
    if (full())
      ruling(bounding).require(use.suspended, shown, "an item was put into a queue that is full");
    else if (putters_.line.empty())
      ruling(delivering).require(!use.suspended, shown, "there is room in the queue, and the put suspended");
    else if (!use.suspended)
      putters_.overtaken |= putters_.first() != nullptr;
    if (!use.suspended) return;
    disturbed_ |= !use.stays;
    putters_.line.push_back(&use);
  }

  void end_put(const Use& use) {
    const Use* first = putters_.first();
    bool in_order = !use.suspended || putters_.overtaken || first == &use;
    if (use.suspended) putters_.leave(use);
    if (use.raised()) return;
    ruling(bounding).require(!full(), use.got, "an item was put into a queue that is full");
    ruling(bounding).require(in_order, use.got, "a putter went on before another that came earlier");
    insert(use);
  }

  void put_nowait(const Use& use) {
    if (full())
      ruling(bounding).require(use.raised(), use.asked, "an item was put into a queue that is full");
    else if (putters_.line.empty())
      ruling(bounding).require(!use.raised(), use.asked, "an item was refused although there is room");
    else if (!use.raised())
      putters_.overtaken |= putters_.first() != nullptr;
    if (!use.raised()) insert(use);
  }

  void insert(const Use& use) {
    items_.push_back(use.value);
    ++unfinished_;
  }

  // Items come out.

  void begin_get(const Use& use) {
    if (use.got == never && !use.suspended) return;
    std::size_t shown = use.suspended ? use.asked : use.got;
    if (!items_.empty() && getters_.line.empty()) {
      ruling(delivering).require(!use.suspended, shown, "there is an item, and the get suspended");
    } else if (!items_.empty() && getters_.first()) {
      come_late(!use.suspended, shown);
    }
    if (!use.suspended) return;
    disturbed_ |= !use.stays;
    getters_.line.push_back(&use);
  }

  /// Others wait, and one of them was woken: the newcomer gets its item, or waits too.
  void come_late(bool faster, std::size_t event) {
    if (faster) overtaking.require(true, event, {});
    else overtaking.variant("hand-over", event);
    getters_.overtaken |= faster;
  }

  void end_get(const Use& use) {
    const Use* first = getters_.first();
    bool overtaken = getters_.overtaken;
    if (use.suspended) getters_.leave(use);
    if (use.raised()) {
      if (!use.answer.is_raised(ErrorKind::cancelled))
        overtaking.require(false, use.got, "a getter that was overtaken did not wait again");
      return;
    }
    if (use.suspended && !overtaken)
      ruling(bounding).require(first == &use, use.got, "a getter went on before another that came earlier");
    if (use.suspended && overtaken) {
      overtaking.require(!items_.empty(), use.got, "a getter that was overtaken did not wait again");
      if (items_.empty()) return;
    }
    take(use);
  }

  void get_nowait(const Use& use) {
    if (items_.empty())
      ruling(bounding).require(use.raised(), use.asked, "an item came out of an empty queue");
    else if (getters_.line.empty())
      ruling(bounding).require(!use.raised(), use.asked, "an item was refused although there is one");
    else if (getters_.first())
      come_late(!use.raised(), use.asked);
    if (!use.raised()) take(use);
  }

  /// With others waiting, the item may have been meant for one of them.
  void take(const Use& use) {
    const Value& item = use.answer.value;
    auto found = std::ranges::find(items_, item);
    if (kind_ == Verb::create_lifo_queue)
      for (auto newer = found; newer != items_.end(); newer = std::find(newer + 1, items_.end(), item)) found = newer;
    ruling(delivering).require(found != items_.end(), use.got, "an item came out that was not in the queue");
    if (found == items_.end()) return;
    bool exact = history_.trace().exact_order || getters_.line.empty();
    ruling(delivering).require(!exact || item == next(), use.got, "it was another item's turn");
    items_.erase(found);
  }

  const Value& next() const {
    if (kind_ == Verb::create_lifo_queue) return items_.back();
    return kind_ == Verb::create_priority_queue ? *std::ranges::min_element(items_) : items_.front();
  }

  // What was put is done.

  struct Join {
    const Use* use;
    std::size_t due = never;  // since when everything is done
  };

  void task_done(const Use& use) {
    if (unfinished_ == 0) return joining.require(use.raised(), use.asked, "more was marked as done than was put");
    joining.require(!use.raised(), use.asked, "an item could not be marked as done");
    if (use.raised() || --unfinished_ > 0) return;
    for (Join& join : joins_)
      if (join.due == never) join.due = use.asked;
  }

  void begin_join(const Use& use) {
    if (use.got == never && !use.suspended) return;
    std::size_t shown = use.suspended ? use.asked : use.got;
    if (unfinished_ == 0)
      joining.require(!use.suspended, shown, "everything is done, and the join suspended");
    else
      joining.require(use.suspended, shown, "a join ended although not everything is done");
    if (use.suspended) joins_.push_back({&use});
  }

  void end_join(const Use& use) {
    auto join = std::ranges::find(joins_, &use, &Join::use);
    if (join == joins_.end()) return;
    std::size_t due = join->due;
    joins_.erase(join);
    if (use.raised()) return;
    joining.require(due != never, use.got, "a join ended although not everything was done");
    if (due != never)
      joining.require(use.got <= end_of_next_pass(history_, due), use.got, "a join did not end in the next pass");
  }

  const History& history_;
  Verb kind_ = Verb::create_queue;
  std::int64_t capacity_ = 0;
  std::vector<Value> items_;  // in the order in which they were put
  Waiters getters_, putters_;
  std::vector<Join> joins_;
  std::int64_t unfinished_ = 0;
  bool disturbed_ = false;       // somebody was cancelled while it waited, or will be
  std::size_t stirred_ = never;  // the last that happened to the queue
};

Verdict of_queues(const History& history, Ruling QueueRuling::*clause) {
  if (!waits_are_plain(history)) return {};
  return QueueRuling(history, Uses(history)).*clause;
}

/// QUEUE-1
Verdict each_item_is_delivered_once(const History& history) { return of_queues(history, &QueueRuling::delivering); }
/// QUEUE-2
Verdict a_full_queue_blocks_putters(const History& history) { return of_queues(history, &QueueRuling::bounding); }
/// QUEUE-3
Verdict an_overtaken_getter_waits_again(const History& history) { return of_queues(history, &QueueRuling::overtaking); }
/// QUEUE-4
Verdict cancelled_peers_lose_no_item(const History& history) { return of_queues(history, &QueueRuling::cancelling); }
/// QUEUE-5
Verdict a_join_waits_until_all_is_done(const History& history) { return of_queues(history, &QueueRuling::joining); }

using enum Verb;

constexpr Verbs creates{create_queue, create_priority_queue, create_lifo_queue};

constexpr Property list[] = {
    {"QUEUE-1", each_item_is_delivered_once, creates},
    {"QUEUE-2", a_full_queue_blocks_putters, creates},
    {"QUEUE-3", an_overtaken_getter_waits_again, creates},
    {"QUEUE-4", cancelled_peers_lose_no_item, creates},
    {"QUEUE-5", a_join_waits_until_all_is_done, creates},
};

}  // namespace

std::span<const Property> queues() { return list; }

}  // namespace cede
