// A future: the place of a result that is not there yet. It is pending, then once and for ever
// finished, with a result or an error, or cancelled (FUT-1).
#pragma once

#include <vector>

#include "reference/abstract_loop.h"
#include "reference/coroutine.h"

namespace cede::reference {

class FutureBase;
using DoneCallback = BasicCallback<FutureBase&>;

/// What futures of all types share.
class FutureBase : public Counted {
 public:
  explicit FutureBase(AbstractLoop& loop) : loop_(loop) {}
  ~FutureBase() override {
    if (unretrieved_ != nowhere) report_never_retrieved();
  }

  AbstractLoop& loop() const { return loop_; }
  /// For its owner, who wants to know it again in a report.
  std::uint64_t tag = 0;
  bool done() const { return state_ != State::pending; }
  /// Whether it ended by cancellation.
  bool cancelled() const { return state_ == State::cancelled; }
  /// How it failed: none for success, the cancellation for a cancelled one (FUT-3). Who asks has
  /// retrieved the error (LIFE-4).
  const Error& error() const {
    retrieve();
    return error_;
  }

  /// False if it is done. A future is cancelled at once (FUT-9); a task is only asked (CANCEL-1). The
  /// message, if it is not 0, travels with the error (CANCEL-17).
  virtual bool cancel(std::int64_t message = 0);

  /// Why `finish` must not be called: it is done (FUT-2), or a task, which only its coroutine may
  /// complete (TASK-3). None if it may.
  virtual Error refusal_to_complete() const;
  /// Ends it with an error, or with the result that has been put in its place.
  void finish(Error error);

  /// Calls back in the pass after completion, in the order of registration (FUT-4); if it is done
  /// already, in the next pass (FUT-5). The key identifies the callback for its removal.
  void add_done_callback(DoneCallback callback, std::uintptr_t key = 0);
  /// Removes all that were added with the key and still wait; tells how many (FUT-7).
  std::size_t remove_done_callback(std::uintptr_t key);

 protected:
  enum class State : std::uint8_t { pending, finished, cancelled };

  /// The one transition. Everybody who waits is queued now, in the order of registration.
  void complete(State state, Error error);
  /// Queues the task's wake-up among the callbacks, in common order (AWAIT-8).
  void add_waiter(Ref<TaskBase> task);

  /// The error in it is nobody's loss any more (LIFE-4).
  void retrieve() const;

  static constexpr std::size_t nowhere = -1;

 private:
  friend class AbstractLoop;
  friend class TaskBase;

  struct Waiting {
    DoneCallback callback;
    Ref<TaskBase> task;  // instead of a callback: a task to wake
    std::uintptr_t key = 0;
    Context context;     // of the registration (CTX-1)
  };

  void schedule(Waiting waiting);
  void report_never_retrieved();

  AbstractLoop& loop_;
  State state_ = State::pending;
  Error error_;
  std::vector<Waiting> waiting_;
  mutable std::size_t unretrieved_ = nowhere;  // its place among the loop's
};

/// Where a typed result is kept; beside the state, so that tasks of all types share one way to go.
template <class T>
struct Result {
  std::optional<Stored<T>> value;
};

/// A future as people hold it: shared, cheap to copy.
template <class T = void>
class Future {
 public:
  explicit Future(AbstractLoop& loop) : Future(Ref<Pending>(new Pending(loop))) {}
  /// Of a state of one's own, which is a future and has the place of a result beside it.
  template <class State>
  explicit Future(const Ref<State>& state) : base_(state), result_(state.get()) {}

  bool done() const { return base_->done(); }
  bool cancelled() const { return base_->cancelled(); }
  bool cancel(std::int64_t message = 0) const { return base_->cancel(message); }

  /// The result, or why there is none: invalid_state while pending (FUT-3).
  Outcome<T> outcome() const {
    if (!done()) return Error(Error::Kind::invalid_state);
    if (base_->error()) return base_->error();
    return *result_->value;
  }
  /// The result; throws what it failed with, CancelledError, or InvalidStateError while pending.
  T result() const { return outcome().get(); }
  /// None for success; throws CancelledError, or InvalidStateError while pending.
  Error exception() const {
    if (!done()) Error(Error::Kind::invalid_state).raise();
    if (cancelled()) base_->error().raise();
    return base_->error();
  }

  /// An error if it is done already (FUT-2) or a task (TASK-3).
  Error try_set_result(Stored<T> value) const {
    if (Error refusal = base_->refusal_to_complete()) return refusal;
    result_->value = std::move(value);
    base_->finish({});
    return {};
  }
  Error try_set_exception(Error failure) const {
    if (Error refusal = base_->refusal_to_complete()) return refusal;
    if (!failure) return Error(Error::Kind::runtime);  // no error and no result: neither outcome
    base_->finish(std::move(failure));
    return {};
  }
  /// The same, throwing InvalidStateError or RuntimeError.
  template <class... Args>
  void set_result(Args&&... args) const {
    if (Error error = try_set_result(Stored<T>(std::forward<Args>(args)...))) error.raise();
  }
  void set_exception(Error failure) const {
    if (Error error = try_set_exception(std::move(failure))) error.raise();
  }

  void add_done_callback(DoneCallback callback, std::uintptr_t key = 0) const {
    base_->add_done_callback(std::move(callback), key);
  }
  std::size_t remove_done_callback(std::uintptr_t key) const {
    return base_->remove_done_callback(key);
  }

  /// Suspends on a pending future and goes straight on with one that is done (AWAIT-3, AWAIT-4).
  class OutcomeAwaiter {
   public:
    explicit OutcomeAwaiter(Future future) : future_(std::move(future)) {}

    bool await_ready() const noexcept { return future_.done(); }
    template <class Promise>
    void await_suspend(std::coroutine_handle<Promise> self) noexcept {
      frames_ = self.promise().frames;
      frames_->innermost = self;
      frames_->awaiting = future_.base_.get();
    }
    Outcome<T> await_resume() {
      if (frames_)
        if (Error thrown = frames_->take_thrown()) return thrown;
      // Resumed although the future is pending: its driver has not understood it (AWAIT-12).
      if (!future_.done()) return Error(Error::Kind::runtime);
      return future_.outcome();
    }

   private:
    Future future_;
    Frames* frames_ = nullptr;
  };
  struct Awaiter : OutcomeAwaiter {
    using OutcomeAwaiter::OutcomeAwaiter;
    T await_resume() { return OutcomeAwaiter::await_resume().get(); }
  };
  Awaiter operator co_await() const { return Awaiter(*this); }
  /// For those who want an error as a value: `co_await future.settled()`.
  OutcomeAwaiter settled() const { return OutcomeAwaiter(*this); }

  const Ref<FutureBase>& base() const { return base_; }

 private:
  struct Pending : FutureBase, Result<T> {
    using FutureBase::FutureBase;
  };

  Ref<FutureBase> base_;
  Result<T>* result_;
};

/// What futures of one type have in common with all others.
template <class T>
std::vector<Ref<FutureBase>> bases_of(const std::vector<Future<T>>& futures) {
  std::vector<Ref<FutureBase>> bases;
  for (const Future<T>& future : futures) bases.push_back(future.base());
  return bases;
}

}  // namespace cede::reference
