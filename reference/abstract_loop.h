// What every loop offers: asyncio's AbstractEventLoop. The task layer stands on this alone, so that
// it runs on the reference loop and, through a port, on anybody's.
#pragma once

#include <memory>
#include <vector>

#include "reference/coroutine.h"
#include "reference/handle.h"
#include "reference/report.h"

namespace cede::reference {

class GeneratorBase;
class TaskBase;

/// What another thread has promised to hand over to a loop.
struct Expected : CountedAcrossThreads {
  /// Destroys what belongs to the loop's thread.
  virtual void give_up() = 0;
};

class AbstractLoop {
 public:
  AbstractLoop() = default;
  AbstractLoop(const AbstractLoop&) = delete;
  AbstractLoop& operator=(const AbstractLoop&) = delete;
  virtual ~AbstractLoop();

  // What a loop implements. Nothing here throws: a refusal is an answer, null or an error.

  /// The loop's clock, which only ever moves forward (TIMER-10).
  virtual Nanos time() = 0;
  /// Queues the callback for the next pass; null when the loop is closed.
  virtual Ref<Handle> try_call_soon(Callback callback) = 0;
  /// Calls back once the loop's clock has reached `when`; null when the loop is closed.
  virtual Ref<Handle> try_call_at(Nanos when, Callback callback) = 0;
  /// Calls back `delay` after this call (TIMER-10).
  virtual Ref<Handle> try_call_later(Nanos delay, Callback callback) = 0;
  /// The one call that other threads may make; it wakes an idle loop (THR-1). On the loop's own
  /// thread it is as `try_call_soon` (THR-4). The handle is cancelled on the loop's thread.
  virtual Ref<Handle> try_call_soon_threadsafe(Callback callback) = 0;
  /// Turns until stopped. The error is a refusal (nested or closed), or a fatal one that left a job.
  virtual Error try_run_forever() = 0;
  /// Lets the current pass finish; before a run, allows it one pass (PASS-9, PASS-10).
  virtual void stop() = 0;
  /// Discards what is queued; an error while running (PASS-17).
  virtual Error try_close() = 0;
  virtual bool is_running() const = 0;
  virtual bool is_closed() const = 0;

  // What a loop may leave out: then it refuses.

  /// Calls back in every pass in which the descriptor can be read or written (IO-1, IO-2), until
  /// removed; a new callback replaces the old (IO-6). The error: the loop is closed, or the
  /// descriptor is of a kind that cannot be polled (IO-14). Remove it before you close it.
  virtual Error try_add_reader(int descriptor, Callback callback);
  virtual Error try_add_writer(int descriptor, Callback callback);
  /// Whether there was one; it is not called any more (IO-4, IO-5).
  virtual bool remove_reader(int) { return false; }
  virtual bool remove_writer(int) { return false; }
  /// Calls back, as a job, whenever the process gets the signal; replaces the handler before. An
  /// error for signals that cannot be caught and for threads other than the main one (THR-7, THR-9).
  virtual Error try_add_signal_handler(int /*signal*/, Callback /*callback*/) { return Error(Error::Kind::runtime); }
  /// Restores what the process did before; whether there was a handler (THR-9).
  virtual bool remove_signal_handler(int /*signal*/) { return false; }

  // The same for people, with exceptions.

  /// Throws RuntimeError when the loop is closed, like those below.
  Ref<Handle> call_soon(Callback callback) { return made(try_call_soon(std::move(callback))); }
  Ref<Handle> call_at(Nanos when, Callback callback) {
    return made(try_call_at(when, std::move(callback)));
  }
  Ref<Handle> call_later(Nanos delay, Callback callback) {
    return made(try_call_later(delay, std::move(callback)));
  }
  Ref<Handle> call_soon_threadsafe(Callback callback) {
    return made(try_call_soon_threadsafe(std::move(callback)));
  }
  void add_signal_handler(int signal, Callback callback) {
    throw_if(try_add_signal_handler(signal, std::move(callback)));
  }
  void add_reader(int descriptor, Callback callback) { throw_if(try_add_reader(descriptor, std::move(callback))); }
  void add_writer(int descriptor, Callback callback) { throw_if(try_add_writer(descriptor, std::move(callback))); }
  void run_forever() { throw_if(try_run_forever()); }
  void close() { throw_if(try_close()); }

  void set_exception_handler(ExceptionHandler handler) {
    handler_ = std::make_shared<ExceptionHandler>(std::move(handler));
  }
  /// Tells the exception handler, at once; without one, standard error.
  void call_exception_handler(const Report& report);
  /// ... that an error left a callback.
  void call_exception_handler(const Error& error, const Handle* handle = nullptr) {
    call_exception_handler(Report{Report::About::callback, *this, error, handle});
  }

  /// In debug mode jobs are reported that hold the thread for this long or longer (LIVE-7).
  void set_debug(bool debug) { debug_ = debug; }
  bool debug() const { return debug_; }
  Nanos slow_callback_duration = 100'000'000;

  /// The loop that runs on this thread, or null (PASS-18).
  static AbstractLoop* get_running_loop() { return running_; }
  /// The task whose step is running, or null (TASK-10).
  TaskBase* current_task() const { return current_task_; }
  /// The tasks that are not done (TASK-10).
  const std::vector<TaskBase*>& all_tasks() const { return tasks_; }

  /// Keeps it, on the loop's thread, until it has come or the loop goes.
  void expect(Ref<Expected> expected) { expected_.push_back(std::move(expected)); }
  void no_longer_expect(const Ref<Expected>& expected) { std::erase(expected_, expected); }

 protected:
  /// Marks this loop as the running one of its thread for as long as it exists.
  class Running {
   public:
    explicit Running(AbstractLoop& loop) { running_ = &loop; }
    ~Running() { running_ = nullptr; }
  };

  /// Destroys the frames of all tasks that are not done, and gives up what is expected of other
  /// threads, so that nothing outlives its loop. A task that nobody else holds is gone with that, and
  /// reported as lost (LIFE-3); so are errors that nobody has retrieved by now (LIFE-4).
  void abandon_tasks();

 private:
  friend class FutureBase;
  friend class GeneratorBase;
  friend class TaskBase;
  friend Coroutine<> shutdown_asyncgens(AbstractLoop& loop);

  static Ref<Handle> made(Ref<Handle> handle) {
    if (!handle) Error(Error::Kind::runtime).raise();
    return handle;
  }
  static void throw_if(const Error& error) {
    if (error) error.raise();
  }

  static inline thread_local AbstractLoop* running_ = nullptr;
  std::shared_ptr<ExceptionHandler> handler_;
  TaskBase* current_task_ = nullptr;
  std::vector<TaskBase*> tasks_;
  std::vector<Ref<Expected>> expected_;
  std::vector<FutureBase*> unretrieved_;    // ended with an error that nobody has asked for
  std::vector<GeneratorBase*> generators_;  // begun and not finished
  bool debug_ = false;
};

}  // namespace cede::reference
