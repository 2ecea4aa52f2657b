// libuv, unmodified, in virtual time. How the verbs map onto it is told below, in the words that the
// report prints. The file is a module of its own, which the executable opens.
#include <uv.h>

#include <cstdio>
#include <cstdlib>
#include <deque>

#include "adapters/callback_loop.h"
#include "adapters/play.h"
#include "adapters/virtual_time.h"

namespace cede {
namespace {

constexpr std::string_view mapping = R"(
call_soon: a queue of the adapter's, first in first out; one uv_idle_t, started while it is not empty, runs what was queued when its turn came
call_later: a uv_timer_t each, uv_timer_start(delay in ms, rounded up, below 0 as 0), without uv_update_time: the delay counts from the cached uv_now
call_at: the same with the difference to uv_now
forever: uv_timer_start(UINT64_MAX)
cancel: uv_timer_stop and uv_close; in the adapter's queue, a mark
call_soon_threadsafe: a queue of the adapter's under a lock, and uv_async_send; run where the loop polls
add_signal_handler: a uv_signal_t each; the new one is started before the old is closed
add_reader, add_writer: one uv_poll_t a descriptor, uv_poll_start with the events of both; a new callback is a removal and an addition; each is called where libuv polls, the reader first
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

class UvLoop : public CallbackLoop {
 public:
  UvLoop() {
    must(uv_loop_init(&loop_), "uv_loop_init");
    loop_.data = this;
    must(uv_idle_init(&loop_, &idle_), "uv_idle_init");
    must(uv_async_init(&loop_, &async_, [](uv_async_t* async) { of(async->loop).run_from_threads(); }),
         "uv_async_init");
  }
  ~UvLoop() override { finish(); }

  Nanos time() override { return static_cast<Nanos>(uv_now(&loop_)) * millisecond; }

 private:
  /// libuv owns a share of it until it has called back the close.
  struct Timer : Call {
    Timer(UvLoop& loop, Nanos delay, Nanos when, Callback callback) : Call(loop, std::move(callback), when) {
      must(uv_timer_init(&loop.loop_, &timer), "uv_timer_init");
      timer.data = this;
      must(uv_timer_start(&timer, [](uv_timer_t* timer) { static_cast<Timer*>(timer->data)->fire(); },
                          milliseconds(delay), 0),
           "uv_timer_start");
    }
    void disarm() override {
      kept = this;
      uv_timer_stop(&timer);
      uv_close(reinterpret_cast<uv_handle_t*>(&timer),
               [](uv_handle_t* handle) { static_cast<Timer*>(handle->data)->kept = {}; });
    }
    uv_timer_t timer;
    Ref<Timer> kept;
  };

  /// A uv_poll_t, of which libuv allows but one a descriptor, and which it has to close before it can go.
  struct Poll : Watch {
    explicit Poll(std::unique_ptr<uv_poll_t> of, int number) : poll(of.release()), number(number) { poll->data = this; }
    ~Poll() override {
      uv_poll_stop(poll);
      uv_close(reinterpret_cast<uv_handle_t*>(poll),
               [](uv_handle_t* handle) { delete reinterpret_cast<uv_poll_t*>(handle); });
    }
    bool set(bool reads, bool writes) override {
      int events = (reads ? UV_READABLE : 0) | (writes ? UV_WRITABLE : 0);
      must(uv_poll_start(poll, events,
                         [](uv_poll_t* poll, int status, int events) {
                           auto& self = *static_cast<Poll*>(poll->data);
                           of(poll->loop).polled(self.number, status < 0, events);
                         }),
           "uv_poll_start");
      return true;
    }
    uv_poll_t* poll;
    int number;
  };

  /// A signal's uv_signal_t, which libuv has to close before it can go.
  struct Signal : SignalWatch {
    ~Signal() override {
      uv_close(reinterpret_cast<uv_handle_t*>(signal),
               [](uv_handle_t* handle) { delete reinterpret_cast<uv_signal_t*>(handle); });
    }
    uv_signal_t* signal = new uv_signal_t;
  };

  static UvLoop& of(uv_loop_t* loop) { return *static_cast<UvLoop*>(loop->data); }

  void want_turn(bool wanted) override {
    if (wanted) uv_idle_start(&idle_, [](uv_idle_t* idle) { of(idle->loop).run_queue(); });
    else uv_idle_stop(&idle_);
  }
  Ref<Handle> later(Nanos delay, Nanos when, Callback callback) override {
    return new Timer(*this, delay, when, std::move(callback));
  }
  std::unique_ptr<Watch> watch(int descriptor) override {
    auto poll = std::make_unique<uv_poll_t>();
    if (uv_poll_init(&loop_, poll.get(), descriptor) != 0) return nullptr;
    return std::make_unique<Poll>(std::move(poll), descriptor);
  }
  std::unique_ptr<SignalWatch> watch_signal(int signal) override {
    auto watch = std::make_unique<Signal>();
    must(uv_signal_init(&loop_, watch->signal), "uv_signal_init");
    auto came = [](uv_signal_t* handle, int signal) { of(handle->loop).signal_came(signal); };
    return uv_signal_start(watch->signal, came, signal) == 0 ? std::move(watch) : nullptr;
  }
  void wake() override { uv_async_send(&async_); }
  void turn() override { uv_run(&loop_, UV_RUN_DEFAULT); }
  void break_off() override { uv_stop(&loop_); }

  void polled(int descriptor, bool broken, int events) {
    descriptor_ready(descriptor, broken || events & UV_READABLE, broken || events & UV_WRITABLE);
    if (broken) watch_again(descriptor);
  }

  void free() override {
    for (auto* handle : {reinterpret_cast<uv_handle_t*>(&idle_), reinterpret_cast<uv_handle_t*>(&async_)})
      uv_close(handle, nullptr);
    while (uv_loop_alive(&loop_)) uv_run(&loop_, UV_RUN_DEFAULT);  // calls back the closes; a stop may be left over
    must(uv_loop_close(&loop_), "uv_loop_close");
  }

  uv_loop_t loop_;
  uv_idle_t idle_;
  uv_async_t async_;
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

}  // namespace

extern "C" bool cede_adapter(std::string_view back_end, Adapter& adapter) {
  adapter.name = "libuv";
  adapter.version = uv_version_string();
  adapt_callback_loop<make_callback_loop<UvLoop>>(adapter, mapping);
  adapter.unsupported = {
      {Verb::close, "libuv has no closed loop that refuses calls: uv_loop_close frees it"},
      {Verb::is_closed, "a closed loop cannot be asked"},
      {Verb::is_running, "libuv does not tell; uv_loop_alive is another question"},
      {Verb::get_running_loop, "libuv knows no current loop"},
      {Verb::set_debug, "libuv has no debug mode"},
      {Verb::add_signal_handler_elsewhere, "libuv's calls are for the loop's thread: elsewhere undefined"},
      {Verb::run_in_new_loop, "uv_run does not refuse to be nested: it is undefined"},
  };
  adapter.resolution = millisecond;
  adapter.run_bare = run_bare;
  return back_end.empty();
}

}  // namespace cede
