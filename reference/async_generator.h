// An asynchronous generator: a body that hands out values one by one with `co_yield` and may await in
// between. Asking for the next one runs the body inside whoever asks, as awaiting a coroutine does, so
// that only what it awaits can cede control (AGEN-1).
//
//     AsyncGenerator<int> count(Loop& loop) {
//       for (int i = 0;; ++i) {
//         co_yield i;
//         co_await sleep(loop, 1'000'000);
//       }
//     }
//     while (std::optional<int> i = co_await numbers.next()) ...
#pragma once

#include "reference/task.h"

namespace cede::reference {

/// What generators of all types share: who runs the body, where it stands, and how it ends.
class GeneratorBase : public Counted {
 public:
  ~GeneratorBase() override;

  /// No more values will come.
  bool finished() const { return finished_ || !frame_; }
  /// Whether the last request was to close it.
  bool closing() const { return closing_; }
  /// For its owner, who wants to know it again.
  std::uint64_t tag = 0;
  /// The loop is gone before the generator is.
  void forget_loop() { loop_ = nullptr; }
  /// Whoever held it last lets the loop run what is left to do in a body that is half-way (AGEN-4).
  static void abandon(Ref<GeneratorBase> generator);

  /// Runs the body inside the caller up to where it yields or ends. To close means that an error,
  /// GeneratorExit, is raised where it has yielded (AGEN-3).
  struct Request {
    Ref<GeneratorBase> generator;
    bool closing = false;
    bool refused = false;  // somebody else's request is not answered yet (AGEN-2)

    bool await_ready() noexcept { return generator->answers_at_once(closing, refused); }
    template <class Promise>
    std::coroutine_handle<> await_suspend(std::coroutine_handle<Promise> caller) noexcept {
      return generator->enter(caller, caller.promise(), closing);
    }
    Error await_resume() { return refused ? Error(Error::Kind::runtime) : generator->take_error(closing); }
  };

  /// Hands control back to who asked; goes on at the next request.
  struct Suspension {
    GeneratorBase& generator;

    bool await_ready() const noexcept { return false; }
    std::coroutine_handle<> await_suspend(std::coroutine_handle<> self) noexcept { return generator.leave(self); }
    /// For those who want an error as a value.
    Error settle() const { return generator.closing_ ? Error(Error::Kind::generator_exit) : Error{}; }
    void await_resume() const {
      if (Error error = settle()) error.raise();
    }
  };

 protected:
  GeneratorBase(std::coroutine_handle<> frame, PromiseBase& promise);
  void end(Error error);

 private:
  friend Coroutine<> shutdown_asyncgens(AbstractLoop& loop);
  bool answers_at_once(bool closing, bool& refused);
  std::coroutine_handle<> enter(std::coroutine_handle<> caller, PromiseBase& promise, bool closing);
  std::coroutine_handle<> leave(std::coroutine_handle<> at);
  Error take_error(bool closing);
  void begin();
  void join_loop();
  void leave_loop();

  std::coroutine_handle<> frame_;
  PromiseBase* promise_;
  std::coroutine_handle<> at_;    // where the body goes on: in its own frame, or in one that it awaits
  AbstractLoop* loop_ = nullptr;  // in which it was begun
  std::size_t place_ = 0;         // among the loop's
  Error error_;                   // that left the body and nobody has got yet
  bool running_ = false;
  bool closing_ = false;
  bool finished_ = false;
  bool shut_down_ = false;        // it was asked for with all others, and is not asked again (manners.h)
};

/// A generator as people hold it: shared, cheap to copy.
template <class T>
class [[nodiscard]] AsyncGenerator {
  struct State : GeneratorBase {
    State(std::coroutine_handle<> frame, PromiseBase& promise) : GeneratorBase(frame, promise) {}
    using GeneratorBase::end;
    std::optional<T> value;
  };

 public:
  struct promise_type;

  AsyncGenerator(const AsyncGenerator&) = default;
  AsyncGenerator(AsyncGenerator&&) noexcept = default;
  AsyncGenerator& operator=(AsyncGenerator other) noexcept {
    std::swap(state_, other.state_);
    return *this;
  }
  ~AsyncGenerator() {
    if (state_.alone()) GeneratorBase::abandon(state_);
  }

  bool finished() const { return state_->finished(); }
  GeneratorBase& base() const { return *state_; }

  /// The next value, or nothing when there are no more.
  struct OutcomeAwaiter : GeneratorBase::Request {
    explicit OutcomeAwaiter(const AsyncGenerator& asked) : Request{asked.state_}, held(asked) {}
    Outcome<std::optional<T>> await_resume() {
      if (Error error = Request::await_resume()) return error;
      return std::exchange(held.state_->value, std::nullopt);
    }
    AsyncGenerator held;
  };
  struct Awaiter : OutcomeAwaiter {
    using OutcomeAwaiter::OutcomeAwaiter;
    std::optional<T> await_resume() { return OutcomeAwaiter::await_resume().get(); }
  };
  Awaiter next() const { return Awaiter(*this); }
  OutcomeAwaiter settled_next() const { return OutcomeAwaiter(*this); }

  /// Ends the body where it has yielded, cleanup included; harmless when repeated (AGEN-3). As a value:
  /// none, or what went wrong.
  GeneratorBase::Request settled_aclose() const { return {state_, true}; }
  Coroutine<> aclose() const { return aclose(state_); }

  /// For frames that the body of such a generator awaits: yields as `co_yield` does in the body.
  static GeneratorBase::Suspension yield_from(GeneratorBase& generator, T value) {
    if (!generator.closing()) static_cast<State&>(generator).value = std::move(value);  // nobody asks for it then
    return {generator};
  }

 private:
  explicit AsyncGenerator(State* state) : state_(state) {}

  static Coroutine<> aclose(Ref<State> state) {
    if (Error error = co_await GeneratorBase::Request{state, true}) error.raise();
  }

  Ref<State> state_;
};

template <class T>
struct AsyncGenerator<T>::promise_type : PromiseBase {
  State* state = nullptr;

  AsyncGenerator get_return_object() {
    state = new State(std::coroutine_handle<promise_type>::from_promise(*this), *this);
    return AsyncGenerator(state);
  }
  GeneratorBase::Suspension yield_value(T value) { return yield_from(*state, std::move(value)); }
  void unhandled_exception() { state->end(Error::current()); }
  void return_void() { state->end({}); }
};

/// Closes all generators that were begun in the loop and are not finished (AGEN-4). What goes wrong is
/// reported.
Coroutine<> shutdown_asyncgens(AbstractLoop& loop);

}  // namespace cede::reference
