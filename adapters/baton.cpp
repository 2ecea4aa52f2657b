#include "adapters/baton.h"

#include <pthread.h>
#include <signal.h>

#include <memory>
#include <utility>
#include <vector>

#include "adapters/world.h"

namespace cede {
namespace {

thread_local Baton* held = nullptr;

std::vector<std::unique_ptr<OtherThread>>& threads() {
  static thread_local std::vector<std::unique_ptr<OtherThread>> threads;
  return threads;
}

OtherThread& add_thread() {
  auto number = static_cast<std::uint8_t>(threads().size() + 1);
  return *threads().emplace_back(std::make_unique<OtherThread>(number));
}

}  // namespace

Baton* Baton::mine() { return held; }
std::uint8_t Baton::thread() { return held ? held->thread_ : 0; }

void Baton::hand_over() {
  go_.release();
  back_.acquire();
}

void Baton::take() {
  go_.acquire();
  held = this;
}

void Baton::give_back() {
  held = nullptr;
  back_.release();
}

void Baton::let_loop_go_on(World& world) {
  is_returning_ = true;
  world.at_next_wait([this] { let_call_return(); });
  give_back();
  take();
}

void Baton::let_call_return() {
  if (std::exchange(is_returning_, false)) hand_over();
}

bool Baton::wait(World& world, std::function<bool()> ready) {
  Wait wait{std::move(ready)};
  world.at_next_wait([this, &world, &wait] { look(world, wait); });
  give_back();
  take();
  return wait.is_ready;
}

/// On the loop's thread: is it time?
void Baton::look(World& world, Wait& wait) {
  wait.is_ready = wait.ready();
  if (wait.is_ready || world.ending()) return hand_over();
  world.at_next_wait([this, &world, &wait] { look(world, wait); });
}

OtherThread::OtherThread(std::uint8_t number) : baton_(number), thread_([this] { live(); }) {}

OtherThread::~OtherThread() {
  over_ = true;
  baton_.hand_over();
  thread_.join();
}

OtherThread& OtherThread::first() { return threads().empty() ? add_thread() : *threads().front(); }

OtherThread& OtherThread::idle() {
  for (auto& thread : threads())
    if (thread != threads().front() && !thread->work_) return *thread;
  first();
  return add_thread();
}

void OtherThread::start(std::function<void()> work) {
  while (work_) baton_.let_call_return();  // it was on its way back from one
  work_ = std::move(work);
  baton_.hand_over();
}

void OtherThread::live() {
  sigset_t all;
  sigfillset(&all);
  pthread_sigmask(SIG_BLOCK, &all, nullptr);  // signals are the main thread's
  for (;;) {
    baton_.take();
    if (!over_) work_();
    work_ = nullptr;
    bool over = over_;
    baton_.give_back();
    if (over) return;
  }
}

}  // namespace cede
