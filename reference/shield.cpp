#include "reference/shield.h"

namespace cede::reference {

ShieldBase::ShieldBase(const Ref<FutureBase>& inner) : DerivedFuture(inner->loop()), inner_(inner) {
  follow(*inner);
  follow(*this);
}

void ShieldBase::source_done(FutureBase& source) {
  if (done()) return unfollow(*inner_);
  if (!source.error()) take_result();
  finish(source.error());
}

}  // namespace cede::reference
