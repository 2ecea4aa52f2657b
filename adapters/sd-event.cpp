// sd-event, systemd's loop, unmodified, in virtual time. How the verbs map onto it is told below, in the words
// that the report prints. The file is a module of its own, which the executable opens.
#include <sys/epoll.h>
#include <systemd/sd-event.h>

#include "adapters/callback_loop.h"
#include "adapters/play.h"

namespace cede {
namespace {

constexpr std::string_view mapping = R"(
call_soon: a queue of the adapter's, first in first out; behind each sd_event_run, what is queued by then. Defer sources would run in any order; one that is kept counts as pending since it was made, and goes before all others
call_later: a time source each, sd_event_add_time(CLOCK_MONOTONIC, sd_event_now + delay in us, rounded up, accuracy 1 us)
call_at: the same at this time
forever: a time source that is off
cancel: sd_event_source_disable_unref
call_soon_threadsafe: a queue of the adapter's under a lock, and an eventfd that sd-event watches
add_signal_handler: unsupported: sd-event wants the signal blocked in all threads of the process
add_reader, add_writer: one io source a descriptor, with the events of both; the reader is called first
remove_reader, remove_writer: sd_event_source_set_io_events, or sd_event_source_disable_unref
run: until told to stop, sd_event_run, which dispatches one source a turn, without waiting while calls are queued; a nested run is refused by the adapter
stop: a mark of the adapter's, looked at after each sd_event_run, since sd_event_exit is for good; a run that finds it makes one turn and does not wait
time: sd_event_now, which stands still while a source is dispatched
errors of callbacks: caught where sd-event calls the adapter and handed to the exception handler; exit sets the mark
futures, tasks: the reference's, over call_soon)";

struct Disable {
  void operator()(sd_event_source* source) const { sd_event_source_disable_unref(source); }
};
using Source = std::unique_ptr<sd_event_source, Disable>;

class SdLoop : public CallbackLoop {
 public:
  SdLoop() {
    sd_event_new(&event_);
    sd_event_source* source = nullptr;
    auto woken = [](sd_event_source*, int, unsigned, void* self) {
      static_cast<SdLoop*>(self)->wake_.drain();
      static_cast<SdLoop*>(self)->run_from_threads();
      return 0;
    };
    sd_event_add_io(event_, &source, wake_.number(), EPOLLIN, woken, this);
    woken_.reset(source);
  }
  ~SdLoop() override { finish(); }

  Nanos time() override {
    std::uint64_t now;
    sd_event_now(event_, CLOCK_MONOTONIC, &now);
    return static_cast<Nanos>(now) * microsecond;
  }

 private:
  struct Timer : Call {
    Timer(SdLoop& loop, Nanos when, Callback callback) : Call(loop, std::move(callback), when) {
      auto fire = [](sd_event_source*, std::uint64_t, void* self) {
        static_cast<Timer*>(self)->fire();
        return 0;
      };
      sd_event_source* made = nullptr;
      if (when == forever) return;
      Nanos us = when <= 0 ? 0 : when / microsecond + (when % microsecond > 0);
      sd_event_add_time(loop.event_, &made, CLOCK_MONOTONIC, static_cast<std::uint64_t>(us), 1, fire, this);
      source.reset(made);
    }
    void disarm() override { source.reset(); }
    Source source;
  };

  struct Poll : Watch {
    Poll(SdLoop& loop, int number) : loop(loop), number(number) {}
    bool set(bool reads, bool writes) override {
      std::uint32_t events = (reads ? EPOLLIN : 0u) | (writes ? EPOLLOUT : 0u);
      if (source) return sd_event_source_set_io_events(source.get(), events) >= 0;
      auto ready = [](sd_event_source*, int number, std::uint32_t events, void* self) {
        bool gone = events & (EPOLLHUP | EPOLLERR);
        static_cast<Poll*>(self)->loop.descriptor_ready(number, gone || events & EPOLLIN, gone || events & EPOLLOUT);
        return 0;
      };
      sd_event_source* made = nullptr;
      if (sd_event_add_io(loop.event_, &made, number, events, ready, this) < 0) return false;
      source.reset(made);
      return true;
    }
    SdLoop& loop;
    int number;
    Source source;
  };

  void want_turn(bool wanted) override { queued_ = wanted; }
  Ref<Handle> later(Nanos, Nanos when, Callback callback) override {
    return new Timer(*this, when, std::move(callback));
  }
  std::unique_ptr<Watch> watch(int descriptor) override { return std::make_unique<Poll>(*this, descriptor); }
  void wake() override { wake_.wake(); }
  void turn() override {
    do {
      sd_event_run(event_, queued_ || stopped_ ? 0 : UINT64_MAX);
      run_queue();
    } while (!stopped_);
    stopped_ = false;
  }
  void break_off() override { stopped_ = true; }
  void free() override {
    woken_.reset();
    sd_event_unref(event_);
  }

  sd_event* event_ = nullptr;
  WakeDescriptor wake_;
  Source woken_;
  bool queued_ = false;
  bool stopped_ = false;
};

}  // namespace

extern "C" bool cede_adapter(std::string_view back_end, Adapter& adapter) {
  adapter.version = SYSTEMD_VERSION;
  adapt_callback_loop<make_callback_loop<SdLoop>>(adapter, mapping);
  adapter.unsupported = {
      {Verb::close, "sd-event has no closed loop that refuses calls: sd_event_unref frees it"},
      {Verb::is_closed, "a closed loop cannot be asked"},
      {Verb::is_running, "sd_event_get_state tells the phase, which is another question"},
      {Verb::get_running_loop, "sd-event's default loop is another question"},
      {Verb::set_debug, "sd-event has no debug mode"},
      {Verb::add_signal_handler, "sd-event wants the signal blocked in all threads of the process"},
      {Verb::remove_signal_handler, "as add_signal_handler"},
      {Verb::add_signal_handler_elsewhere, "as add_signal_handler"},
      {Verb::run_in_new_loop, "sd_event_run refuses to be nested in its own loop only"},
  };
  adapter.resolution = microsecond;
  return back_end.empty();
}

}  // namespace cede
