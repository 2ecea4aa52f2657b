#include "reference/as_completed.h"

#include <numeric>

#include "reference/manners.h"

namespace cede::reference {

void Completions::begin(Nanos timeout) {
  Ref<Completions> self(this);
  if (left_ > 0 && timeout != forever)  // first, since a closed loop refuses it
    timer_ = loop_.call_later(timeout, [self] {
      self->stop();
      self->wake();
    });
  std::vector<std::size_t> numbers(pending_.size());
  std::iota(numbers.begin(), numbers.end(), 0);
  if (Choices* choices = manners().sets) shuffle(numbers, *choices);
  for (std::size_t number : numbers)
    pending_[number]->add_done_callback([self, number](FutureBase&) { self->completed(number); }, key());
}

void Completions::completed(std::size_t number) {
  if (stopped_) return;
  pending_[number] = {};
  ready_.push_back(number);
  if (--left_ == 0 && timer_) timer_->cancel();
  wake();
}

void Completions::wake() {
  if (!arrival_.done()) arrival_.set_result();
}

void Completions::stop() {
  stopped_ = true;
  if (timer_) timer_->cancel();
  for (Ref<FutureBase>& future : std::exchange(pending_, {}))
    if (future) future->remove_done_callback(key());
}

Coroutine<std::size_t> Completions::next() {
  Ref<Completions> self(this);
  while (ready_.empty() && !stopped_) {
    if (arrival_.done()) arrival_ = Future<>(loop_);
    co_await arrival_;
  }
  if (ready_.empty()) co_return Error(Error::Kind::timeout);
  std::size_t number = ready_.front();
  ready_.pop_front();
  co_return number;
}

}  // namespace cede::reference
