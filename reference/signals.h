// Signals as jobs of a loop (THR-7): what the system calls in the middle of anything only writes the
// signal's number to a pipe; the loop reads it and queues the handler.
#pragma once

#include <csignal>
#include <map>

#include "reference/handle.h"

namespace cede::reference {

class Loop;

class Signals {
 public:
  explicit Signals(Loop& loop) : loop_(loop) {}
  /// From here on whoever wakes the loop writes to the pipe too, and may have it read sooner (manners.h).
  void share_pipe() { shared_ = open(); }
  void wake();
  ~Signals() { clear(); }
  Signals(const Signals&) = delete;
  Signals& operator=(const Signals&) = delete;

  /// Has the loop call back whenever the process gets the signal, in place of the handler before. An
  /// error for signals that cannot be caught and for callers other than the main thread (THR-9).
  Error try_add(int signal, Callback callback);
  /// Restores what the process did with the signal before. Whether there was a handler (THR-9).
  bool remove(int signal);
  /// Puts everything back as it was.
  void clear();

 private:
  struct Handler : Counted {
    explicit Handler(Callback callback) : callback(std::move(callback)) {}
    Callback callback;
    Context context = Context::current();
  };
  struct Registered {
    Ref<Handler> handler;
    struct sigaction action_before;
    int pipe_before;
  };

  bool open();
  void close();
  void queue_handlers();

  Loop& loop_;
  int read_end_ = -1, write_end_ = -1;
  bool shared_ = false;
  std::map<int, Registered> registered_;
};

}  // namespace cede::reference
