// A handle: one registration of a callback with a loop, which can be cancelled.
#pragma once

#include <cstdint>

#include "reference/callback.h"
#include "reference/context.h"
#include "reference/ref.h"

namespace cede::reference {

/// Loop time in nanoseconds.
using Nanos = std::int64_t;
inline constexpr Nanos forever = INT64_MAX;

class Handle : public CountedAcrossThreads {
 public:
  explicit Handle(Callback callback, Nanos when = 0) : callback_(std::move(callback)), when_(when) {}

  /// The call will not happen (PASS-5, TIMER-11). Harmless when repeated or too late.
  virtual void cancel() {
    cancelled_ = true;
    callback_.reset();
  }
  bool cancelled() const { return cancelled_; }

  /// The deadline on the loop's clock; 0 for calls without one.
  Nanos when() const { return when_; }

  /// For its owner, who wants to know it again in a report.
  std::uint64_t tag = 0;

  /// Calls the callback, once, in the context of its registration (CTX-1).
  Error run() {
    Context::Scope scope(context_);
    Callback callback = std::move(callback_);
    return callback ? callback() : Error{};
  }

 private:
  Callback callback_;
  Context context_ = Context::current();
  Nanos when_;
  bool cancelled_ = false;
};

}  // namespace cede::reference
