#include "reference/async_generator.h"

#include "reference/gather.h"
#include "reference/manners.h"

namespace cede::reference {
namespace {

Coroutine<> close(Ref<GeneratorBase> generator) {
  if (Error error = co_await GeneratorBase::Request{generator, true}) error.raise();
}

}  // namespace

GeneratorBase::GeneratorBase(std::coroutine_handle<> frame, PromiseBase& promise)
    : frame_(frame), promise_(&promise), at_(frame) {
  promise.owner = &frame_;
  promise.generator = this;
}

GeneratorBase::~GeneratorBase() {
  leave_loop();
  if (frame_) destroy_frames(*promise_);
}

bool GeneratorBase::answers_at_once(bool closing, bool& refused) {
  if (finished()) return true;
  if (running_) return refused = true;  // AGEN-2
  if (closing && !promise_->started) {
    finished_ = true;  // it has nothing to clean up
    if (manners().generators_end_in_tasks) join_loop();
  }
  return finished_;
}

std::coroutine_handle<> GeneratorBase::enter(std::coroutine_handle<> caller, PromiseBase& promise, bool closing) {
  if (!promise_->started) begin();
  running_ = true;
  closing_ = closing;
  promise_->caller = caller;
  promise_->outer = &promise;
  promise.inner = promise_;
  // Who asks this time may be driven by somebody else than who asked last.
  for (PromiseBase* frame = promise_; frame; frame = frame->inner) frame->frames = promise.frames;
  return promise.frames->innermost = at_;
}

std::coroutine_handle<> GeneratorBase::leave(std::coroutine_handle<> at) {
  at_ = at;
  running_ = false;
  promise_->outer->inner = nullptr;
  return promise_->frames->innermost = promise_->caller;
}

void GeneratorBase::end(Error error) {
  error_ = std::move(error);
  running_ = false;
  finished_ = true;
  if (!manners().generators_end_in_tasks) leave_loop();
}

Error GeneratorBase::take_error(bool closing) {
  Error error = std::exchange(error_, {});
  if (!closing) return error;
  if (!finished()) {  // it has yielded once more, and is over all the same
    finished_ = true;
    if (!manners().generators_end_in_tasks) leave_loop();
    return Error(Error::Kind::runtime);
  }
  return error.kind() == Error::Kind::generator_exit ? Error{} : error;
}

void GeneratorBase::begin() {
  promise_->started = true;
  join_loop();
}

void GeneratorBase::join_loop() {
  loop_ = AbstractLoop::get_running_loop();
  if (!loop_) return;
  place_ = loop_->generators_.size();
  loop_->generators_.push_back(this);
}

void GeneratorBase::leave_loop() {
  if (!loop_) return;
  auto& all = std::exchange(loop_, nullptr)->generators_;
  all[place_] = all.back();
  all[place_]->place_ = place_;
  all.pop_back();
}

void GeneratorBase::abandon(Ref<GeneratorBase> generator) {
  AbstractLoop* loop = generator->loop_;
  if (!loop || generator->finished() || generator->running_) return;
  loop->try_call_soon([loop, generator] { create_task(*loop, close(generator)); });
}

Coroutine<> shutdown_asyncgens(AbstractLoop& loop) {
  std::vector<Ref<GeneratorBase>> all(loop.generators_.begin(), loop.generators_.end());
  std::erase_if(all, [](const Ref<GeneratorBase>& generator) { return generator->shut_down_; });
  if (Choices* choices = manners().sets) shuffle(all, *choices);
  if (manners().generators_end_in_tasks && !all.empty()) {
    std::vector<Future<>> closings;
    for (Ref<GeneratorBase>& generator : all) {
      generator->shut_down_ = true;
      closings.push_back(create_task(loop, close(generator)));
    }
    const std::vector<Outcome<void>> outcomes = co_await gather_exceptions(loop, std::move(closings));
    for (const Outcome<void>& closing : outcomes)
      if (Error error = closing.error(); error && !error.cancelled())
        loop.call_exception_handler(Report{Report::About::generator, loop, error});
    co_return;
  }
  for (Ref<GeneratorBase>& generator : all)
    if (Error error = co_await GeneratorBase::Request{generator, true})
      loop.call_exception_handler(Report{Report::About::generator, loop, error});
}

}  // namespace cede::reference
