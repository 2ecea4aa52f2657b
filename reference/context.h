// A context: values of variables that belong to the job that runs, PEP 567's. A callback runs in the
// context in which it was registered (CTX-1), a task in a copy of its creator's (CTX-2), a coroutine
// awaited inline in its caller's (CTX-3).
//
// The values are never changed, only replaced, so that a copy of a context is a copy of a pointer, and
// who sets no variable pays for a null pointer in each handle and task.
#pragma once

#include <any>
#include <optional>
#include <utility>
#include <vector>

#include "reference/ref.h"

namespace cede::reference {

/// The values of all variables. What is set in a copy, the others do not see.
class Context {
 public:
  /// That of the job that runs on this thread; outside of all jobs, the thread's own.
  static Context current() { return Context(current_); }

  /// Makes the context the current one for a stretch. What is set there stays in this context.
  class Scope {
   public:
    explicit Scope(Context& context) : context_(context) { swap(); }
    ~Scope() { swap(); }
    Scope(const Scope&) = delete;
    Scope& operator=(const Scope&) = delete;

   private:
    void swap() { context_.values_.swap(current_); }
    Context& context_;
  };

  /// One without any values.
  Context() = default;

 private:
  template <class T>
  friend class ContextVar;

  struct Values : CountedAcrossThreads {
    std::vector<std::pair<const void*, std::any>> by_variable;
  };

  explicit Context(Values* values) : values_(values) {}

  static const std::any* find(const void* variable);
  static void set(const void* variable, std::any value);

  static thread_local constinit Values* current_;  // owned; a pointer, since reading it costs least
  Ref<Values> values_;
};

/// A variable with a value of its own in each context, all of which it has to outlive.
template <class T>
class ContextVar {
 public:
  ContextVar() = default;
  ContextVar(const ContextVar&) = delete;
  ContextVar& operator=(const ContextVar&) = delete;

  /// The value in the current context, if it was set there.
  std::optional<T> get() const {
    const std::any* value = Context::find(this);
    return value ? std::optional<T>(*std::any_cast<T>(value)) : std::nullopt;
  }
  void set(T value) const { Context::set(this, std::any(std::move(value))); }
};

}  // namespace cede::reference
