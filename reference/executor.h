// Work that would hold up the loop, done on other threads (THR-5).
#pragma once

#include <condition_variable>
#include <deque>
#include <mutex>
#include <thread>
#include <vector>

#include "reference/task.h"

namespace cede::reference {

/// Whoever does work somewhere else.
class Executor {
 public:
  virtual ~Executor() = default;
  /// Does it some time, once. Nobody hears of an error.
  virtual void submit(Callback work) = 0;
};

/// Threads that do what is submitted, first in first out. Their number grows with what is to do.
class ThreadPool : public Executor {
 public:
  explicit ThreadPool(std::size_t threads_max) : threads_max_(threads_max) {}
  /// Waits until all that was submitted is done.
  ~ThreadPool() override;

  void submit(Callback work) override;

 private:
  void work();

  std::size_t threads_max_;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::deque<Callback> to_do_;
  std::size_t idle_ = 0;
  bool over_ = false;
  std::vector<std::thread> threads_;
};

/// The outcome of a call that may throw.
template <class F>
auto outcome_of(F& function) -> Outcome<std::invoke_result_t<F&>> {
  try {
    if constexpr (std::is_void_v<std::invoke_result_t<F&>>) return function(), std::monostate{};
    else return function();
  } catch (...) {
    return Error::current();
  }
}

/// A result on its way from another thread. Its future belongs to the loop's thread, which alone
/// touches it.
template <class T>
struct Delivery : Expected {
  explicit Delivery(Future<T> future) : future(std::move(future)) {}

  void give_up() override { future.reset(); }
  void deliver() {
    if (future && !future->done()) {  // else it was cancelled meanwhile
      if (outcome->ok()) (void)future->try_set_result(outcome->value());
      else (void)future->try_set_exception(outcome->error());
    }
    future.reset();
  }

  std::optional<Future<T>> future;
  std::optional<Outcome<T>> outcome;
};

/// Has the executor do the work while the loop goes on; the future gets its result or error (THR-5).
/// The executor has to end before the loop. Throws RuntimeError when the loop is closed.
template <class F>
auto run_in_executor(AbstractLoop& loop, Executor& executor, F work) -> Future<std::invoke_result_t<F&>> {
  using T = std::invoke_result_t<F&>;
  if (loop.is_closed()) Error(Error::Kind::runtime).raise();
  Future<T> future(loop);
  Ref<Delivery<T>> delivery(new Delivery<T>(future));
  loop.expect(delivery);
  executor.submit([&loop, delivery, work = std::move(work)]() mutable {
    delivery->outcome = outcome_of(work);
    loop.try_call_soon_threadsafe([&loop, delivery] {
      delivery->deliver();
      loop.no_longer_expect(delivery);
    });
  });
  return future;
}

}  // namespace cede::reference
