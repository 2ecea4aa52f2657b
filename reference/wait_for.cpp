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

Coroutine<> wait_beside(AbstractLoop& loop, Ref<FutureBase> future, Nanos delay) {
  Future<> released(loop);
  auto release = [released](auto&&...) {
    if (!released.done()) released.set_result();
  };
  struct Registered {
    ~Registered() {
      if (timer) timer->cancel();
      future->remove_done_callback(key);
    }
    Ref<FutureBase> future;
    std::uintptr_t key;
    Ref<Handle> timer;
  } whenever_it_ends{future, reinterpret_cast<std::uintptr_t>(released.base().get()), {}};
  whenever_it_ends.timer = loop.call_later(delay, [release] { release(); });
  future->add_done_callback(release, whenever_it_ends.key);
  Error error = (co_await released.settled()).error();
  if (future->done()) co_return;
  future->remove_done_callback(whenever_it_ends.key);
  co_await cancel_and_wait(future);
  if (!error && future->cancelled()) error = Error(Error::Kind::timeout);
  if (error) error.raise();
}

}  // namespace cede::reference
