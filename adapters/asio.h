// Asio's loop behind the port, for Boost.Asio and standalone Asio: one library in two namespaces. Who includes
// this has said before which one `library` is, and what its errors are. How the verbs map onto it is told below,
// in the words that the report prints.
#pragma once

#include <chrono>
#include <optional>

#include "adapters/callback_loop.h"
#include "adapters/play.h"

namespace cede {
namespace {

constexpr std::string_view mapping = R"(
call_soon: a post each
call_later: a steady_timer each, expires_at(steady_clock::now + delay), which is what expires_after does
call_at: a steady_timer each, expires_at(when)
forever: a steady_timer that is not waited for
cancel: the steady_timer is destroyed; of a post, or of a timer that is due, which cannot be taken back, a mark of the adapter's
call_soon_threadsafe: a queue of the adapter's under a lock, and a post each, which takes one from it
add_signal_handler: a signal_set each, with async_wait again after each signal
add_reader, add_writer: one posix::stream_descriptor a descriptor, async_wait for each direction, again after each call
remove_reader, remove_writer: the cancellation_signal of that async_wait; and release when nothing is left
files that cannot be polled: assign accepts them, and the wait fails in the next turn with operation_not_supported; the adapter has nobody to tell and waits no more
run: io_context::run with a work guard, and restart; a nested run is refused by the adapter
stop: io_context::stop, which leaves run after the handler that is running, and forbids a run that has not begun
waits: a steady_timer is made first of all, so that the io_context waits with epoll from the beginning and not for a condition variable
time: steady_clock::now
errors of callbacks: caught where Asio calls the adapter and handed to the exception handler; exit does io_context::stop
)";

/// Asio tells a cancellation as any other error of the system.
Error error_of(const SystemError& error) {
  bool cancelled = error.code() == library::error::operation_aborted;
  return Error(cancelled ? Error::Kind::cancelled : Error::Kind::runtime);
}

class AsioLoop : public CallbackLoop {
 public:
  AsioLoop() : context_(std::in_place), work_(context_->get_executor()) { library::steady_timer polls(*context_); }
  ~AsioLoop() override { finish(); }

  library::io_context& context() { return *context_; }
  /// For handlers that Asio calls past the port.
  using CallbackLoop::heed;

  Nanos time() override { return Clock::now().time_since_epoch() / std::chrono::nanoseconds(1); }

 private:
  using Clock = std::chrono::steady_clock;

  struct Posted : Call {
    using Call::Call;
    void disarm() override {}
  };

  struct Timer : Call {
    Timer(AsioLoop& loop, Nanos when, Callback callback) : Call(loop, std::move(callback), when) {
      if (when == forever) return;
      timer.emplace(*loop.context_, Clock::time_point(std::chrono::nanoseconds(when)));
      // It may be too late for Asio to take the call back; then it calls what is cancelled.
      timer->async_wait([self = Ref<Timer>(this)](ErrorCode error) {
        if (!error) self->fire();
      });
    }
    void disarm() override { timer.reset(); }
    std::optional<library::steady_timer> timer;
  };

  /// What Asio waits for once.
  struct Wait : reference::Counted {
    /// It may be too late for Asio to take it back, so it has to be known here.
    void withdraw() {
      withdrawn = true;
      cancel.emit(library::cancellation_type::terminal);
    }
    bool withdrawn = false;
    library::cancellation_signal cancel;
  };

  struct Poll : Watch {
    explicit Poll(AsioLoop& loop) : loop(loop), descriptor(*loop.context_) {}
    ~Poll() override {
      for (bool writes : {false, true}) set_direction(writes, false);
      descriptor.release();  // else it would be closed
    }
    bool set(bool reads, bool writes) override {
      set_direction(false, reads);
      set_direction(true, writes);
      return true;
    }
    void set_direction(bool writes, bool wanted) {
      if (wanted == static_cast<bool>(waits[writes])) return;
      if (wanted) return start(writes);
      waits[writes]->withdraw();
      waits[writes] = {};
    }
    void start(bool writes) {
      using Descriptor = library::posix::stream_descriptor;
      Ref<Wait> wait = waits[writes] = new Wait;
      auto ready = [this, wait, writes](ErrorCode error) {
        if (wait->withdrawn || error) return;
        loop.descriptor_ready(descriptor.native_handle(), !writes, writes);
        if (!wait->withdrawn) start(writes);
      };
      descriptor.async_wait(writes ? Descriptor::wait_write : Descriptor::wait_read,
                            library::bind_cancellation_slot(wait->cancel.slot(), ready));
    }
    AsioLoop& loop;
    library::posix::stream_descriptor descriptor;
    Ref<Wait> waits[2];  // for reading and for writing
  };

  struct Signal : SignalWatch {
    explicit Signal(AsioLoop& loop) : loop(loop), set(*loop.context_) {}
    ~Signal() override { gone->value = true; }
    void start() {
      auto came = [this, &loop = loop, gone = gone](ErrorCode error, int signal) {
        if (error) return;
        loop.signal_came(signal);  // also if its handler was replaced meanwhile, lest the signal be lost
        if (!gone->value) start();
      };
      set.async_wait(came);
    }
    struct Gone : reference::Counted {
      bool value = false;
    };
    AsioLoop& loop;
    library::signal_set set;
    Ref<Gone> gone = new Gone;
  };

  Ref<Handle> soon(Callback callback) override {
    Ref<Posted> job(new Posted(*this, std::move(callback)));
    library::post(*context_, [job] { job->fire(); });
    return job;
  }
  Ref<Handle> later(Nanos, Nanos when, Callback callback) override {
    return new Timer(*this, when, std::move(callback));
  }
  std::unique_ptr<Watch> watch(int descriptor) override {
    auto poll = std::make_unique<Poll>(*this);
    ErrorCode error;
    poll->descriptor.assign(descriptor, error);
    return error ? nullptr : std::move(poll);
  }
  std::unique_ptr<SignalWatch> watch_signal(int signal) override {
    auto watch = std::make_unique<Signal>(*this);
    ErrorCode error;
    watch->set.add(signal, error);
    if (error) return nullptr;
    watch->start();
    return watch;
  }
  void wake() override {
    library::post(*context_, [this] { run_one_from_threads(); });
  }
  void turn() override {
    try {
      context_->run();
    } catch (const SystemError& error) {  // of Asio's own, since those of callbacks do not get that far
      leave_run(error_of(error));
    } catch (const library::multiple_exceptions&) {
      leave_run(Error(Error::Kind::runtime));
    }
    context_->restart();
  }
  void break_off() override { context_->stop(); }
  void free() override {
    work_.reset();
    context_.reset();
  }

  std::optional<library::io_context> context_;
  library::executor_work_guard<library::io_context::executor_type> work_;
};

std::unique_ptr<reference::AbstractLoop> make_loop(World&, const Adapter&) { return std::make_unique<AsioLoop>(); }

void adapt_callbacks(Adapter& adapter) {
  adapt_callback_loop<make_loop>(adapter, mapping);
  adapter.mapping += "futures, tasks: the reference's, over call_soon";
  adapter.unsupported = {
      {Verb::close, "Asio has no closed loop that refuses calls: the destructor of io_context frees it"},
      {Verb::is_closed, "a closed loop cannot be asked"},
      {Verb::is_running, "io_context tells whether it is stopped, which is another question"},
      {Verb::get_running_loop, "Asio knows no current loop; an executor tells whether it is its own loop's turn"},
      {Verb::set_debug, "Asio has no debug mode but handler tracking, which is compiled in"},
      {Verb::add_signal_handler_elsewhere, "Asio does not care which thread adds a signal"},
      {Verb::run_in_new_loop, "io_context::run does not refuse to be nested: it may be"},
  };
  adapter.resolution = microsecond;  // of its timer descriptor
}

}  // namespace
}  // namespace cede
