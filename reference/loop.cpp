#include "reference/loop.h"

#include <algorithm>
#include <thread>

#include "reference/manners.h"

namespace cede::reference {
namespace {

/// For a heap whose top is the soonest, and of equals the one registered first.
constexpr auto later = [](const auto& a, const auto& b) {
  return a.when != b.when ? a.when > b.when : a.order > b.order;
};

}  // namespace

/// One pass: wait, take what the wait brought, run what is ready now.
Error Loop::run_once() {
  take_calls_from_threads();               // THR-4: what was queued before the wait stands before what it brings
  drop_cancelled_timers();                 // TIMER-11: a cancelled timer wakes nobody
  take_ready_descriptors(time_to_wait());  // TIMER-13: rest until the next deadline, not while jobs wait
  take_calls_from_threads();               // THR-1: they have ended the wait
  take_due_timers();                       // TIMER-7: behind what was queued and what the wait brought
  return run_ready_jobs();                 // PASS-2: what they add waits for the next pass
}

void Loop::drop_cancelled_timers() {
  while (!scheduled_.empty() && scheduled_.front().handle->cancelled()) {
    std::ranges::pop_heap(scheduled_, later);
    scheduled_.pop_back();
  }
}

/// Those behind the soonest go when they are many: each sweep is paid by as many registrations.
void Loop::sweep_cancelled_timers() {
  if (scheduled_.size() < sweep_at_) return;
  std::erase_if(scheduled_, [](const Timer& timer) { return timer.handle->cancelled(); });
  std::ranges::make_heap(scheduled_, later);
  sweep_at_ = std::max<std::size_t>(100, 2 * scheduled_.size());
}

Nanos Loop::time_to_wait() {
  if (!ready_.empty() || stopping_) return 0;  // PASS-10: a stopped loop makes one pass, without rest
  if (scheduled_.empty() || scheduled_.front().when == forever) return forever;
  Nanos now = time();
  return std::max(now, scheduled_.front().when) - now;  // a deadline may be as far past as can be said
}

void Loop::take_due_timers() {
  if (scheduled_.empty()) return;
  std::size_t first = ready_.size();
  Nanos now = time();  // read after the wait, once: who becomes due later waits for the next pass (TIMER-8)
  while (!scheduled_.empty() && scheduled_.front().when <= now) {  // TIMER-1, TIMER-9
    std::ranges::pop_heap(scheduled_, later);                      // TIMER-3
    ready_.push_back(std::move(scheduled_.back().handle));
    scheduled_.pop_back();
  }
  if (choices_) choose_among_equal_deadlines(first);
}

/// Among equals, any order is right (TIMER-4); from `first` on the queue holds the timers of this pass.
void Loop::choose_among_equal_deadlines(std::size_t first) {
  for (auto place = ready_.begin() + static_cast<std::ptrdiff_t>(first); place != ready_.end(); ++place) {
    auto equals = std::find_if(place, ready_.end(), [&](auto& timer) { return timer->when() != (*place)->when(); });
    if (equals - place < 2) continue;
    auto chosen = place + static_cast<std::ptrdiff_t>(choices_->pick(static_cast<std::size_t>(equals - place)));
    std::rotate(place, chosen, chosen + 1);
  }
}

Error Loop::run_ready_jobs() {
  for (std::size_t jobs = ready_.size(); jobs > 0; --jobs) {  // PASS-2: counted before the first runs
    Ref<Handle> job = std::move(ready_.front());
    ready_.pop_front();
    if (job->cancelled()) continue;                           // PASS-5, TIMER-12
    const bool timed = debug();
    const Nanos begin = timed ? time() : 0;
    if (Error error = job->run()) {
      if (error.fatal()) return error;                        // PASS-8: the others stay queued
      call_exception_handler(error, job.get());               // PASS-6, PASS-7
    }
    if (timed && time() - begin >= slow_callback_duration)    // LIVE-7
      call_exception_handler(Report{Report::About::slow_callback, *this, {}, job.get()});
  }
  return {};
}

Error Loop::try_run_forever() {
  if (closed_ || running_ || get_running_loop()) return Error(Error::Kind::runtime);  // PASS-16, PASS-17
  Running running(*this);
  struct Flags {  // reset also when a selector throws
    explicit Flags(Loop& loop) : loop(loop) { loop.running_ = true; }
    ~Flags() { loop.running_ = loop.stopping_ = false; }
    Loop& loop;
  } flags(*this);
  Error error;
  do error = run_once();
  while (!error && !stopping_);            // PASS-9: the pass in which `stop` was called is finished
  return error;
}

Ref<Handle> Loop::try_call_soon(Callback callback) {
  if (closed_) return {};
  take_calls_from_threads();  // THR-4: one queue, in the order of the calls
  Ref<Handle> handle(new Handle(std::move(callback)));
  ready_.push_back(handle);
  return handle;
}

Ref<Handle> Loop::try_call_at(Nanos when, Callback callback) {
  if (closed_) return {};
  sweep_cancelled_timers();
  Ref<Handle> handle(new Handle(std::move(callback), when));
  scheduled_.push_back({when, timers_made_++, handle});
  std::ranges::push_heap(scheduled_, later);
  return handle;
}

Ref<Handle> Loop::try_call_later(Nanos delay, Callback callback) {
  Nanos when;  // TIMER-10: from now, not from the beginning of the pass
  if (__builtin_add_overflow(time(), delay, &when)) when = delay < 0 ? 0 : forever;  // TIMER-15
  return try_call_at(when, std::move(callback));
}

Ref<Handle> Loop::try_call_soon_threadsafe(Callback callback) {
  Ref<Handle> handle(new Handle(std::move(callback)));
  {
    std::lock_guard lock(mutex_);
    if (!open_to_threads_) return {};
    from_threads_.push_back(handle);  // THR-3
    called_from_threads_ = true;
    ++waking_;
  }
  signals_.wake();
  selector_.wake();  // THR-1: last, since a loop that is woken first finds nothing and goes on waiting
  --waking_;
  return handle;
}

void Loop::take_calls_from_threads() {
  if (!called_from_threads_) return;  // mostly; and then it costs no lock
  std::lock_guard lock(mutex_);
  called_from_threads_ = false;
  for (Ref<Handle>& handle : from_threads_) ready_.push_back(std::move(handle));
  from_threads_.clear();
}

Error Loop::try_add_signal_handler(int signal, Callback callback) {
  return closed_ ? Error(Error::Kind::runtime) : signals_.try_add(signal, std::move(callback));
}

Error Loop::try_close() {
  if (running_) return Error(Error::Kind::runtime);
  closed_ = true;
  signals_.clear();
  std::vector<Ref<Handle>> from_threads;  // destroyed without the lock, since captures may call in turn
  {
    std::lock_guard lock(mutex_);
    open_to_threads_ = false;
    from_threads.swap(from_threads_);
  }
  std::exchange(ready_, {}).clear();  // discarded, never called (PASS-17)
  std::exchange(scheduled_, {}).clear();
  while (!watchers_.empty()) unwatch(watchers_.begin()->first.first, watchers_.begin()->first.second);
  return {};
}

// A watcher is called in every pass that finds its descriptor ready, so it keeps its callback.
struct Loop::Watcher : Counted {
  explicit Watcher(Callback callback) : callback(std::move(callback)) {}
  Callback callback;
  Context context = Context::current();  // one for all its calls (CTX-4)
  bool removed = false;

  Error call() {
    Context::Scope scope(context);
    return callback();
  }
};

void Loop::take_ready_descriptors(Nanos timeout) {
  ready_descriptors_.clear();
  selector_.select(timeout, ready_descriptors_);
  take_calls_from_threads();  // before what the wait has found, whose jobs are appended now
  if (choices_) choose_among_ready_descriptors();
  for (auto [descriptor, interest] : ready_descriptors_) {
    auto found = watchers_.find({descriptor, interest});
    if (found == watchers_.end()) continue;
    // Removed by an earlier job of this pass, it is not called any more (IO-5).
    ready_.emplace_back(new Handle([watcher = found->second] {
      return watcher->removed ? Error{} : watcher->call();
    }));
  }
}

/// Among descriptors, any order is right; of one, what the selector says of it stays together.
void Loop::choose_among_ready_descriptors() {
  auto beginning = [](auto at) { return [at](const Ready& ready) { return ready.descriptor != at->descriptor; }; };
  for (auto place = ready_descriptors_.begin(); place != ready_descriptors_.end();) {
    std::vector<decltype(place)> begins{place};  // of each descriptor
    for (auto next = place; (next = std::find_if(next, ready_descriptors_.end(), beginning(next))) !=
                            ready_descriptors_.end();)
      begins.push_back(next);
    if (begins.size() < 2) return;
    auto chosen = begins[choices_->pick(begins.size())];
    place = std::rotate(place, chosen, std::find_if(chosen, ready_descriptors_.end(), beginning(chosen)));
  }
}

Error Loop::watch(int descriptor, Interest interest, Callback callback) {
  if (closed_) return Error(Error::Kind::runtime);
  unwatch(descriptor, interest);  // IO-6: the old callback is not called even if its event is here already
  if (!selector_.add(descriptor, interest)) return Error(Error::Kind::runtime);
  watchers_[{descriptor, interest}] = new Watcher(std::move(callback));
  return {};
}

bool Loop::unwatch(int descriptor, Interest interest) {
  auto found = watchers_.find({descriptor, interest});
  if (found == watchers_.end()) return false;
  found->second->removed = true;
  watchers_.erase(found);
  selector_.remove(descriptor, interest);
  return true;
}

Error Loop::try_add_reader(int descriptor, Callback callback) {
  return watch(descriptor, Interest::read, std::move(callback));
}
Error Loop::try_add_writer(int descriptor, Callback callback) {
  return watch(descriptor, Interest::write, std::move(callback));
}
bool Loop::remove_reader(int descriptor) { return unwatch(descriptor, Interest::read); }
bool Loop::remove_writer(int descriptor) { return unwatch(descriptor, Interest::write); }

Loop::Loop()
    : own_clock_(std::make_unique<MonotonicClock>()), own_selector_(std::make_unique<EpollSelector>()),
      clock_(*own_clock_), selector_(*own_selector_) {}

Loop::Loop(Clock& clock, Selector& selector, Choices* choices)
    : clock_(clock), selector_(selector), choices_(choices) {
  if (manners().signals_come_with_calls) signals_.share_pipe();
}

Loop::~Loop() {
  abandon_tasks();
  if (!running_) (void)try_close();
  while (waking_ > 0) std::this_thread::yield();  // who has called may still be about to wake it
}

}  // namespace cede::reference
