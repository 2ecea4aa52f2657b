#include "reference/derived.h"

namespace cede::reference {

void DerivedFuture::follow(FutureBase& source) {
  auto on_done = [link = link_](FutureBase& source) {
    (void)source.error();  // it counts as retrieved, whoever else looks at it (GATHER-3)
    if (!link->derived) return;
    Ref<DerivedFuture> self(link->derived);  // what it completes may let go of it
    self->source_done(source);
  };
  source.add_done_callback(std::move(on_done), key());
}

void DerivedFuture::unfollow(FutureBase& source) { source.remove_done_callback(key()); }

}  // namespace cede::reference
