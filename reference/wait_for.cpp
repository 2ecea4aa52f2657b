#include "reference/wait_for.h"

namespace cede::reference {

Coroutine<> cancel_and_wait(Ref<FutureBase> future) {
  // Not on the future itself: a cancellation of the waiter has to end this wait, not the future's cleanup.
  Future<> ended(future->loop());
  auto key = reinterpret_cast<std::uintptr_t>(ended.base().get());
  future->add_done_callback([ended](FutureBase&) {
    if (!ended.done()) ended.set_result();
  }, key);
  struct Remove {
    Ref<FutureBase> future;
    std::uintptr_t key;
    ~Remove() { future->remove_done_callback(key); }
  } whenever_it_ends{future, key};
  future->cancel();
  co_await ended;
}

}  // namespace cede::reference
