// What a loop calls: any callable, owned, moved, never copied; small ones without an allocation.
#pragma once

#include <concepts>
#include <cstddef>
#include <new>
#include <type_traits>
#include <utility>

#include "reference/error.h"

namespace cede::reference {

/// Calling it gives the error that left it, or none. A callable may return `void` and throw, as
/// people write them, or return `Error`.
template <class... Args>
class BasicCallback {
 public:
  BasicCallback() = default;

  template <class F>
    requires(!std::same_as<std::remove_cvref_t<F>, BasicCallback> &&
             std::invocable<std::decay_t<F>&, Args...>)
  BasicCallback(F&& function) {
    using Body = std::decay_t<F>;
    if constexpr (fits<Body>) new (room_) Body(std::forward<F>(function));
    else *reinterpret_cast<Body**>(room_) = new Body(std::forward<F>(function));
    body_ = &table<Body>;
  }

  BasicCallback(BasicCallback&& other) noexcept { take(other); }
  BasicCallback& operator=(BasicCallback&& other) noexcept {
    if (this != &other) {
      reset();
      take(other);
    }
    return *this;
  }
  ~BasicCallback() { reset(); }

  explicit operator bool() const { return body_ != nullptr; }
  Error operator()(Args... args) { return body_->call(room_, args...); }

  /// Destroys the callable and all that it holds.
  void reset() {
    if (auto body = std::exchange(body_, nullptr)) body->destroy(room_);
  }

 private:
  static constexpr std::size_t room_bytes = 24;

  /// What can be done with the callable in the room, whichever its type.
  struct Table {
    Error (*call)(std::byte* room, Args...);
    void (*move)(std::byte* from, std::byte* to);
    void (*destroy)(std::byte* room);
  };

  template <class Body>
  static constexpr bool fits = sizeof(Body) <= room_bytes && alignof(Body) <= alignof(void*) &&
                               std::is_nothrow_move_constructible_v<Body>;

  template <class Body>
  static Body& body_in(std::byte* room) {
    if constexpr (fits<Body>) return *std::launder(reinterpret_cast<Body*>(room));
    else return **reinterpret_cast<Body**>(room);
  }

  template <class Body>
  static Error call(std::byte* room, Args... args) {
    Body& body = body_in<Body>(room);
    try {
      if constexpr (std::same_as<std::invoke_result_t<Body&, Args...>, Error>) return body(args...);
      else body(args...);
      return {};
    } catch (...) {
      return Error::current();
    }
  }

  template <class Body>
  static void move(std::byte* from, std::byte* to) {
    if constexpr (fits<Body>) {
      Body& body = body_in<Body>(from);
      new (to) Body(std::move(body));
      body.~Body();
    } else {
      *reinterpret_cast<Body**>(to) = &body_in<Body>(from);
    }
  }

  template <class Body>
  static void destroy(std::byte* room) {
    if constexpr (fits<Body>) body_in<Body>(room).~Body();
    else delete &body_in<Body>(room);
  }

  template <class Body>
  static constexpr Table table{&call<Body>, &move<Body>, &destroy<Body>};

  void take(BasicCallback& other) {
    body_ = std::exchange(other.body_, nullptr);
    if (body_) body_->move(other.room_, room_);
  }

  const Table* body_ = nullptr;
  alignas(void*) std::byte room_[room_bytes];
};

using Callback = BasicCallback<>;

}  // namespace cede::reference
