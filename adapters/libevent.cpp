// libevent, unmodified, in virtual time. How the verbs map onto it is told below, in the words that the
// report prints. The file is a module of its own, which the executable opens.
#include <event2/event.h>
#include <event2/event_struct.h>

#include <cstring>

#include "adapters/callback_loop.h"
#include "adapters/play.h"

namespace cede {
namespace {

constexpr std::string_view mapping = R"(
call_soon: a queue of the adapter's, first in first out; one event without a descriptor and with a delay of 0, added while there is something, runs what was queued when its turn came. event_active would do, but what it is said of meanwhile joins the same turn, for ever; delays of 0 for each would, but equal deadlines run in any order
call_later: an event without a descriptor each, event_add(delay in us, rounded up, below 0 as 0); the delay counts from the cached time
call_at: the same with the difference to the cached time
forever: an event that is not added
cancel: event_del
call_soon_threadsafe: a queue of the adapter's under a lock, and an eventfd that libevent watches
add_signal_handler: an evsignal each
add_reader, add_writer: a persistent event each, event_add; a new callback is a removal and an addition
remove_reader, remove_writer: event_del
run: event_base_loop(EVLOOP_NO_EXIT_ON_EMPTY); a nested run is refused by the adapter
stop: event_base_loopexit without a delay, which lets the turn finish
time: event_base_gettimeofday_cached, which stands still while callbacks run
errors of callbacks: caught where libevent calls the adapter and handed to the exception handler; exit does event_base_loopbreak
futures, tasks: the reference's, over call_soon)";

timeval rounded_up(Nanos delay) {
  if (delay <= 0) return {0, 0};
  Nanos us = delay / microsecond + (delay % microsecond > 0);
  return {us / 1'000'000, us % 1'000'000};
}

struct Free {
  void operator()(event_config* config) const { event_config_free(config); }
  void operator()(event_base* base) const { event_base_free(base); }
};
using Base = std::unique_ptr<event_base, Free>;

/// With this method alone, as libevent calls it; or with epoll and a timer descriptor.
Base make_base(std::string_view back_end) {
  std::unique_ptr<event_config, Free> config(event_config_new());
  bool timerfd = back_end == "timerfd";
  if (timerfd) event_config_set_flag(config.get(), EVENT_BASE_FLAG_PRECISE_TIMER);
  for (const char** method = event_get_supported_methods(); *method; ++method)
    if (*method != (timerfd ? "epoll" : back_end)) event_config_avoid_method(config.get(), *method);
  return Base(event_base_new_with_config(config.get()));
}

class EventLoop : public CallbackLoop {
 public:
  explicit EventLoop(std::string_view back_end) : base_(make_base(back_end)) {
    event_assign(&woken_, base_.get(), wake_.number(), EV_READ | EV_PERSIST,
                 [](int, short, void* self) { static_cast<EventLoop*>(self)->be_woken(); }, this);
    event_add(&woken_, nullptr);
    event_assign(&queued_, base_.get(), -1, 0,
                 [](int, short, void* self) { static_cast<EventLoop*>(self)->run_turn(); }, this);
  }
  ~EventLoop() override { finish(); }

  Nanos time() override {
    timeval now;
    event_base_gettimeofday_cached(base_.get(), &now);
    return now.tv_sec * second + now.tv_usec * microsecond;
  }

 private:
  struct Timer : Call {
    Timer(EventLoop& loop, Callback callback, Nanos when) : Call(loop, std::move(callback), when) {
      event_assign(&event, loop.base_.get(), -1, 0,
                   [](int, short, void* self) { static_cast<Timer*>(self)->fire(); }, this);
    }
    void disarm() override { event_del(&event); }
    struct event event;
  };

  struct Poll : Watch {
    Poll(EventLoop& loop, int number) : loop(loop) {
      auto ready = [](int number, short events, void* self) {
        static_cast<Poll*>(self)->loop.descriptor_ready(number, events & EV_READ, events & EV_WRITE);
      };
      event_assign(&reader, loop.base_.get(), number, EV_READ | EV_PERSIST, ready, this);
      event_assign(&writer, loop.base_.get(), number, EV_WRITE | EV_PERSIST, ready, this);
    }
    ~Poll() override { set(false, false); }
    bool set(bool reads, bool writes) override {
      // To add what has been added, or to take away what has not, is nothing.
      int read = reads ? event_add(&reader, nullptr) : event_del(&reader);
      int write = writes ? event_add(&writer, nullptr) : event_del(&writer);
      return read == 0 && write == 0;
    }
    EventLoop& loop;
    event reader, writer;
  };

  struct Signal : SignalWatch {
    Signal(EventLoop& loop, int number) {
      evsignal_assign(&event, loop.base_.get(), number,
                      [](int signal, short, void* loop) { static_cast<EventLoop*>(loop)->signal_came(signal); }, &loop);
    }
    ~Signal() override { event_del(&event); }
    struct event event;
  };

  void want_turn(bool wanted) override {
    constexpr timeval no_delay{};
    if (!wanted) event_del(&queued_);
    else if (!event_pending(&queued_, EV_TIMEOUT, nullptr)) event_add(&queued_, &no_delay);
  }
  void run_turn() {
    want_turn(true);  // for what is queued meanwhile, or left by an error
    run_queue();
  }
  Ref<Handle> later(Nanos delay, Nanos when, Callback callback) override {
    Ref<Timer> timer(new Timer(*this, std::move(callback), when));
    timeval left = rounded_up(delay);
    if (when != forever) event_add(&timer->event, &left);
    return timer;
  }
  std::unique_ptr<Watch> watch(int descriptor) override { return std::make_unique<Poll>(*this, descriptor); }
  std::unique_ptr<SignalWatch> watch_signal(int signal) override {
    auto watch = std::make_unique<Signal>(*this, signal);
    return event_add(&watch->event, nullptr) == 0 ? std::move(watch) : nullptr;
  }
  void wake() override { wake_.wake(); }
  void be_woken() {
    wake_.drain();
    run_from_threads();
  }
  void turn() override { event_base_loop(base_.get(), EVLOOP_NO_EXIT_ON_EMPTY); }
  void leave() override { event_base_loopexit(base_.get(), nullptr); }
  void break_off() override { event_base_loopbreak(base_.get()); }
  void free() override {
    event_del(&queued_);
    event_del(&woken_);
    base_.reset();
  }

  Base base_;
  WakeDescriptor wake_;
  event woken_, queued_;
};

std::unique_ptr<reference::AbstractLoop> make_loop(World&, const Adapter& adapter) {
  return std::make_unique<EventLoop>(adapter.back_end);
}

}  // namespace

extern "C" bool cede_adapter(std::string_view back_end, Adapter& adapter) {
  adapter.back_end = back_end.empty() ? "epoll" : back_end;
  adapter.version = event_get_version();
  adapt_callback_loop<make_loop>(adapter, mapping);
  adapter.unsupported = {
      {Verb::close, "libevent has no closed loop that refuses calls: event_base_free frees it"},
      {Verb::is_closed, "a closed loop cannot be asked"},
      {Verb::is_running, "libevent does not tell"},
      {Verb::get_running_loop, "libevent knows no current loop"},
      {Verb::set_debug, "libevent's debug mode is for its own objects"},
      {Verb::add_signal_handler_elsewhere, "libevent does not care which thread adds a signal"},
      {Verb::run_in_new_loop, "event_base_loop does not refuse to be nested: it warns and returns"},
  };
  // These two wait for milliseconds, rounded up.
  adapter.resolution = adapter.back_end == "epoll" || adapter.back_end == "poll" ? millisecond : microsecond;
  event_set_log_callback([](int, const char*) {});  // it warns of what it refuses, which the trace tells
  return adapter.back_end == "timerfd" || make_base(adapter.back_end);
}

}  // namespace cede
