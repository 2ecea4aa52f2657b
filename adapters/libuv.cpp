// libuv, unmodified, in virtual time. How the verbs map onto it is told below, in the words that the
// report prints. The file is a module of its own, which the executable opens.
#include <uv.h>

#include <cstdio>
#include <cstdlib>
#include <deque>
#include <map>
#include <mutex>
#include <vector>

#include "adapters/play.h"
#include "adapters/virtual_time.h"

namespace cede {
namespace {

using reference::AbstractLoop;
using reference::Callback;
using reference::Error;
using reference::Handle;
using reference::Ref;

constexpr std::string_view mapping = R"(
call_soon: a queue of the adapter's, first in first out; one uv_idle_t, started while it is not empty, runs what was queued when its turn came
call_later: a uv_timer_t each, uv_timer_start(delay in ms, rounded up, below 0 as 0), without uv_update_time: the delay counts from the cached uv_now
call_at: the same with the difference to uv_now
forever: uv_timer_start(UINT64_MAX)
cancel: uv_timer_stop and uv_close; in the adapter's queue, a mark
call_soon_threadsafe: a queue of the adapter's under a lock, and uv_async_send; run where the loop polls
add_signal_handler: a uv_signal_t each; the new one is started before the old is closed
add_reader, add_writer: one uv_poll_t a descriptor, uv_poll_start with the events of both; each is called where libuv polls, the reader first
remove_reader, remove_writer: uv_poll_start with the events that are left, or uv_poll_stop and uv_close; uv_poll_start and uv_poll_stop forget what the poll has found for the descriptor
broken descriptors: libuv stops the uv_poll_t and reports UV_EBADF; both directions are called, and it is started again
run: uv_run(UV_RUN_DEFAULT); a uv_async_t keeps the loop alive; a nested run is refused by the adapter
stop: uv_stop
time: uv_now, which libuv caches at the beginning of a turn and after its poll
errors of callbacks: caught where libuv calls the adapter and handed to the exception handler; exit does uv_stop and leaves run when the turn is over
futures, tasks: the reference's, over call_soon)";

/// libuv's answer to what cannot fail as it is used here.
void must(int result, const char* call) {
  if (result == 0) return;
  std::fprintf(stderr, "cede: libuv: %s: %s\n", call, uv_strerror(result));
  std::abort();
}

std::uint64_t milliseconds(Nanos delay) {
  if (delay == forever) return UINT64_MAX;
  if (delay <= 0) return 0;
  return static_cast<std::uint64_t>(delay / millisecond + (delay % millisecond > 0));
}

class UvLoop : public AbstractLoop {
 public:
  UvLoop() {
    must(uv_loop_init(&loop_), "uv_loop_init");
    loop_.data = this;
    must(uv_idle_init(&loop_, &idle_), "uv_idle_init");
    must(uv_async_init(&loop_, &async_, [](uv_async_t* async) { of(async->loop).run_calls_from_threads(); }),
         "uv_async_init");
  }
  ~UvLoop() override {
    abandon_tasks();  // while their timers can still be cancelled
    if (!closed_) close_all();
  }

  Nanos time() override { return static_cast<Nanos>(uv_now(&loop_)) * millisecond; }

  Ref<Handle> try_call_soon(Callback callback) override {
    if (closed_) return {};
    Ref<Handle> job(new Handle(std::move(callback)));
    ready_.push_back(job);
    uv_idle_start(&idle_, [](uv_idle_t* idle) { of(idle->loop).run_ready(); });
    return job;
  }

  Ref<Handle> try_call_later(Nanos delay, Callback callback) override {
    Nanos when;
    if (__builtin_add_overflow(time(), delay, &when)) when = delay < 0 ? 0 : forever;
    return start_timer(delay, when, std::move(callback));
  }

  Ref<Handle> try_call_at(Nanos when, Callback callback) override {
    Nanos delay;
    if (when == forever) delay = forever;
    else if (__builtin_sub_overflow(when, time(), &delay)) delay = 0;
    return start_timer(delay, when, std::move(callback));
  }

  Ref<Handle> try_call_soon_threadsafe(Callback callback) override {
    std::lock_guard lock(mutex_);
    if (closed_) return {};
    from_threads_.emplace_back(new Handle(std::move(callback)));
    uv_async_send(&async_);
    return from_threads_.back();
  }

  Error try_add_reader(int descriptor, Callback callback) override {
    return watch(descriptor, &Descriptor::reader, std::move(callback));
  }
  Error try_add_writer(int descriptor, Callback callback) override {
    return watch(descriptor, &Descriptor::writer, std::move(callback));
  }
  bool remove_reader(int descriptor) override { return unwatch(descriptor, &Descriptor::reader); }
  bool remove_writer(int descriptor) override { return unwatch(descriptor, &Descriptor::writer); }

  Error try_add_signal_handler(int signal, Callback callback) override {
    if (closed_) return Error(Error::Kind::runtime);
    auto handler = std::make_unique<Signal>(loop_, std::move(callback));
    auto on_signal = [](uv_signal_t* signal, int) { of(signal->loop).run_signal(signal); };
    int result = uv_signal_start(&handler->signal, on_signal, signal);
    remove_signal_handler(result == 0 ? signal : -1);
    if (result == 0) signals_[signal] = std::move(handler);
    else Signal::close(std::move(handler));
    return result == 0 ? Error{} : Error(Error::Kind::runtime);
  }
  bool remove_signal_handler(int signal) override {
    auto found = signals_.find(signal);
    if (found == signals_.end()) return false;
    Signal::close(std::move(found->second));
    signals_.erase(found);
    return true;
  }

  Error try_run_forever() override {
    if (closed_ || running_ || get_running_loop()) return Error(Error::Kind::runtime);
    Running running(*this);
    running_ = true;
    uv_run(&loop_, UV_RUN_DEFAULT);
    running_ = false;
    return std::exchange(fatal_, {});
  }

  void stop() override { uv_stop(&loop_); }
  bool is_running() const override { return running_; }
  bool is_closed() const override { return closed_; }

  Error try_close() override {
    if (running_) return Error(Error::Kind::runtime);
    if (!closed_) close_all();
    return {};
  }

 private:
  /// A handle and its uv_timer_t. libuv owns a share of it until it has called back the close.
  struct Timer : Handle {
    Timer(uv_loop_t& loop, Nanos delay, Nanos when, Callback callback)
        : Handle(std::move(callback), when), kept(this) {
      must(uv_timer_init(&loop, &timer), "uv_timer_init");
      timer.data = this;
      must(uv_timer_start(&timer, [](uv_timer_t* timer) { UvLoop::of(timer->loop).run_timer(of(timer)); },
                          milliseconds(delay), 0),
           "uv_timer_start");
    }

    void cancel() override {
      Handle::cancel();
      close();
    }
    void close() {
      if (!kept || uv_is_closing(as_handle())) return;
      uv_timer_stop(&timer);
      uv_close(as_handle(), [](uv_handle_t* handle) { of(handle).kept = {}; });
    }
    uv_handle_t* as_handle() { return reinterpret_cast<uv_handle_t*>(&timer); }

    template <class UvHandle>
    static Timer& of(UvHandle* handle) { return *static_cast<Timer*>(handle->data); }

    uv_timer_t timer;
    Ref<Handle> kept;
  };

  struct Interest : reference::Counted {
    explicit Interest(Callback callback) : callback(std::move(callback)) {}
    Callback callback;
  };

  /// A signal's handler and its uv_signal_t, which libuv has to close before it can go.
  struct Signal {
    Signal(uv_loop_t& loop, Callback callback) : handler(new Interest(std::move(callback))) {
      must(uv_signal_init(&loop, &signal), "uv_signal_init");
      signal.data = this;
    }
    static void close(std::unique_ptr<Signal> closing) {
      auto* handle = reinterpret_cast<uv_handle_t*>(&closing.release()->signal);
      uv_close(handle, [](uv_handle_t* handle) { delete static_cast<Signal*>(handle->data); });
    }
    uv_signal_t signal;
    Ref<Interest> handler;
  };

  /// A descriptor, the interests in it and their uv_poll_t, of which libuv allows but one. libuv owns
  /// a share of it until it has called back the close.
  struct Descriptor : reference::Counted {
    explicit Descriptor(int number) : number(number) { poll.data = this; }

    /// False when it cannot be polled.
    bool init(uv_loop_t& loop) {
      if (uv_poll_init(&loop, &poll, number) != 0) return false;
      kept = this;
      return true;
    }
    void update() {
      int events = (reader ? UV_READABLE : 0) | (writer ? UV_WRITABLE : 0);
      if (events == 0) return close();
      must(uv_poll_start(&poll, events,
                         [](uv_poll_t* poll, int status, int events) {
                           UvLoop::of(poll->loop).run_descriptor(of(poll), status, events);
                         }),
           "uv_poll_start");
    }
    void close() {
      if (!kept || uv_is_closing(as_handle())) return;
      uv_poll_stop(&poll);
      uv_close(as_handle(), [](uv_handle_t* handle) { of(handle).kept = {}; });
    }
    uv_handle_t* as_handle() { return reinterpret_cast<uv_handle_t*>(&poll); }

    template <class UvHandle>
    static Descriptor& of(UvHandle* handle) { return *static_cast<Descriptor*>(handle->data); }

    int number;
    uv_poll_t poll;
    Ref<Interest> reader, writer;
    Ref<Descriptor> kept;
  };
  using Direction = Ref<Interest> Descriptor::*;

  static UvLoop& of(uv_loop_t* loop) { return *static_cast<UvLoop*>(loop->data); }

  Ref<Handle> start_timer(Nanos delay, Nanos when, Callback callback) {
    if (closed_) return {};
    return new Timer(loop_, delay, when, std::move(callback));
  }

  /// One turn's batch: counted before the first runs, so that what they add waits for the next.
  void run_ready() {
    for (std::size_t jobs = ready_.size(); jobs > 0 && !fatal_; --jobs) {
      Ref<Handle> job = std::move(ready_.front());
      ready_.pop_front();
      if (!job->cancelled()) call(*job);
    }
    if (ready_.empty()) uv_idle_stop(&idle_);
  }

  void run_timer(Timer& timer) {
    Ref<Handle> keep(&timer);
    timer.close();
    call(timer);
  }

  Error watch(int number, Direction direction, Callback callback) {
    if (closed_) return Error(Error::Kind::runtime);
    Ref<Descriptor>& descriptor = descriptors_[number];
    if (!descriptor) descriptor = new Descriptor(number);
    if (!descriptor->kept && !descriptor->init(loop_)) {
      descriptors_.erase(number);
      return Error(Error::Kind::runtime);
    }
    (*descriptor).*direction = new Interest(std::move(callback));
    descriptor->update();
    return {};
  }

  bool unwatch(int number, Direction direction) {
    auto found = descriptors_.find(number);
    if (found == descriptors_.end() || !((*found->second).*direction)) return false;
    Ref<Descriptor> descriptor = found->second;
    (*descriptor).*direction = {};
    if (!descriptor->reader && !descriptor->writer) descriptors_.erase(found);
    descriptor->update();
    return true;
  }

  void run_descriptor(Descriptor& descriptor, int status, int events) {
    Ref<Descriptor> keep(&descriptor);
    bool broken = status < 0;
    // Who replaces a callback meanwhile is not meant by the event.
    std::pair<Direction, Ref<Interest>> called[2]{{&Descriptor::reader, descriptor.reader},
                                                  {&Descriptor::writer, descriptor.writer}};
    if (!broken && !(events & UV_READABLE)) called[0].second = {};
    if (!broken && !(events & UV_WRITABLE)) called[1].second = {};
    for (auto& [direction, interest] : called)
      if (interest && descriptor.*direction == interest && !fatal_) heed(interest->callback());
    if (broken && (descriptor.reader || descriptor.writer)) descriptor.update();
  }

  void run_calls_from_threads() {
    std::vector<Ref<Handle>> jobs;
    {
      std::lock_guard lock(mutex_);
      jobs.swap(from_threads_);
    }
    for (auto& job : jobs)
      if (!job->cancelled()) call(*job);
  }

  void run_signal(uv_signal_t* signal) {
    Ref<Interest> handler = static_cast<Signal*>(signal->data)->handler;
    heed(handler->callback());
  }

  /// Where libuv's C ends and callbacks that can fail begin.
  void call(Handle& job) { heed(job.run(), &job); }
  void heed(Error error, const Handle* job = nullptr) {
    if (!error) return;
    if (!error.fatal() || fatal_) return call_exception_handler(error, job);
    fatal_ = error;
    uv_stop(&loop_);
  }

  void close_all() {
    {
      std::lock_guard lock(mutex_);
      closed_ = true;
      from_threads_.clear();
    }
    ready_.clear();
    descriptors_.clear();
    while (!signals_.empty()) remove_signal_handler(signals_.begin()->first);
    auto close = [](uv_handle_t* handle, void*) {
      if (handle->type == UV_TIMER) Timer::of(handle).close();
      else if (handle->type == UV_POLL) Descriptor::of(handle).close();
      else if (!uv_is_closing(handle)) uv_close(handle, nullptr);
    };
    uv_walk(&loop_, close, nullptr);
    while (uv_loop_alive(&loop_)) uv_run(&loop_, UV_RUN_DEFAULT);  // calls back the closes; a stop may be left over
    must(uv_loop_close(&loop_), "uv_loop_close");
  }

  uv_loop_t loop_;
  uv_idle_t idle_;
  uv_async_t async_;
  std::deque<Ref<Handle>> ready_;
  std::map<int, Ref<Descriptor>> descriptors_;  // those that somebody is interested in
  std::map<int, std::unique_ptr<Signal>> signals_;
  std::mutex mutex_;  // guards what other threads touch
  std::vector<Ref<Handle>> from_threads_;
  Error fatal_;
  bool running_ = false;
  bool closed_ = false;
};

/// `bare_workload` as people write it for libuv, without a port, names or a trace.
void run_bare(World& world) {
  InWorld in(world);
  uv_loop_t loop;
  uv_idle_t idle;
  uv_async_t async;
  uv_timer_t timers[5];
  std::deque<void (*)(int&)> jobs;
  int called = 0;
  uv_loop_init(&loop);
  uv_idle_init(&loop, &idle);
  uv_async_init(&loop, &async, nullptr);
  std::pair work{&jobs, &called};
  idle.data = &work;
  for (int i = 0; i < 5; ++i) jobs.push_back([](int& called) { ++called; });
  uv_idle_start(&idle, [](uv_idle_t* idle) {
    auto& [jobs, called] = *static_cast<decltype(work)*>(idle->data);
    for (; !jobs->empty(); jobs->pop_front()) jobs->front()(*called);
    uv_idle_stop(idle);
  });
  int left = 5;
  for (int i = 0; i < 5; ++i) {
    constexpr std::uint64_t delays[] = {10, 30, 20, 50, 40};
    uv_timer_init(&loop, &timers[i]);
    timers[i].data = &left;
    uv_timer_start(&timers[i], [](uv_timer_t* timer) {
      uv_close(reinterpret_cast<uv_handle_t*>(timer), nullptr);
      if (--*static_cast<int*>(timer->data) == 0) uv_stop(timer->loop);
    }, delays[i], 0);
  }
  uv_run(&loop, UV_RUN_DEFAULT);
  uv_close(reinterpret_cast<uv_handle_t*>(&idle), nullptr);
  uv_close(reinterpret_cast<uv_handle_t*>(&async), nullptr);
  uv_run(&loop, UV_RUN_DEFAULT);
  must(uv_loop_close(&loop), "uv_loop_close");
}

std::unique_ptr<AbstractLoop> make_loop(World&) { return std::make_unique<UvLoop>(); }

Adapter make_adapter() {
  Adapter adapter;
  adapter.name = "libuv";
  adapter.version = uv_version_string();
  adapter.mapping = mapping.substr(1);
  adapter.unsupported = {
      {Verb::close, "libuv has no closed loop that refuses calls: uv_loop_close frees it"},
      {Verb::is_closed, "a closed loop cannot be asked"},
      {Verb::is_running, "libuv does not tell; uv_loop_alive is another question"},
      {Verb::get_running_loop, "libuv knows no current loop"},
      {Verb::set_debug, "libuv has no debug mode"},
      {Verb::add_signal_handler_elsewhere, "libuv's calls are for the loop's thread: elsewhere undefined"},
      {Verb::run_in_new_loop, "uv_run does not refuse to be nested: it is undefined"},
  };
  adapter.layered = {"future", "task"};
  adapter.resolution = millisecond;
  adapter.run = [](const Adapter& self, const Scenario& scenario, World& world, Trace& trace) {
    InWorld in(world, self.name);
    play(scenario, self, make_loop, world, trace);
  };
  adapter.run_bare = run_bare;
  return adapter;
}

}  // namespace
}  // namespace cede

/// What the executable looks for in a module.
extern "C" [[gnu::visibility("default")]] const cede::Adapter* cede_adapter() {
  static const cede::Adapter adapter = cede::make_adapter();
  return &adapter;
}
