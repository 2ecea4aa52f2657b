// A timeout scope: a deadline for whatever a task does inside of it. When the deadline comes, the
// task is asked to cancel, and at the scope's end exactly that cancellation becomes a TimeoutError.
#pragma once

#include "reference/task.h"

namespace cede::reference {

class Timeout : public Counted {
 public:
  /// `when` is a moment of the loop's clock; `forever` is no deadline.
  Timeout(AbstractLoop& loop, Nanos when) : loop_(loop), when_(when) {}
  ~Timeout() override { withdraw(); }

  Nanos when() const { return when_; }
  /// Whether the deadline came while the scope was active.
  bool expired() const { return state_ == State::expiring || state_ == State::expired; }
  /// Moves the deadline (TO-5). RuntimeError when the scope is not active, or has expired.
  void reschedule(Nanos when) {
    if (Error refusal = try_reschedule(when)) refusal.raise();
  }
  Error try_reschedule(Nanos when);

  /// Begins the scope of the current task. An error outside of tasks, and when it has begun before (TO-5).
  Error enter();
  /// Ends it: the error with which its body ended, or none, gives the one that leaves the scope.
  Error exit(const Error& error);

 private:
  enum class State : std::uint8_t { created, active, expiring, expired, exited };

  void schedule();
  void withdraw();
  void expire();

  AbstractLoop& loop_;
  Nanos when_;
  State state_ = State::created;
  Ref<TaskBase> task_;
  int requests_before_ = 0;
  Ref<Handle> timer_;
};

/// Awaits the body inline, within the scope.
template <class T>
Coroutine<T> within(Ref<Timeout> scope, Coroutine<T> body) {
  if (Error refusal = scope->enter()) {
    body.close();  // the error tells of it
    refusal.raise();
  }
  Outcome<T> outcome = co_await body.settled();
  Error error = scope->exit(outcome.error());
  if constexpr (std::is_void_v<T>) {
    if (error) error.raise();
  } else {
    co_return error ? Outcome<T>(error) : outcome;
  }
}

/// The moment that is `delay` from now.
Nanos deadline_after(AbstractLoop& loop, Nanos delay);

/// Gives the body so much time, counted from its begin. TimeoutError when it is over before (TO-1).
template <class T>
Coroutine<T> timeout(AbstractLoop& loop, Nanos delay, Coroutine<T> body) {
  Ref<Timeout> scope(new Timeout(loop, deadline_after(loop, delay)));
  if constexpr (std::is_void_v<T>) co_await within(scope, std::move(body));
  else co_return co_await within(scope, std::move(body)).settled();
}

}  // namespace cede::reference
