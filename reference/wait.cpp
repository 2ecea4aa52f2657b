#include "reference/wait.h"

namespace cede::reference {
namespace {

/// Shared with the callbacks, which may come when nobody waits any more.
struct Waiting : Counted {
  Waiting(AbstractLoop& loop, std::size_t pending, ReturnWhen when) : released(loop), pending(pending), when(when) {}

  void count(const FutureBase& future) {
    --pending;
    // In this mode alone it looks at errors, which then count as retrieved.
    auto failed = [&] { return !future.cancelled() && future.error(); };
    if (pending == 0 || when == ReturnWhen::first_completed || (when == ReturnWhen::first_exception && failed()))
      wake();
  }
  void wake() {
    if (!released.done()) released.set_result();
  }

  Future<> released;
  std::size_t pending;
  ReturnWhen when;
};

/// Takes back at its end, however that comes, what was registered for the wait.
struct Registered {
  ~Registered() {
    if (timer) timer->cancel();
    for (const Ref<FutureBase>& future : futures) future->remove_done_callback(key);
  }
  std::vector<Ref<FutureBase>> futures;
  std::uintptr_t key;
  Ref<Handle> timer;
};

}  // namespace

Coroutine<> wait_for_completions(AbstractLoop& loop, std::vector<Ref<FutureBase>> futures, ReturnWhen when,
                                 Nanos timeout) {
  Ref<Waiting> waiting(new Waiting(loop, futures.size(), when));
  Registered registered{futures, reinterpret_cast<std::uintptr_t>(waiting.get()), {}};
  if (timeout != forever) registered.timer = loop.call_later(timeout, [waiting] { waiting->wake(); });
  for (const Ref<FutureBase>& future : futures)
    future->add_done_callback([waiting](FutureBase& future) { waiting->count(future); }, registered.key);
  co_await waiting->released;
}

}  // namespace cede::reference
