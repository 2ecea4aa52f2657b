// The door for loops that are not C++: a table of functions, which a shared object hands out by the one symbol
// `cede_plugin`. C99, and nothing else of cede is needed. `cede adapter new --lang c mine` writes one that works,
// `cede run --loop ./mine.so` plays on it, and `cede adapter check ./mine.so` says what is wrong with it.
//
// All functions are called on one thread, but for call_soon_threadsafe. Clocks and waits go through the C library
// (clock_gettime, poll, epoll_wait, select and the like): cede replaces them, and the loop lives in virtual time.
#pragma once

#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

/// The version of the table below.
#define CEDE_ABI 1u

/// `flags`: the loop fires a timer only once the clock is past its deadline, so that virtual time has to creep.
#define CEDE_NEEDS_CREEPING 1u

/// How the loop calls back: with the data that it was given, from `run` and never from the call that registers it.
typedef void (*cede_callback)(void *data);

typedef struct cede_table {
  uint32_t abi;         // CEDE_ABI
  uint32_t size;        // sizeof(cede_table)
  const char *name;     // of the loop
  const char *version;  // of the loop
  const char *mapping;  // what each function is on the loop, one a line, `call_soon: an idle handle each`
  int64_t resolution;   // of its timers, in nanoseconds, such as 1000000 if it counts milliseconds
  uint64_t flags;       // CEDE_NEEDS_CREEPING or 0

  void *(*create)(void);
  /// Nothing is owed any more when it is called.
  void (*destroy)(void *loop);
  /// The loop's clock, in nanoseconds.
  int64_t (*time)(void *loop);
  /// Calls back once, in the next turn. What it gives is good for `cancel` until it has called back, and not null.
  void *(*call_soon)(void *loop, cede_callback callback, void *data);
  /// Calls back once, `delay` nanoseconds from now: a multiple of the resolution, or not above 0 and over already.
  void *(*call_later)(void *loop, int64_t delay, cede_callback callback, void *data);
  /// Takes back a call that was not made yet.
  void (*cancel)(void *loop, void *call);
  /// Turns until `stop`, also while there is nothing to do.
  void (*run)(void *loop);
  /// Lets the turn finish, then has `run` return.
  void (*stop)(void *loop);

  // What a loop may leave out, as null: then the verbs that need it are unsupported. A loop that leaves out
  // call_soon_threadsafe needs add_reader, by which cede wakes it.

  /// Calls back once, in the loop's thread, and wakes the loop. Called on any thread.
  void (*call_soon_threadsafe)(void *loop, cede_callback callback, void *data);
  /// Calls back in every turn in which the descriptor can be read, until removed; not 0 if it cannot be watched. A
  /// descriptor has at most one reader and one writer at a time; they may be removed by any callback.
  int (*add_reader)(void *loop, int descriptor, cede_callback callback, void *data);
  void (*remove_reader)(void *loop, int descriptor);
  int (*add_writer)(void *loop, int descriptor, cede_callback callback, void *data);
  void (*remove_writer)(void *loop, int descriptor);
} cede_table;

/// What the shared object exports.
#if defined(__GNUC__)
__attribute__((visibility("default")))
#endif
const cede_table *cede_plugin(void);

#ifdef __cplusplus
}
#endif
