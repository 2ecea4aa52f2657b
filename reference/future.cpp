#include "reference/future.h"

#include <algorithm>

#include "reference/task.h"

namespace cede::reference {

bool FutureBase::cancel(std::int64_t message) {
  retrieve();  // who cancels does not care how it ended
  if (done()) return false;
  complete(State::cancelled, Error::cancellation(message));
  return true;
}

Error FutureBase::refusal_to_complete() const {
  return done() ? Error(Error::Kind::invalid_state) : Error{};
}

void FutureBase::finish(Error error) {
  bool cancelled = error.cancelled();
  complete(cancelled ? State::cancelled : State::finished, std::move(error));
}

void FutureBase::complete(State state, Error error) {
  Ref<FutureBase> self(this);  // the last owner may be among those who wait
  state_ = state;
  error_ = std::move(error);
  if (error_ && state_ == State::finished) {
    unretrieved_ = loop_.unretrieved_.size();
    loop_.unretrieved_.push_back(this);
  }
  // Taken out first: who registers from now on finds the future done (FUT-6).
  for (Waiting& waiting : std::exchange(waiting_, {})) schedule(std::move(waiting));
}

void FutureBase::retrieve() const {
  if (unretrieved_ == nowhere) return;
  auto& all = loop_.unretrieved_;
  all[unretrieved_] = all.back();
  all[unretrieved_]->unretrieved_ = unretrieved_;
  all.pop_back();
  unretrieved_ = nowhere;
}

void FutureBase::report_never_retrieved() {
  retrieve();  // LIFE-4: once
  loop_.call_exception_handler(
      Report{.about = Report::About::never_retrieved, .loop = loop_, .error = error_, .future = this});
}

void FutureBase::add_done_callback(DoneCallback callback, std::uintptr_t key) {
  Waiting waiting{std::move(callback), {}, key, Context::current()};
  if (done()) schedule(std::move(waiting));  // FUT-5
  else waiting_.push_back(std::move(waiting));
}

std::size_t FutureBase::remove_done_callback(std::uintptr_t key) {
  return std::erase_if(waiting_, [&](const Waiting& waiting) {
    return !waiting.task && waiting.key == key;
  });
}

void FutureBase::add_waiter(Ref<TaskBase> task) { waiting_.push_back({{}, std::move(task), 0, {}}); }

void FutureBase::schedule(Waiting waiting) {
  if (waiting.task) {
    loop_.try_call_soon([task = std::move(waiting.task)] { return task->step(); });
  } else {
    Context::Scope scope(waiting.context);
    loop_.try_call_soon([self = Ref<FutureBase>(this), callback = std::move(waiting.callback)]() mutable {
      return callback(*self);
    });
  }
}

}  // namespace cede::reference
