// Many futures, one after another, as they are done.
#pragma once

#include <algorithm>
#include <deque>
#include <vector>

#include "reference/manners.h"
#include "reference/task.h"

namespace cede::reference {

/// Which futures have completed and were not handed out yet, by number, in the order of completion.
class Completions : public Counted {
 public:
  Completions(AbstractLoop& loop, std::vector<Ref<FutureBase>> futures)
      : loop_(loop), pending_(std::move(futures)), left_(pending_.size()), arrival_(loop) {}

  void begin(Nanos timeout);
  /// Suspends until there is one. TimeoutError once the time is over, for each that had not completed
  /// by then (ASC-2).
  Coroutine<std::size_t> next();
  /// Takes the timer and the callbacks back; nothing more arrives.
  void stop();

 private:
  void completed(std::size_t number);
  void wake();
  std::uintptr_t key() const { return reinterpret_cast<std::uintptr_t>(this); }

  AbstractLoop& loop_;
  std::vector<Ref<FutureBase>> pending_;  // null: completed
  std::size_t left_;
  std::deque<std::size_t> ready_;
  Ref<Handle> timer_;
  Future<> arrival_;
  bool stopped_ = false;
};

/// Hands out futures in the order of completion, each once (ASC-1). One task at a time may take.
/// Neither a timeout nor its end touches them.
template <class T>
class AsCompleted {
 public:
  AsCompleted(AbstractLoop& loop, const std::vector<Future<T>>& futures, Nanos timeout = forever) {
    std::vector<Ref<FutureBase>> bases;
    for (const Future<T>& future : futures) {
      if (std::ranges::count(bases, future.base())) continue;
      futures_.push_back(future);
      bases.push_back(future.base());
    }
    left_ = bases.size();
    completions_ = new Completions(loop, std::move(bases));
    completions_->begin(timeout);
  }
  AsCompleted(AsCompleted&&) = default;
  ~AsCompleted() {
    if (completions_ && !manners().as_completed_keeps_timer) completions_->stop();
  }

  /// How many are still to be taken.
  std::size_t left() const { return left_; }

  /// The next one that is done: `(co_await outcomes.next()).result()`. Throws TimeoutError (ASC-2).
  Coroutine<Future<T>> next() {
    --left_;
    Coroutine<std::size_t> next = completions_->next();
    Outcome<std::size_t> number = co_await next.settled();
    if (!number.ok()) co_return number.error();
    co_return futures_[number.value()];
  }

 private:
  std::vector<Future<T>> futures_;
  Ref<Completions> completions_;
  std::size_t left_;
};

}  // namespace cede::reference
