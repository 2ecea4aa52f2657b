#include "reference/run.h"

namespace cede::reference {

namespace {

/// Whether a run has ended before its future could end it; the done-callback may be queued by then.
struct Run : Counted {
  bool over = false;
};

}  // namespace

Error run_until_done(AbstractLoop& loop, FutureBase& future) {
  if (loop.is_closed() || loop.is_running() || loop.get_running_loop()) return Error(Error::Kind::runtime);
  Ref<FutureBase> keep(&future);
  auto key = reinterpret_cast<std::uintptr_t>(&keep);  // as unique as this call
  Ref<Run> run(new Run);
  future.add_done_callback([&loop, run](FutureBase&) { if (!run->over) loop.stop(); }, key);
  Error error = loop.try_run_forever();
  run->over = bool(error);  // a fatal error has ended it, that of the future itself perhaps
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
