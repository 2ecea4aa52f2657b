// libev, unmodified, in virtual time. How the verbs map onto it is told below, in the words that the report
// prints. The file is a module of its own, which the executable opens.
#include <ev.h>

#include <fmt/format.h>

#include "adapters/callback_loop.h"
#include "adapters/play.h"

namespace cede {
namespace {

constexpr std::string_view mapping = R"(
call_soon: a queue of the adapter's, first in first out; an ev_check of the highest priority runs what was queued when its turn came, and an ev_idle keeps the loop from waiting while there is something
call_later: an ev_timer each, ev_timer_start(delay in seconds as a double, below 0 as 0); the delay counts from the cached ev_now
call_at: the same with the difference to ev_now
forever: an ev_timer that is not started
cancel: ev_timer_stop
call_soon_threadsafe: a queue of the adapter's under a lock, and ev_async_send
add_signal_handler: an ev_signal each; refused by the adapter where another loop has the signal
add_reader, add_writer: an ev_io each, ev_io_start; a new callback is a removal and an addition
remove_reader, remove_writer: ev_io_stop
broken descriptors: libev stops the ev_io and says that it can be read and written; it is started again
run: ev_run; the ev_async keeps the loop alive; a nested run is refused by the adapter
stop: ev_break(EVBREAK_ONE), again in an ev_check, since libev forgets what is said while it waits
time: ev_now, which libev caches after each wait
errors of callbacks: caught where libev calls the adapter and handed to the exception handler; exit does ev_break
futures, tasks: the reference's, over call_soon)";

unsigned flag_of(std::string_view back_end) {
  if (back_end == "epoll") return EVBACKEND_EPOLL;
  if (back_end == "poll") return EVBACKEND_POLL;
  return back_end == "select" ? EVBACKEND_SELECT : 0;
}

/// By signal: libev aborts when a second loop wants one.
struct Watched {
  struct ev_loop* by = nullptr;
  int count = 0;
} watched[NSIG];

class EvLoop : public CallbackLoop {
 public:
  explicit EvLoop(unsigned flags) : loop_(ev_loop_new(flags)) {
    ev_set_userdata(loop_, this);
    ev_idle_init(&idle_, [](struct ev_loop*, ev_idle*, int) {});
    ev_async_init(&async_, [](struct ev_loop* loop, ev_async*, int) { of(loop).run_from_threads(); });
    ev_async_start(loop_, &async_);
    ev_check_init(&check_, [](struct ev_loop* loop, ev_check*, int) { of(loop).after_wait(); });
    ev_set_priority(&check_, EV_MAXPRI);
    ev_check_start(loop_, &check_);
  }
  ~EvLoop() override { finish(); }

  Nanos time() override { return nanos(ev_now(loop_)); }

 private:
  struct Timer : Call {
    Timer(EvLoop& of, Nanos delay, Nanos when, Callback callback)
        : Call(of, std::move(callback), when), loop(of.loop_) {
      ev_timer_init(&timer, [](struct ev_loop*, ev_timer* timer, int) { static_cast<Timer*>(timer->data)->fire(); },
                    static_cast<double>(std::max<Nanos>(delay, 0)) / second, 0.);
      timer.data = this;
      if (when != forever) ev_timer_start(loop, &timer);
    }
    void disarm() override { ev_timer_stop(loop, &timer); }
    struct ev_loop* loop;
    ev_timer timer;
  };

  struct Poll : Watch {
    Poll(struct ev_loop* loop, int number) : loop(loop) {
      auto polled = [](struct ev_loop* loop, ev_io* io, int events) { of(loop).polled(*io, events); };
      ev_io_init(&reader, polled, number, EV_READ);
      ev_io_init(&writer, polled, number, EV_WRITE);
    }
    ~Poll() override { set(false, false); }
    bool set(bool reads, bool writes) override {
      for (auto [io, wanted] : {std::pair{&reader, reads}, std::pair{&writer, writes}})
        wanted ? ev_io_start(loop, io) : ev_io_stop(loop, io);  // nothing, if it is so already
      return true;
    }
    struct ev_loop* loop;
    ev_io reader, writer;
  };

  struct Signal : SignalWatch {
    Signal(struct ev_loop* loop, int number) : loop(loop) {
      auto came = [](struct ev_loop* loop, ev_signal* signal, int) { of(loop).signal_came(signal->signum); };
      ev_signal_init(&signal, came, number);
      ev_signal_start(loop, &signal);
    }
    ~Signal() override {
      ev_signal_stop(loop, &signal);
      if (--watched[signal.signum].count == 0) watched[signal.signum].by = nullptr;
    }
    struct ev_loop* loop;
    ev_signal signal;
  };

  static EvLoop& of(struct ev_loop* loop) { return *static_cast<EvLoop*>(ev_userdata(loop)); }
  static Nanos nanos(ev_tstamp seconds) { return static_cast<Nanos>(seconds * second); }

  void want_turn(bool wanted) override {
    if (wanted) ev_idle_start(loop_, &idle_);
    else ev_idle_stop(loop_, &idle_);
  }
  Ref<Handle> later(Nanos delay, Nanos when, Callback callback) override {
    return new Timer(*this, delay, when, std::move(callback));
  }
  std::unique_ptr<Watch> watch(int descriptor) override { return std::make_unique<Poll>(loop_, descriptor); }
  std::unique_ptr<SignalWatch> watch_signal(int signal) override {
    if (signal <= 0 || signal >= NSIG || signal == SIGKILL || signal == SIGSTOP) return nullptr;  // libev would abort
    if (watched[signal].by && watched[signal].by != loop_) return nullptr;
    watched[signal].by = loop_;
    ++watched[signal].count;
    return std::make_unique<Signal>(loop_, signal);
  }
  void wake() override { ev_async_send(loop_, &async_); }
  void turn() override {
    stopped_ = false;
    ev_run(loop_, 0);
  }
  void break_off() override {
    stopped_ = true;
    ev_break(loop_, EVBREAK_ONE);
  }
  void after_wait() {
    if (stopped_) ev_break(loop_, EVBREAK_ONE);
    run_queue();
  }
  void polled(const ev_io& io, int events) {
    bool stopped = events & EV_ERROR;
    int number = io.fd;
    descriptor_ready(number, events & io.events & EV_READ, events & io.events & EV_WRITE);
    if (stopped) watch_again(number);
  }
  void free() override {
    ev_idle_stop(loop_, &idle_);
    ev_async_stop(loop_, &async_);
    ev_check_stop(loop_, &check_);
    ev_loop_destroy(loop_);
  }

  struct ev_loop* loop_;
  ev_idle idle_;
  ev_async async_;
  ev_check check_;
  bool stopped_ = false;
};

std::unique_ptr<reference::AbstractLoop> make_loop(World&, const Adapter& adapter) {
  return std::make_unique<EvLoop>(flag_of(adapter.back_end));
}

}  // namespace

extern "C" bool cede_adapter(std::string_view back_end, Adapter& adapter) {
  adapter.back_end = back_end.empty() ? "epoll" : back_end;
  adapter.version = fmt::format("{}.{}", ev_version_major(), ev_version_minor());
  adapt_callback_loop<make_loop>(adapter, mapping);
  adapter.unsupported = {
      {Verb::close, "libev has no closed loop that refuses calls: ev_loop_destroy frees it"},
      {Verb::is_closed, "a closed loop cannot be asked"},
      {Verb::is_running, "libev tells the depth of ev_run, which is another question"},
      {Verb::get_running_loop, "libev knows no current loop"},
      {Verb::set_debug, "libev has no debug mode"},
      {Verb::add_signal_handler_elsewhere, "libev's calls are for the loop's thread: elsewhere undefined"},
      {Verb::run_in_new_loop, "a signal can be watched in one loop of libev only: another aborts"},
  };
  // epoll and poll wait for milliseconds, rounded up; select for microseconds, rounded down.
  adapter.resolution = adapter.back_end == "select" ? 2 * microsecond : millisecond;
  adapter.needs_creeping = true;  // it fires a timer when its deadline is behind ev_now, not at it
  return flag_of(adapter.back_end) & ev_supported_backends();
}

}  // namespace cede
