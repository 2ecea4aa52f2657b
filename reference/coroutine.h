// A coroutine: a body that does nothing until it is awaited or driven (CORO-1), that suspends and
// goes on where it was (CORO-2), and that runs inside whoever awaits it, without the loop (AWAIT-1).
//
// Whoever drives coroutines, a task or a person with `send`, sees a stack of frames: the outermost
// it started, and the innermost in which all of them stand. Only the innermost is ever resumed, and
// what it suspends on travels to the driver past all frames between (CORO-3).
#pragma once

#include <coroutine>
#include <cstdint>
#include <optional>
#include <utility>

#include "reference/outcome.h"
#include "reference/ref.h"

namespace cede::reference {

class FutureBase;

/// What is handed over at a bare suspension, by the coroutine and then by its driver (CORO-4).
using Sent = std::optional<std::int64_t>;

/// The frames that one driver drives, and what travels between them and it.
struct Frames {
  std::coroutine_handle<> innermost;
  FutureBase* awaiting = nullptr;  // what the innermost waits for; null at a bare suspension
  Sent yielded;                    // from the coroutine to its driver
  Sent sent;                       // from the driver to the coroutine
  Error thrown;                    // from the driver, to be raised at the suspension

  /// Runs until the next suspension or the end of the outermost frame.
  void resume() {
    awaiting = nullptr;
    yielded.reset();
    innermost.resume();
  }
  Error take_thrown() { return std::exchange(thrown, Error{}); }
};

struct PromiseBase {
  Frames* frames = nullptr;
  std::coroutine_handle<> caller;
  bool started = false;

  std::suspend_always initial_suspend() noexcept { return {}; }

  /// Hands control to the frame that awaits this one, or back to the driver.
  struct Leave {
    bool await_ready() noexcept { return false; }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> self) noexcept {
      PromiseBase& promise = self.promise();
      if (!promise.caller) return std::noop_coroutine();
      promise.frames->innermost = promise.caller;
      return promise.caller;
    }
    void await_resume() noexcept {}
  };
  Leave final_suspend() noexcept { return {}; }
};

template <class T>
struct PromiseOf : PromiseBase {
  std::optional<Outcome<T>> outcome;

  void unhandled_exception() { outcome = Outcome<T>(Error::current()); }
  void return_value(Outcome<T> value) { outcome = std::move(value); }
};

template <>
struct PromiseOf<void> : PromiseBase {
  std::optional<Outcome<void>> outcome;

  void unhandled_exception() { outcome = Outcome<void>(Error::current()); }
  void return_void() { outcome = Outcome<void>(std::monostate{}); }
};

/// An owned coroutine object. `co_return` takes a T or, without throwing, an Outcome<T>.
template <class T = void>
class [[nodiscard]] Coroutine {
 public:
  struct promise_type : PromiseOf<T> {
    Coroutine get_return_object() { return Coroutine(Handle::from_promise(*this)); }
  };
  using Handle = std::coroutine_handle<promise_type>;

  Coroutine(Coroutine&& other) noexcept : handle_(std::exchange(other.handle_, nullptr)) {}
  Coroutine& operator=(Coroutine other) noexcept {
    std::swap(handle_, other.handle_);
    return *this;
  }
  ~Coroutine() {
    if (handle_) handle_.destroy();
  }

  bool done() const { return handle_.done(); }
  bool started() const { return handle_.promise().started; }
  /// Of a coroutine that is done.
  const Outcome<T>& outcome() const { return *handle_.promise().outcome; }

  /// Makes this the outermost of the driver's frames.
  void start_in(Frames& frames) {
    handle_.promise().frames = &frames;
    handle_.promise().started = true;
    frames.innermost = handle_;
  }

  /// Awaits the body inline. A second await, of one finished or in progress, is an error there
  /// (CORO-5, CORO-6).
  struct OutcomeAwaiter {
    Coroutine& callee;
    bool misused = false;

    bool await_ready() noexcept { return misused = callee.started(); }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> caller) noexcept {
      callee.start_in(*caller.promise().frames);
      callee.handle_.promise().caller = caller;
      return callee.handle_;
    }
    Outcome<T> await_resume() {
      if (misused) return Error(Error::Kind::runtime);
      return *callee.handle_.promise().outcome;
    }
  };
  struct Awaiter : OutcomeAwaiter {
    T await_resume() { return OutcomeAwaiter::await_resume().get(); }
  };
  Awaiter operator co_await() { return Awaiter{{*this}}; }
  /// For those who want an error as a value: `co_await coroutine.settled()`.
  OutcomeAwaiter settled() { return OutcomeAwaiter{*this}; }

 private:
  explicit Coroutine(Handle handle) : handle_(handle) {}
  Handle handle_;
};

/// A bare suspension: `co_await yield()` gives up one pass under a task (SLEEP-1, AWAIT-10), and
/// under a driver by hand exchanges values with it (CORO-4).
struct Yield {
  Sent value;
  Frames* frames = nullptr;

  bool await_ready() const noexcept { return false; }
  template <class Promise>
  void await_suspend(std::coroutine_handle<Promise> self) noexcept {
    frames = self.promise().frames;
    frames->innermost = self;
    frames->yielded = value;
  }
  Outcome<Sent> settle() {
    if (Error thrown = frames->take_thrown()) return thrown;
    return std::exchange(frames->sent, std::nullopt);
  }
  Sent await_resume() { return settle().get(); }
};
struct SettledYield : Yield {
  Outcome<Sent> await_resume() { return settle(); }
};

inline Yield yield(Sent value = {}) { return {value}; }

/// Drives a coroutine by hand, without a loop: Python's `send`.
template <class T>
class Driver {
 public:
  explicit Driver(Coroutine<T>& coroutine) : coroutine_(coroutine) {}

  /// Runs to the next suspension and gives what the coroutine yields there; nothing when it is
  /// done. An error is a misuse: the first resume carries no value, a finished coroutine takes
  /// none, and nobody drives one that is running or is driven by somebody else.
  Outcome<Sent> send(Sent value) {
    bool fresh = !coroutine_.started();
    bool foreign = !fresh && !frames_.innermost;
    if (coroutine_.done() || running_ || foreign || (fresh && value)) return Error(Error::Kind::runtime);
    if (fresh) coroutine_.start_in(frames_);
    frames_.sent = value;
    running_ = true;
    frames_.resume();
    running_ = false;
    return frames_.yielded;
  }

 private:
  Coroutine<T>& coroutine_;
  Frames frames_;
  bool running_ = false;
};

}  // namespace cede::reference
