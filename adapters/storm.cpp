#include "adapters/storm.h"

#include <cmath>
#include <cstdint>

#include "adapters/allocations.h"
#include "reference/run.h"

namespace cede {
namespace {

using reference::AbstractLoop;
using reference::Coroutine;
using reference::Future;
using reference::Task;

/// What it costs on a fresh loop.
using Cost = std::int64_t (*)(AbstractLoop& loop, int n);

std::int64_t jobs(AbstractLoop& loop, int n) {
  std::int64_t before = allocations().bytes;
  for (int i = 0; i < n; ++i) {
    loop.try_call_soon([] {});
    loop.try_call_soon([] {})->cancel();
  }
  loop.try_call_soon([&] { loop.stop(); });
  (void)loop.try_run_forever();
  return allocations().bytes - before;
}

std::int64_t waiters(AbstractLoop& loop, int n) {
  std::int64_t before = allocations().bytes;
  Future<> future(loop);
  for (int i = 0; i < n; ++i) future.add_done_callback([](reference::FutureBase&) {});
  future.add_done_callback([&](reference::FutureBase&) { loop.stop(); });
  future.set_result();
  (void)loop.try_run_forever();
  return allocations().bytes - before;
}

std::int64_t timers(AbstractLoop& loop, int n) {
  std::int64_t before = 0, after = 0;
  loop.try_call_soon([&, n] {
    before = allocations().alive;
    constexpr std::int64_t hour = 3'600'000'000'000;
    loop.try_call_later(hour / 2, [] {});  // behind which cancelled ones are easily forgotten
    for (int i = 0; i < n; ++i) loop.try_call_later(hour, [] {})->cancel();
    loop.try_call_soon([&] {
      after = allocations().alive;
      loop.stop();
    });
  });
  (void)loop.try_run_forever();
  return after - before;
}

/// How far the stack reaches, from the first look at it to the deepest.
class Depth {
 public:
  void look() {
    auto here = reinterpret_cast<std::intptr_t>(__builtin_frame_address(0));
    if (!first_) first_ = here;
    deepest_ = std::max(deepest_, std::abs(first_ - here));
  }
  std::int64_t used() const { return deepest_; }

 private:
  std::intptr_t first_ = 0, deepest_ = 0;
};

Coroutine<> look(Depth& depth) {
  depth.look();
  co_return;
}
Coroutine<> call_often(Depth& depth, int n) {
  for (int i = 0; i < n; ++i) co_await look(depth);
}
Coroutine<> await_often(Future<> done, Depth& depth, int n) {
  for (int i = 0; i < n; ++i) {
    co_await done;
    depth.look();
  }
}
Coroutine<> wait_for(Future<> future, Depth& depth) {
  co_await future;
  depth.look();
}

std::int64_t calls(AbstractLoop& loop, int n) {
  Depth depth;
  (void)try_run_until_complete<void>(loop, create_task(loop, call_often(depth, n)));
  return depth.used();
}

std::int64_t awaits(AbstractLoop& loop, int n) {
  Depth depth;
  Future<> done(loop);
  done.set_result();
  (void)try_run_until_complete<void>(loop, create_task(loop, await_often(done, depth, n)));
  return depth.used();
}

std::int64_t tasks(AbstractLoop& loop, int n) {
  Depth depth;
  Future<> first(loop);
  Future<> last = first;
  for (int i = 0; i < n / 10; ++i) last = create_task(loop, wait_for(last, depth));  // each takes a pass
  loop.try_call_soon([&] { first.set_result(); });
  (void)try_run_until_complete(loop, last);
  return depth.used();
}

struct Kind {
  Name name;
  Cost cost;
  std::int64_t noise;  // what is too little to count
};
constexpr Kind kinds[] = {{Name("jobs"), jobs, 0},       {Name("waiters"), waiters, 0},
                          {Name("timers"), timers, 150}, {Name("calls"), calls, 4096},
                          {Name("awaits"), awaits, 4096}, {Name("tasks"), tasks, 4096}};

}  // namespace

std::optional<int> storm(Name name, const std::function<std::unique_ptr<AbstractLoop>()>& make_loop) {
  constexpr int n = 250;
  for (const Kind& kind : kinds) {
    if (kind.name != name) continue;
    auto measured = [&](int times) {
      auto loop = make_loop();
      loop->set_exception_handler([](const reference::Report&) {});  // what is left at its end is nobody's loss
      return static_cast<double>(kind.cost(*loop, times) + kind.noise);
    };
    double few = measured(n), many = measured(4 * n);
    return static_cast<int>(std::lround(many / few));
  }
  return {};
}

}  // namespace cede
