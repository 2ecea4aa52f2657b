// The reference loop as an adapter.
//
// call_soon, call_later, call_at, cancel, stop, run, close, ...: the methods of the same names.
// create_task, await, sleep, ...: the reference's own tasks and coroutines.
#include "adapters/adapters.h"
#include "adapters/baton.h"
#include "adapters/play.h"
#include "reference/loop.h"

namespace cede {
namespace {

/// The world's clock and waits, and the system's descriptors.
class WorldSelector : public reference::Selector {
 public:
  explicit WorldSelector(World& world) : world_(world) {}

  bool add(int descriptor, reference::Interest interest) override { return system().add(descriptor, interest); }
  void remove(int descriptor, reference::Interest interest) override { system().remove(descriptor, interest); }

  void select(Nanos timeout, std::vector<reference::Ready>& ready) override {
    world_.wait(timeout, [&](Nanos limit) -> long {
      bool woken = std::exchange(woken_, false);
      if (!system_ && (woken || limit == 0)) return woken;  // nobody watches a descriptor: spare the system call
      system().select(woken ? 0 : limit, ready);
      return static_cast<long>(ready.size()) + system().woken() + woken;
    });
  }

  // Its own thread wakes the loop from inside its own wait, or before it: that takes no system call.
  void wake() override {
    if (!Baton::mine()) {
      woken_ = true;
    } else {
      system().wake();
      world_.woken();
    }
  }

 private:
  reference::EpollSelector& system() {
    if (!system_) system_ = std::make_unique<reference::EpollSelector>();
    return *system_;
  }

  World& world_;
  bool woken_ = false;
  std::unique_ptr<reference::EpollSelector> system_;
};

struct WorldClock : reference::Clock {
  explicit WorldClock(World& world) : world(world) {}
  Nanos now() override { return world.read_clock(); }
  World& world;
};

struct WorldTime {
  explicit WorldTime(World& world) : clock(world), selector(world) {}
  WorldClock clock;
  WorldSelector selector;
};

/// The clock and the selector come first, since they have to outlive the loop.
struct ReferenceInWorld : private WorldTime, public reference::Loop {
  explicit ReferenceInWorld(World& world) : WorldTime(world), reference::Loop(clock, selector, world.choices()) {}
  ~ReferenceInWorld() override { abandon_tasks(); }
};

std::unique_ptr<reference::AbstractLoop> make_loop(World& world, const Adapter&) {
  return std::make_unique<ReferenceInWorld>(world);
}

/// `bare_workload` as people write it for this loop, without names or a trace.
void run_bare(World& world) {
  ReferenceInWorld loop(world);
  int called = 0;
  for (int i = 0; i < 5; ++i) loop.call_soon([&called] { ++called; });
  for (Nanos delay : {10, 30, 20, 50, 40})
    loop.call_later(delay * millisecond, [&] {
      if (++called == 10) loop.stop();
    });
  loop.run_forever();
}

Adapter make_adapter() {
  Adapter adapter;
  adapter.name = "reference";
  adapter.version = "1";
  adapter.mapping = "every verb is the method or awaitable of the same name";
  adapter.exact_order = true;
  adapter.run_bare = run_bare;
  adapter.run = [](const Adapter& self, const Scenario& scenario, World& world, Trace& trace) {
    play(scenario, self, make_loop, world, trace);
  };
  return adapter;
}

}  // namespace

const Adapter& reference_adapter() {
  static const Adapter adapter = make_adapter();
  return adapter;
}

}  // namespace cede
