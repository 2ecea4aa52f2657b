#include "reference/run.h"

namespace cede::reference {

Error run_until_done(AbstractLoop& loop, FutureBase& future) {
  if (loop.is_closed() || loop.is_running() || loop.get_running_loop()) return Error(Error::Kind::runtime);
  Ref<FutureBase> keep(&future);
  auto key = reinterpret_cast<std::uintptr_t>(&keep);  // as unique as this call
  future.add_done_callback([&loop](FutureBase&) { loop.stop(); }, key);
  Error error = loop.try_run_forever();
  future.remove_done_callback(key);  // no stop is left behind for a later run (PASS-14)
  if (error) return error;
  return future.done() ? Error{} : Error(Error::Kind::runtime);
}

Coroutine<> sleep(AbstractLoop& loop, Nanos delay) {
  if (delay <= 0) {
    co_await yield();
    co_return;
  }
  Future<> woken(loop);
  Ref<Handle> timer = loop.call_later(delay, [woken] {
    if (!woken.done()) woken.set_result();
  });
  struct Cancel {
    Ref<Handle> timer;
    ~Cancel() { timer->cancel(); }
  } whenever_it_ends{timer};
  co_await woken;
}

}  // namespace cede::reference
