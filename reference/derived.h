// A future that follows others, and is completed by what becomes of them: gather's and shield's.
#pragma once

#include "reference/task.h"

namespace cede::reference {

/// It holds those that it follows, and is forgotten when nobody holds it: keep it as long as its
/// done callbacks matter.
class DerivedFuture : public FutureBase {
 public:
  explicit DerivedFuture(AbstractLoop& loop) : FutureBase(loop), link_(new Link(this)) {}
  ~DerivedFuture() override { link_->derived = nullptr; }

 protected:
  /// From now on `source_done` tells of the source's end, in the pass after it.
  void follow(FutureBase& source);
  void unfollow(FutureBase& source);

 private:
  virtual void source_done(FutureBase& source) = 0;

  /// What the sources hold of it. Were it the future itself, both would hold each other for ever.
  struct Link : Counted {
    explicit Link(DerivedFuture* derived) : derived(derived) {}
    DerivedFuture* derived;
  };

  std::uintptr_t key() const { return reinterpret_cast<std::uintptr_t>(this); }

  Ref<Link> link_;
};

}  // namespace cede::reference
