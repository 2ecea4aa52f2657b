// my_loop: a small event loop around poll(2). Callbacks, timers, descriptors, and calls from other threads.
#pragma once

#include <poll.h>
#include <stdint.h>

#ifdef __cplusplus
extern "C" {
#endif

typedef struct my_loop my_loop;
typedef struct my_call my_call;
typedef void (*my_callback)(void *data);

my_loop *my_loop_new(void);
/// Frees the loop and all calls that it still owes.
void my_loop_free(my_loop *loop);

/// Nanoseconds on the monotonic clock.
int64_t my_loop_now(void);

/// Calls back once, in the next turn, or after a delay in nanoseconds. The call is gone before it is made.
my_call *my_loop_soon(my_loop *loop, my_callback callback, void *data);
my_call *my_loop_later(my_loop *loop, int64_t delay, my_callback callback, void *data);
void my_loop_cancel(my_loop *loop, my_call *call);
/// my_loop_soon for any thread, without a way back.
void my_loop_send(my_loop *loop, my_callback callback, void *data);

/// Calls back in each turn in which poll(2) finds the event, POLLIN or POLLOUT, or an error. There is one watch for
/// each descriptor and event; one that is there stays. Not 0 for what is always ready, such as files.
int my_loop_watch(my_loop *loop, int descriptor, short events, my_callback callback, void *data);
void my_loop_unwatch(my_loop *loop, int descriptor, short events);

/// Turns until stopped; the turn in which that happens is finished.
void my_loop_run(my_loop *loop);
void my_loop_stop(my_loop *loop);

#ifdef __cplusplus
}
#endif
