// The reference loop. It shows that all clauses can hold at once, in as little code as that takes;
// begin with `run_once` in loop.cpp.
#pragma once

#include <atomic>
#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "reference/abstract_loop.h"
#include "reference/choices.h"
#include "reference/clock.h"
#include "reference/selector.h"
#include "reference/signals.h"
#include "reference/task.h"

namespace cede::reference {

class Loop : public AbstractLoop {
 public:
  /// A loop in real time, on epoll.
  Loop();
  /// A loop in somebody else's time, who may also make its free choices; left out, what came first
  /// goes first. All have to outlive it.
  Loop(Clock& clock, Selector& selector, Choices* choices = nullptr);
  ~Loop() override;

  Nanos time() override { return clock_.now(); }
  Ref<Handle> try_call_soon(Callback callback) override;
  Ref<Handle> try_call_at(Nanos when, Callback callback) override;
  Ref<Handle> try_call_later(Nanos delay, Callback callback) override;
  Ref<Handle> try_call_soon_threadsafe(Callback callback) override;
  Error try_add_signal_handler(int signal, Callback callback) override;
  bool remove_signal_handler(int signal) override { return signals_.remove(signal); }
  Error try_run_forever() override;
  void stop() override { stopping_ = true; }
  Error try_close() override;
  bool is_running() const override { return running_; }
  bool is_closed() const override { return closed_; }

  Error try_add_reader(int descriptor, Callback callback) override;
  Error try_add_writer(int descriptor, Callback callback) override;
  bool remove_reader(int descriptor) override;
  bool remove_writer(int descriptor) override;

 private:
  struct Timer {
    Nanos when;
    std::uint64_t order;  // equal deadlines keep the order of registration (TIMER-4)
    Ref<Handle> handle;
  };
  struct Watcher;
  using Watchers = std::map<std::pair<int, Interest>, Ref<Watcher>>;

  Error run_once();
  void drop_cancelled_timers();
  void sweep_cancelled_timers();
  Nanos time_to_wait();
  void take_ready_descriptors(Nanos timeout);
  void take_calls_from_threads();
  void take_due_timers();
  void choose_among_equal_deadlines(std::size_t first);
  void choose_among_ready_descriptors();
  Error run_ready_jobs();

  Error watch(int descriptor, Interest interest, Callback callback);
  bool unwatch(int descriptor, Interest interest);

  std::unique_ptr<Clock> own_clock_;
  std::unique_ptr<Selector> own_selector_;
  Clock& clock_;
  Selector& selector_;
  Choices* choices_ = nullptr;

  std::deque<Ref<Handle>> ready_;   // jobs, in the order in which they became ready (PASS-1)
  std::vector<Timer> scheduled_;    // a heap, the soonest first
  std::uint64_t timers_made_ = 0;
  std::size_t sweep_at_ = 100;
  Watchers watchers_;
  std::vector<Ready> ready_descriptors_;

  Signals signals_{*this};

  std::mutex mutex_;                // guards what other threads touch
  std::vector<Ref<Handle>> from_threads_;
  std::atomic<bool> called_from_threads_ = false;
  std::atomic<int> waking_ = 0;     // threads that have called and not come back yet
  bool open_to_threads_ = true;

  bool running_ = false;
  bool stopping_ = false;
  bool closed_ = false;
};

}  // namespace cede::reference
