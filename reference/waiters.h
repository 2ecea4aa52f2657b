// Coroutines that wait for the same thing, in the order in which they came.
#pragma once

#include <list>

#include "reference/task.h"

namespace cede::reference {

class Waiters {
  struct Line : Counted, std::list<Future<>> {};

 public:
  explicit Waiters(AbstractLoop& loop) : loop_(loop), line_(new Line) {}

  /// A place in the line, kept from its making until it is destroyed, however the wait ends: also by
  /// the end of the loop, when what was waited for may be gone.
  class Place {
   public:
    explicit Place(Waiters& waiters)
        : line_(waiters.line_), here_(line_->emplace(line_->end(), waiters.loop_)) {}
    Place(const Place&) = delete;
    ~Place() { line_->erase(here_); }

    /// Suspends until this place is woken; gives the error if it was cancelled meanwhile.
    auto settled() const { return here_->settled(); }
    /// Whether somebody woke it, even if its waiter was cancelled before it could run.
    bool woken() const { return here_->done() && !here_->cancelled(); }

   private:
    Ref<Line> line_;
    Line::iterator here_;
  };

  /// Wakes the one at the head, unless that is woken or cancelled and has not run since.
  void wake_first();
  /// Wakes the first who still sleeps; false if there is none.
  bool wake_next();
  /// Wakes everybody.
  void wake_all();
  /// Whether somebody is in line who was not cancelled.
  bool anybody() const;

 private:
  AbstractLoop& loop_;
  Ref<Line> line_;
};

}  // namespace cede::reference
