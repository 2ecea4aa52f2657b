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
#include "reference/report.h"

namespace cede::reference {

class FutureBase;
class GeneratorBase;
template <class T = void>
class Coroutine;

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
  GeneratorBase* generator = nullptr;  // whose body it is, if it is one
  PromiseBase* outer = nullptr;  // the caller's promise
  PromiseBase* inner = nullptr;  // of the frame that this one awaits
  std::coroutine_handle<>* owner = nullptr;  // where the frame is held
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
      promise.outer->inner = nullptr;
      return promise.caller;
    }
    void await_resume() noexcept {}
  };
  Leave final_suspend() noexcept { return {}; }
};

/// Destroys a frame. Frames that are awaited in it go first, the innermost before all, and one by one:
/// a destructor inside a destructor would need a stack as deep as they are nested.
inline void destroy_frames(PromiseBase& outermost) {
  PromiseBase* frame = &outermost;
  while (frame->inner) frame = frame->inner;
  for (bool last = false; !last;) {
    last = frame == &outermost;
    PromiseBase* outer = frame->outer;
    std::exchange(*frame->owner, nullptr).destroy();
    frame = outer;
  }
}

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
template <class T>
class [[nodiscard]] Coroutine {
 public:
  struct promise_type : PromiseOf<T> {
    Coroutine get_return_object() { return Coroutine(Handle::from_promise(*this)); }
  };
  using Handle = std::coroutine_handle<promise_type>;

  Coroutine(Coroutine&& other) noexcept : Coroutine(std::exchange(other.frame_, nullptr)) {}
  Coroutine& operator=(Coroutine other) noexcept {
    std::swap(frame_, other.frame_);
    if (frame_) promise().owner = &frame_;
    if (other.frame_) other.promise().owner = &other.frame_;
    return *this;
  }
  /// A body that was never started does not run now either, and somebody has to hear of it (LIFE-6).
  ~Coroutine() {
    if (!started()) report_never_awaited();
    close();
  }

  /// Ends it where it is: what is in scope there is destroyed, once, and nothing goes on (LIFE-7).
  void close() {
    if (frame_) destroy_frames(promise());
  }

  /// One that was moved from, or that went with its caller, is over.
  bool done() const { return !frame_ || frame_.done(); }
  bool started() const { return !frame_ || promise().started; }
  /// Of a coroutine that is done.
  const Outcome<T>& outcome() const { return *promise().outcome; }

  /// Makes this the outermost of the driver's frames.
  void start_in(Frames& frames) {
    promise().frames = &frames;
    promise().started = true;
    frames.innermost = frame_;
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
      callee.promise().caller = caller;
      callee.promise().outer = &caller.promise();
      caller.promise().inner = &callee.promise();
      return callee.frame_;
    }
    Outcome<T> await_resume() {
      if (misused) return Error(Error::Kind::runtime);
      return *callee.promise().outcome;
    }
  };
  struct Awaiter : OutcomeAwaiter {
    T await_resume() { return OutcomeAwaiter::await_resume().get(); }
  };
  Awaiter operator co_await() { return Awaiter{{*this}}; }
  /// For those who want an error as a value: `co_await coroutine.settled()`.
  OutcomeAwaiter settled() { return OutcomeAwaiter{*this}; }

 private:
  explicit Coroutine(std::coroutine_handle<> frame) : frame_(frame) {
    if (frame_) promise().owner = &frame_;
  }
  promise_type& promise() const { return Handle::from_address(frame_.address()).promise(); }

  std::coroutine_handle<> frame_;
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

  /// Ends the coroutine where it is suspended (LIFE-7); an error while it runs or is driven by
  /// somebody else.
  Error close() {
    bool foreign = coroutine_.started() && !coroutine_.done() && !frames_.innermost;
    if (running_ || foreign) return Error(Error::Kind::runtime);
    coroutine_.close();
    return {};
  }

 private:
  Coroutine<T>& coroutine_;
  Frames frames_;
  bool running_ = false;
};

}  // namespace cede::reference
