// Queues between coroutines: whoever gets waits for an item, and whoever puts waits for room.
#pragma once

#include <functional>
#include <queue>
#include <stack>

#include "reference/event.h"

namespace cede::reference {

/// Thrown by `get_nowait` when there is no item, and by `put_nowait` when there is no room (QUEUE-2).
struct QueueEmpty : std::runtime_error { QueueEmpty() : runtime_error("the queue is empty") {} };
struct QueueFull : std::runtime_error { QueueFull() : runtime_error("the queue is full") {} };

/// What queues of all types share: how many items there are, who waits for one or for room, and how
/// many are not done.
class QueueBase {
 public:
  std::size_t qsize() const { return size_; }
  bool empty() const { return size_ == 0; }
  bool full() const { return capacity_ > 0 && size_ >= capacity_; }

  /// One of the items that were put has been worked off. The error is a refusal: all have (QUEUE-5).
  Error try_task_done();
  /// Throws ValueError when all have.
  void task_done() {
    if (Error error = try_task_done()) error.raise();
  }
  /// Waits until everything that was put is done (QUEUE-5).
  Coroutine<bool> join();

 protected:
  QueueBase(AbstractLoop& loop, std::size_t capacity);

  /// Wait until there is an item, or room for one; at once if there is (QUEUE-1, QUEUE-2).
  Coroutine<bool> item() { return until(&QueueBase::has_item, getters_); }
  Coroutine<bool> room() { return until(&QueueBase::has_room, putters_); }
  /// An item went in, or out: somebody who waits for that is woken.
  void put_one();
  void got_one();

 private:
  bool has_item() const { return !empty(); }
  bool has_room() const { return !full(); }
  Coroutine<bool> until(bool (QueueBase::*ready)() const, Waiters& waiters);

  std::size_t capacity_;
  std::size_t size_ = 0;
  std::size_t unfinished_ = 0;
  Waiters getters_, putters_;
  Event finished_;
};

/// First in, first out; a capacity of 0 is no limit. `Items` says in which order they come out.
template <class T, class Items = std::queue<T>>
class Queue : public QueueBase {
 public:
  explicit Queue(AbstractLoop& loop, std::size_t capacity = 0) : QueueBase(loop, capacity) {}

  Coroutine<bool> put(T item) {
    if (auto waited = co_await room().settled(); !waited.ok()) co_return waited.error();
    co_return try_put(std::move(item));
  }
  Coroutine<T> get() {
    if (auto waited = co_await this->item().settled(); !waited.ok()) co_return waited.error();
    co_return get_nowait();
  }

  /// False when it is full.
  bool try_put(T item) {
    if (full()) return false;
    items_.push(std::move(item));
    put_one();
    return true;
  }
  /// Nothing when it is empty.
  std::optional<T> try_get() {
    if (empty()) return {};
    std::optional<T> item(next(items_));
    items_.pop();
    got_one();
    return item;
  }
  /// The same, throwing QueueFull or QueueEmpty.
  void put_nowait(T item) {
    if (!try_put(std::move(item))) throw QueueFull();
  }
  T get_nowait() {
    if (auto item = try_get()) return *std::move(item);
    throw QueueEmpty();
  }

 private:
  template <class Line>
  static const T& next(const Line& items) {
    if constexpr (requires { items.top(); }) return items.top();
    else return items.front();
  }

  Items items_;
};

/// The smallest item first.
template <class T>
using PriorityQueue = Queue<T, std::priority_queue<T, std::vector<T>, std::greater<>>>;
/// The newest item first.
template <class T>
using LifoQueue = Queue<T, std::stack<T>>;

}  // namespace cede::reference
