// A callback loop behind the port: what all such loops have in common, so that an adapter says only what is
// its own loop's. It owns what the loop owes: calls, descriptors, signals, and what other threads have sent.
//
// An adapter derives from it, implements what is virtual here and calls `finish()` in its destructor.
#pragma once

#include <deque>
#include <map>
#include <memory>
#include <mutex>
#include <vector>

#include "reference/abstract_loop.h"

namespace cede {

using reference::Callback;
using reference::Error;
using reference::Handle;
using reference::Nanos;
using reference::Ref;

/// A descriptor that can be read once somebody, on whichever thread, has said so: for loops that other threads
/// cannot wake in a way of their own.
class WakeDescriptor {
 public:
  WakeDescriptor();
  ~WakeDescriptor();
  int number() const { return number_; }
  void wake();
  void drain();

 private:
  int number_;
};

class CallbackLoop : public reference::AbstractLoop {
 public:
  Ref<Handle> try_call_soon(Callback callback) final;
  Ref<Handle> try_call_later(Nanos delay, Callback callback) final;
  Ref<Handle> try_call_at(Nanos when, Callback callback) final;
  Ref<Handle> try_call_soon_threadsafe(Callback callback) final;
  Error try_add_reader(int descriptor, Callback callback) final;
  Error try_add_writer(int descriptor, Callback callback) final;
  bool remove_reader(int descriptor) final;
  bool remove_writer(int descriptor) final;
  Error try_add_signal_handler(int signal, Callback callback) final;
  bool remove_signal_handler(int signal) final;
  Error try_run_forever() final;
  void stop() final { leave(); }
  bool is_running() const final { return running_; }
  bool is_closed() const final { return closed_; }
  Error try_close() final;

 protected:
  /// A call that the loop owes. It stays until it was called or cancelled, or the loop is closed; an adapter
  /// derives from it, asks its loop for the call and says here how to take that back.
  class Call : public Handle {
   public:
    Call(CallbackLoop& loop, Callback callback, Nanos when = 0);
    void cancel() final;
    /// For the loop: calls back, once.
    void fire();

   protected:
    /// Takes back what the loop was asked for, whether or not it has called; it will not call again.
    virtual void disarm() = 0;

   private:
    friend class CallbackLoop;
    void end();

    CallbackLoop& loop_;
    Ref<Call> kept_;
    std::size_t place_;  // among what the loop owes
  };

  /// What the loop does for one descriptor, until this is destroyed. It tells `descriptor_ready`.
  struct Watch {
    virtual ~Watch() = default;
    /// From now on these events are of interest, one of them at least; false when it cannot be polled.
    virtual bool set(bool reads, bool writes) = 0;
  };
  /// What the loop does for one signal, until this is destroyed. It tells `signal_came`.
  struct SignalWatch {
    virtual ~SignalWatch() = default;
  };

  // What an adapter says of its loop.

  /// Calls back without a delay. Here through a queue, first in first out, of which each turn runs what was in
  /// it when its turn came.
  virtual Ref<Handle> soon(Callback callback);
  /// With that queue: whether a turn has to come, and to call `run_queue`.
  virtual void want_turn(bool /*wanted*/) {}
  /// Calls back after the delay, which ends at `when` on the loop's clock; `forever` is for ever.
  virtual Ref<Handle> later(Nanos delay, Nanos when, Callback callback) = 0;
  /// Begins to watch a descriptor; null when it cannot be polled, or the loop knows no descriptors.
  virtual std::unique_ptr<Watch> watch(int /*descriptor*/) { return nullptr; }
  /// Begins to watch a signal, which may be watched already; null when it cannot be.
  virtual std::unique_ptr<SignalWatch> watch_signal(int /*signal*/) { return nullptr; }
  /// From any thread: has the loop call `run_from_threads` on its own, or `run_one_from_threads` once for each.
  virtual void wake() = 0;
  /// Turns until `leave` or `break_off`.
  virtual void turn() = 0;
  /// Ends `turn`: where the loop makes a difference, behind the present turn, or at once.
  virtual void leave() { break_off(); }
  virtual void break_off() = 0;
  /// Frees the loop; nothing is owed any more.
  virtual void free() = 0;

  // What the loop's callbacks come to.

  void run_queue();
  void run_from_threads();
  void run_one_from_threads();
  /// What can be done with it. A loop that tells neither but an error says both.
  void descriptor_ready(int descriptor, bool reads, bool writes);
  /// Watches it again as before, for loops that stop at an error.
  void watch_again(int descriptor);
  void signal_came(int signal);
  /// An error, if it is one, has left a callback.
  void heed(Error error, const Handle* job = nullptr);
  /// The run ends with the error.
  void leave_run(Error error);

  /// Ends what is left, in the derived class's destructor.
  void finish();

 private:
  /// What is called again and again, in one copy of the context of its registration (CTX-4).
  struct Interest : reference::Counted {
    explicit Interest(Callback callback) : callback(std::move(callback)) {}
    Error call();
    Callback callback;
    reference::Context context = reference::Context::current();
  };
  struct Descriptor : reference::Counted {
    Ref<Interest> reader, writer;
    std::unique_ptr<Watch> watch;
    bool update();
  };
  struct Signal {
    Ref<Interest> handler;
    std::unique_ptr<SignalWatch> watch;
  };
  using Direction = Ref<Interest> Descriptor::*;

  Error add(int number, Direction direction, Callback callback);
  bool remove(int number, Direction direction);
  /// Where the loop's own code ends and callbacks that can fail begin.
  void call(Handle& job) { heed(job.run(), &job); }
  void close_all();

  std::deque<Ref<Handle>> queue_;
  std::vector<Call*> owed_;
  std::map<int, Ref<Descriptor>> descriptors_;  // those that somebody is interested in
  std::map<int, Signal> signals_;
  std::mutex mutex_;  // guards what other threads touch
  std::deque<Ref<Handle>> from_threads_;
  Error fatal_;
  bool running_ = false;
  bool closed_ = false;
};

}  // namespace cede
