// A future in front of another, which takes the cancellations that are meant for it.
#pragma once

#include "reference/derived.h"

namespace cede::reference {

/// What shields of all types share.
class ShieldBase : public DerivedFuture {
 protected:
  explicit ShieldBase(const Ref<FutureBase>& inner);

 private:
  void source_done(FutureBase& source) override;  // of the inner one, and of its own end
  /// Puts the inner one's result into the place of its own.
  virtual void take_result() = 0;

  Ref<FutureBase> inner_;
};

template <class T>
class ShieldState : public ShieldBase, public Result<T> {
 public:
  explicit ShieldState(Future<T> inner) : ShieldBase(inner.base()), typed_(std::move(inner)) {}

 private:
  void take_result() override { this->value = typed_.outcome().value(); }

  Future<T> typed_;  // the inner one again, with its result
};

/// Ends as the inner one ends, one pass later; cancelling it leaves the inner one alone (SHIELD-1).
/// One that is done needs no shield and is itself the answer (SHIELD-2).
template <class T>
Future<T> shield(Future<T> inner) {
  if (inner.done()) return inner;
  return Future<T>(Ref<ShieldState<T>>(new ShieldState<T>(std::move(inner))));
}

}  // namespace cede::reference
