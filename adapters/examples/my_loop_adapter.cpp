// my_loop behind cede's port. How the verbs map onto it is told below, in the words that the report prints.
#include "adapters/callback_loop.h"
#include "adapters/play.h"
#include "my_loop.h"

namespace cede {
namespace {

constexpr std::string_view mapping = R"(
call_soon, cancel: my_loop_soon, my_loop_cancel
call_later, call_at: my_loop_later; the delay counts from the clock, not from the turn
call_soon_threadsafe: a queue of the adapter's under a lock, and my_loop_send for each
add_reader, add_writer: my_loop_watch, POLLIN and POLLOUT
run, stop: my_loop_run, my_loop_stop
time: my_loop_now, CLOCK_MONOTONIC read anew)";

struct MyLoop : CallbackLoop {
  ~MyLoop() override { finish(); }
  Nanos time() override { return my_loop_now(); }

  struct Asked : Call {
    Asked(MyLoop& of, Callback job) : Call(of, std::move(job)), of(of), call(my_loop_soon(of.loop_, called, this)) {}
    Asked(MyLoop& of, Nanos delay, Nanos when, Callback job) : Call(of, std::move(job), when), of(of) {
      if (when != forever) call = my_loop_later(of.loop_, delay, called, this);
    }
    static void called(void* self) {
      static_cast<Asked*>(self)->call = nullptr;  // my_loop has freed it
      static_cast<Asked*>(self)->fire();
    }
    void disarm() override { if (call) my_loop_cancel(of.loop_, call); }
    MyLoop& of;
    my_call* call = nullptr;
  };

  struct Poll : Watch {
    Poll(MyLoop& of, int number) : of(of), number(number) {}
    ~Poll() override { set(false, false); }
    bool set(bool reads, bool writes) override { return poll(POLLIN, reads) && poll(POLLOUT, writes); }
    bool poll(short event, bool wanted) {
      if (!wanted) my_loop_unwatch(of.loop_, number, event);
      return !wanted || my_loop_watch(of.loop_, number, event, event == POLLIN ? readable : writable, this) == 0;
    }
    static void readable(void* self) { static_cast<Poll*>(self)->tell(true, false); }
    static void writable(void* self) { static_cast<Poll*>(self)->tell(false, true); }
    void tell(bool reads, bool writes) { of.descriptor_ready(number, reads, writes); }
    MyLoop& of;
    int number;
  };

  Ref<Handle> soon(Callback callback) override { return new Asked(*this, std::move(callback)); }
  Ref<Handle> later(Nanos wait, Nanos at, Callback job) override { return new Asked(*this, wait, at, std::move(job)); }
  std::unique_ptr<Watch> watch(int descriptor) override { return std::make_unique<Poll>(*this, descriptor); }
  void wake() override { my_loop_send(loop_, woken, this); }
  static void woken(void* self) { static_cast<MyLoop*>(self)->run_one_from_threads(); }
  void turn() override { my_loop_run(loop_); }
  void break_off() override { my_loop_stop(loop_); }
  void free() override { my_loop_free(loop_); }

  my_loop* loop_ = my_loop_new();
};

}  // namespace

extern "C" bool cede_adapter(std::string_view back_end, Adapter& adapter) {
  adapter.name = "my_loop";
  adapter.version = "1.0";
  adapt_callback_loop<make_callback_loop<MyLoop>>(adapter, mapping);
  return back_end.empty();
}

}  // namespace cede
