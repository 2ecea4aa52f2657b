// GLib's main loop, unmodified, in virtual time. How the verbs map onto it is told below, in the words that the
// report prints. The file is a module of its own, which the executable opens.
#include <glib-unix.h>
#include <glib.h>

#include <fmt/format.h>

#include "adapters/callback_loop.h"
#include "adapters/play.h"

namespace cede {
namespace {

constexpr std::string_view mapping = R"(
call_soon: a g_idle_source each, at G_PRIORITY_DEFAULT
call_later: a g_timeout_source each (delay in ms, rounded up, below 0 as 0), at G_PRIORITY_DEFAULT
call_at: the same with the difference to g_get_monotonic_time
forever: a source that is not attached; so is one of more than 32 bits of milliseconds, which GLib cannot say
cancel: g_source_destroy
call_soon_threadsafe: a queue of the adapter's under a lock, and an idle source attached by the other thread
add_signal_handler: unsupported: GLib knows six signals, and watches them from a thread of its own
add_reader, add_writer: a g_unix_fd_source each; a new callback is a removal and an addition
remove_reader, remove_writer: g_source_destroy
run: g_main_loop_run; a nested run is refused by the adapter
stop: g_main_loop_quit
time: g_get_monotonic_time
errors of callbacks: caught where GLib calls the adapter and handed to the exception handler; exit does g_main_loop_quit
futures, tasks: the reference's, over call_soon)";

struct Destroy {
  void operator()(GSource* source) const {
    g_source_destroy(source);
    g_source_unref(source);
  }
};
using Source = std::unique_ptr<GSource, Destroy>;

Nanos milliseconds(Nanos delay) { return delay <= 0 ? 0 : delay / millisecond + (delay % millisecond > 0); }

class GlibLoop : public CallbackLoop {
 public:
  GlibLoop() : context_(g_main_context_new()), loop_(g_main_loop_new(context_, FALSE)) {}
  ~GlibLoop() override { finish(); }

  Nanos time() override { return g_get_monotonic_time() * microsecond; }

 private:
  struct Timed : Call {
    Timed(GlibLoop& loop, GSource* made, Callback callback, Nanos when = 0)
        : Call(loop, std::move(callback), when), source(made) {
      auto fire = [](gpointer self) -> gboolean {
        static_cast<Timed*>(self)->fire();
        return G_SOURCE_REMOVE;
      };
      g_source_set_callback(made, fire, this, nullptr);
      g_source_set_priority(made, G_PRIORITY_DEFAULT);
      if (when != forever) g_source_attach(made, loop.context_);
    }
    void disarm() override { source.reset(); }
    Source source;
  };

  struct Poll : Watch {
    Poll(GlibLoop& loop, int number) : loop(loop), number(number) {}
    bool set(bool reads, bool writes) override {
      set(reader, reads, G_IO_IN, [](int number, GIOCondition, gpointer loop) -> gboolean {
        static_cast<GlibLoop*>(loop)->descriptor_ready(number, true, false);
        return G_SOURCE_CONTINUE;
      });
      set(writer, writes, G_IO_OUT, [](int number, GIOCondition, gpointer loop) -> gboolean {
        static_cast<GlibLoop*>(loop)->descriptor_ready(number, false, true);
        return G_SOURCE_CONTINUE;
      });
      return true;
    }
    void set(Source& source, bool wanted, GIOCondition condition, GUnixFDSourceFunc ready) {
      if (wanted == static_cast<bool>(source)) return;
      source.reset(wanted ? g_unix_fd_source_new(number, GIOCondition(condition | G_IO_HUP | G_IO_ERR)) : nullptr);
      if (!wanted) return;
      auto callback = reinterpret_cast<GSourceFunc>(reinterpret_cast<void*>(ready));
      g_source_set_callback(source.get(), callback, &loop, nullptr);
      g_source_attach(source.get(), loop.context_);
    }
    GlibLoop& loop;
    int number;
    Source reader, writer;
  };

  Ref<Handle> soon(Callback callback) override { return new Timed(*this, g_idle_source_new(), std::move(callback)); }
  Ref<Handle> later(Nanos delay, Nanos when, Callback callback) override {
    Nanos ms = milliseconds(delay);
    when = when == forever || ms > UINT32_MAX ? forever : time() + ms * millisecond;
    return new Timed(*this, g_timeout_source_new(static_cast<guint>(ms)), std::move(callback), when);
  }
  std::unique_ptr<Watch> watch(int descriptor) override { return std::make_unique<Poll>(*this, descriptor); }
  void wake() override {
    auto run = [](gpointer self) -> gboolean {
      static_cast<GlibLoop*>(self)->run_from_threads();
      return G_SOURCE_REMOVE;
    };
    GSource* source = g_idle_source_new();
    g_source_set_priority(source, G_PRIORITY_DEFAULT);
    g_source_set_callback(source, run, this, nullptr);
    g_source_attach(source, context_);
    g_source_unref(source);
    g_main_context_wakeup(context_);  // attaching does so for other threads only
  }
  void turn() override { g_main_loop_run(loop_); }
  void break_off() override { g_main_loop_quit(loop_); }
  void free() override {
    g_main_loop_unref(loop_);
    g_main_context_unref(context_);
  }

  GMainContext* context_;
  GMainLoop* loop_;
};

}  // namespace

extern "C" bool cede_adapter(std::string_view back_end, Adapter& adapter) {
  adapter.version = fmt::format("{}.{}.{}", glib_major_version, glib_minor_version, glib_micro_version);
  adapt_callback_loop<make_callback_loop<GlibLoop>>(adapter, mapping);
  adapter.unsupported = {
      {Verb::close, "GLib has no closed loop that refuses calls: g_main_context_unref frees it"},
      {Verb::is_closed, "a closed loop cannot be asked"},
      {Verb::is_running, "g_main_loop_is_running is about a GMainLoop, not its context"},
      {Verb::get_running_loop, "GLib's thread-default context is another question"},
      {Verb::set_debug, "GLib has no debug mode"},
      {Verb::add_signal_handler, "GLib watches six signals, from a thread of its own, which lives in real time"},
      {Verb::remove_signal_handler, "as add_signal_handler"},
      {Verb::add_signal_handler_elsewhere, "as add_signal_handler"},
      {Verb::run_in_new_loop, "g_main_loop_run does not refuse to be nested: it may be"},
  };
  adapter.resolution = millisecond;
  return back_end.empty();
}

}  // namespace cede
