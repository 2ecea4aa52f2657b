// my_loop as a plug-in for cede: cc -shared -fPIC my_loop_plugin.c my_loop.c -o my_loop.so
#include "adapters/cede.h"
#include "my_loop.h"

static void *create(void) { return my_loop_new(); }
static void destroy(void *loop) { my_loop_free(loop); }
static int64_t now(void *loop) { return (void)loop, my_loop_now(); }
static void *call_soon(void *loop, cede_callback callback, void *data) { return my_loop_soon(loop, callback, data); }
static void *call_later(void *loop, int64_t delay, cede_callback callback, void *data) {
  return my_loop_later(loop, delay, callback, data);
}
static void cancel(void *loop, void *call) { my_loop_cancel(loop, call); }
static void run(void *loop) { my_loop_run(loop); }
static void stop(void *loop) { my_loop_stop(loop); }
static void call_soon_threadsafe(void *loop, cede_callback callback, void *data) { my_loop_send(loop, callback, data); }
static int add_reader(void *loop, int descriptor, cede_callback callback, void *data) {
  return my_loop_watch(loop, descriptor, POLLIN, callback, data);
}
static void remove_reader(void *loop, int descriptor) { my_loop_unwatch(loop, descriptor, POLLIN); }
static int add_writer(void *loop, int descriptor, cede_callback callback, void *data) {
  return my_loop_watch(loop, descriptor, POLLOUT, callback, data);
}
static void remove_writer(void *loop, int descriptor) { my_loop_unwatch(loop, descriptor, POLLOUT); }

static const cede_table table = {
    .abi = CEDE_ABI,
    .size = sizeof(cede_table),
    .name = "my_loop",
    .version = "1.0",
    .mapping = "call_soon: my_loop_soon\n"
               "call_later, call_at: my_loop_later; the delay counts from the clock, not from the turn\n"
               "cancel: my_loop_cancel\n"
               "call_soon_threadsafe: my_loop_send, which is my_loop_soon and a wake-up\n"
               "add_reader, add_writer: my_loop_watch, POLLIN and POLLOUT\n"
               "run, stop: my_loop_run, my_loop_stop\n"
               "time: my_loop_now, CLOCK_MONOTONIC read anew",
    .resolution = 1,
    .create = create,
    .destroy = destroy,
    .time = now,
    .call_soon = call_soon,
    .call_later = call_later,
    .cancel = cancel,
    .run = run,
    .stop = stop,
    .call_soon_threadsafe = call_soon_threadsafe,
    .add_reader = add_reader,
    .remove_reader = remove_reader,
    .add_writer = add_writer,
    .remove_writer = remove_writer,
};

const cede_table *cede_plugin(void) { return &table; }
