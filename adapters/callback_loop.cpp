#include "adapters/callback_loop.h"

#include <sys/eventfd.h>
#include <unistd.h>

#include <utility>

namespace cede {

WakeDescriptor::WakeDescriptor() : number_(eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)) {}
WakeDescriptor::~WakeDescriptor() { close(number_); }
void WakeDescriptor::wake() { eventfd_write(number_, 1); }
void WakeDescriptor::drain() {
  eventfd_t count;
  eventfd_read(number_, &count);
}

CallbackLoop::Call::Call(CallbackLoop& loop, Callback callback, Nanos when)
    : Handle(std::move(callback), when), loop_(loop), kept_(this), place_(loop.owed_.size()) {
  loop.owed_.push_back(this);
}

void CallbackLoop::Call::cancel() {
  Handle::cancel();
  end();
}

void CallbackLoop::Call::fire() {
  Ref<Call> keep(this);
  end();
  loop_.call(*this);
}

void CallbackLoop::Call::end() {
  if (!kept_) return;
  Ref<Call> keep = std::move(kept_);
  disarm();
  Call* last = loop_.owed_.back();
  loop_.owed_[last->place_ = place_] = last;
  loop_.owed_.pop_back();
}

Ref<Handle> CallbackLoop::soon(Callback callback) {
  Ref<Handle> job(new Handle(std::move(callback)));
  queue_.push_back(job);
  want_turn(true);
  return job;
}

void CallbackLoop::run_queue() {
  for (std::size_t jobs = queue_.size(); jobs > 0 && !fatal_; --jobs) {
    Ref<Handle> job = std::move(queue_.front());
    queue_.pop_front();
    if (!job->cancelled()) call(*job);
  }
  if (queue_.empty()) want_turn(false);
}

Ref<Handle> CallbackLoop::try_call_soon(Callback callback) {
  return closed_ ? Ref<Handle>() : soon(std::move(callback));
}

Ref<Handle> CallbackLoop::try_call_later(Nanos delay, Callback callback) {
  if (closed_) return {};
  Nanos when;
  if (delay == reference::forever || __builtin_add_overflow(time(), delay, &when))
    when = delay < 0 ? 0 : reference::forever;
  return later(delay, when, std::move(callback));
}

Ref<Handle> CallbackLoop::try_call_at(Nanos when, Callback callback) {
  if (closed_) return {};
  Nanos delay;
  if (when == reference::forever) delay = reference::forever;
  else if (__builtin_sub_overflow(when, time(), &delay)) delay = 0;
  return later(delay, when, std::move(callback));
}

Ref<Handle> CallbackLoop::try_call_soon_threadsafe(Callback callback) {
  std::lock_guard lock(mutex_);
  if (closed_) return {};
  Ref<Handle> job = from_threads_.emplace_back(new Handle(std::move(callback)));
  wake();
  return job;
}

void CallbackLoop::run_from_threads() {
  std::deque<Ref<Handle>> jobs;
  {
    std::lock_guard lock(mutex_);
    jobs.swap(from_threads_);
  }
  for (auto& job : jobs)
    if (!job->cancelled()) call(*job);
}

void CallbackLoop::run_one_from_threads() {
  Ref<Handle> job;
  {
    std::lock_guard lock(mutex_);
    if (from_threads_.empty()) return;
    job = std::move(from_threads_.front());
    from_threads_.pop_front();
  }
  if (!job->cancelled()) call(*job);
}

Error CallbackLoop::Interest::call() {
  reference::Context::Scope scope(context);
  return callback();
}

bool CallbackLoop::Descriptor::update() { return watch->set(static_cast<bool>(reader), static_cast<bool>(writer)); }

Error CallbackLoop::add(int number, Direction direction, Callback callback) {
  if (closed_) return Error(Error::Kind::runtime);
  remove(number, direction);  // what has been found for the old callback is not for the new
  Ref<Descriptor>& descriptor = descriptors_[number];
  if (!descriptor) {
    descriptor = new Descriptor;
    descriptor->watch = watch(number);
  }
  (*descriptor).*direction = new Interest(std::move(callback));
  if (descriptor->watch && descriptor->update()) return {};
  (*descriptor).*direction = {};
  if (!descriptor->reader && !descriptor->writer) descriptors_.erase(number);
  return Error(Error::Kind::runtime);
}

bool CallbackLoop::remove(int number, Direction direction) {
  auto found = descriptors_.find(number);
  if (found == descriptors_.end() || !((*found->second).*direction)) return false;
  Ref<Descriptor> descriptor = found->second;
  (*descriptor).*direction = {};
  if (descriptor->reader || descriptor->writer) {
    descriptor->update();
  } else {
    descriptor->watch.reset();
    descriptors_.erase(found);
  }
  return true;
}

Error CallbackLoop::try_add_reader(int descriptor, Callback callback) {
  return add(descriptor, &Descriptor::reader, std::move(callback));
}
Error CallbackLoop::try_add_writer(int descriptor, Callback callback) {
  return add(descriptor, &Descriptor::writer, std::move(callback));
}
bool CallbackLoop::remove_reader(int descriptor) { return remove(descriptor, &Descriptor::reader); }
bool CallbackLoop::remove_writer(int descriptor) { return remove(descriptor, &Descriptor::writer); }

void CallbackLoop::descriptor_ready(int number, bool reads, bool writes) {
  auto found = descriptors_.find(number);
  if (found == descriptors_.end()) return;
  Ref<Descriptor> descriptor = found->second;
  // Who replaces a callback meanwhile is not meant by the event.
  std::pair<Direction, Ref<Interest>> called[2]{{&Descriptor::reader, descriptor->reader},
                                                {&Descriptor::writer, descriptor->writer}};
  if (!reads) called[0].second = {};
  if (!writes) called[1].second = {};
  for (auto& [direction, interest] : called)
    if (interest && (*descriptor).*direction == interest && !fatal_) heed(interest->call());
}

void CallbackLoop::watch_again(int number) {
  if (auto found = descriptors_.find(number); found != descriptors_.end()) found->second->update();
}

Error CallbackLoop::try_add_signal_handler(int signal, Callback callback) {
  if (closed_) return Error(Error::Kind::runtime);
  auto watch = watch_signal(signal);  // before the old one goes, so that no signal is lost
  if (!watch) return Error(Error::Kind::runtime);
  Ref<Interest> handler(new Interest(std::move(callback)));
  signals_.insert_or_assign(signal, Signal{std::move(handler), std::move(watch)});
  return {};
}

bool CallbackLoop::remove_signal_handler(int signal) { return signals_.erase(signal) > 0; }

void CallbackLoop::signal_came(int signal) {
  auto found = signals_.find(signal);
  if (found == signals_.end()) return;
  Ref<Interest> handler = found->second.handler;
  heed(handler->call());
}

void CallbackLoop::heed(Error error, const Handle* job) {
  if (!error) return;
  if (!error.fatal() || fatal_) return call_exception_handler(error, job);
  leave_run(std::move(error));
}

void CallbackLoop::leave_run(Error error) {
  fatal_ = std::move(error);
  break_off();
}

Error CallbackLoop::try_run_forever() {
  if (closed_ || running_ || get_running_loop()) return Error(Error::Kind::runtime);
  Running running(*this);
  running_ = true;
  turn();
  running_ = false;
  return std::exchange(fatal_, {});
}

Error CallbackLoop::try_close() {
  if (running_) return Error(Error::Kind::runtime);
  if (!closed_) close_all();
  return {};
}

void CallbackLoop::finish() {
  abandon_tasks();  // while their timers can still be cancelled
  if (!closed_) close_all();
}

void CallbackLoop::close_all() {
  {
    std::lock_guard lock(mutex_);
    closed_ = true;
    from_threads_.clear();
  }
  queue_.clear();
  while (!owed_.empty()) owed_.back()->cancel();
  descriptors_.clear();
  signals_.clear();
  free();
}

}  // namespace cede
