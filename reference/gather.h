// Many futures as one: the list of all their results, in the order in which they were given.
#pragma once

#include <vector>

#include "reference/derived.h"
#include "reference/task.h"

namespace cede::reference {

/// Whether errors are results like others, or the first of them is the outcome of the whole.
enum class Exceptions : bool { raise, collect };

/// What gathers of all types share.
class GatherBase : public DerivedFuture {
 public:
  /// Asks every source that is not done to cancel, now; it ends when they have ended, and then with
  /// the cancellation (GATHER-5). False when nobody was there to be asked.
  bool cancel(std::int64_t message = 0) override;

  /// Begins to wait. Without any source it is done at once, otherwise never before the next pass
  /// (GATHER-2).
  void begin();

 protected:
  GatherBase(AbstractLoop& loop, std::vector<Ref<FutureBase>> sources, Exceptions exceptions)
      : DerivedFuture(loop), sources_(std::move(sources)), pending_(sources_.size()), exceptions_(exceptions) {}

 private:
  void source_done(FutureBase& source) override;
  /// Puts the outcome of this source behind the others in the list.
  virtual void take(std::size_t number) = 0;
  void end(Error error);

  std::vector<Ref<FutureBase>> sources_;
  std::size_t pending_;
  std::uint64_t swept_ = 0;  // by the last request to cancel that came by
  Exceptions exceptions_;
  bool cancel_requested_ = false;
};

/// A gather with its list: of results, or of outcomes.
template <class T, class Item>
class GatherState : public GatherBase, public Result<std::vector<Item>> {
 public:
  GatherState(AbstractLoop& loop, std::vector<Future<T>> futures)
      : GatherBase(loop, bases_of(futures), collects ? Exceptions::collect : Exceptions::raise),
        futures_(std::move(futures)) {
    this->value.emplace();
  }

  static Future<std::vector<Item>> of(AbstractLoop& loop, std::vector<Future<T>> futures) {
    Ref<GatherState> state(new GatherState(loop, std::move(futures)));
    state->begin();
    return Future<std::vector<Item>>(state);
  }

 private:
  static constexpr bool collects = std::is_same_v<Item, Outcome<T>>;

  void take(std::size_t number) override {
    if constexpr (collects) this->value->push_back(futures_[number].outcome());
    else this->value->push_back(futures_[number].outcome().value());
  }

  std::vector<Future<T>> futures_;
};

/// All results in the order of the arguments, whoever is done first (GATHER-1). The first error ends
/// it and touches nobody else (GATHER-3).
template <class T>
Future<std::vector<Stored<T>>> gather(AbstractLoop& loop, std::vector<Future<T>> futures) {
  return GatherState<T, Stored<T>>::of(loop, std::move(futures));
}
/// The same with errors and cancellations in the list: asyncio's `return_exceptions` (GATHER-4).
template <class T>
Future<std::vector<Outcome<T>>> gather_exceptions(AbstractLoop& loop, std::vector<Future<T>> futures) {
  return GatherState<T, Outcome<T>>::of(loop, std::move(futures));
}

}  // namespace cede::reference
