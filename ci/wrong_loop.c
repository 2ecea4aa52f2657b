// Plug-ins that are wrong, each in one way, for the tests of `cede adapter check`: CEDE_WRONG says in which.
#define _GNU_SOURCE
#include <signal.h>
#include <stdio.h>
#include <stdlib.h>
#include <string.h>
#include <sys/syscall.h>
#include <time.h>

static int wrong(const char *way) {
  const char *chosen = getenv("CEDE_WRONG");
  return chosen && strcmp(chosen, way) == 0;
}

/// The kernel's clock, past the C library.
static int raw_clock(clockid_t clock, struct timespec *now) {
  if (!wrong("raw_clock")) return clock_gettime(clock, now);
  long result;
  __asm__ volatile("syscall" : "=a"(result) : "a"(SYS_clock_gettime), "D"(clock), "S"(now) : "rcx", "r11", "memory");
  return (int)result;
}

#define clock_gettime raw_clock
#define cede_plugin right_plugin
#include "adapters/examples/my_loop.c"
#include "adapters/examples/my_loop_plugin.c"
#undef cede_plugin

static my_call kept;  // calls that outlive their loop, and that the next one makes

static void *create_wrongly(void) {
  if (wrong("no_loop")) return NULL;
  my_loop *loop = create();
  if (wrong("leaks")) eventfd(0, 0);
  if (!kept.next) init_ring(&kept);
  while (!is_empty(&kept)) {
    my_call *call = kept.next;
    take_out(call);
    make_ready(loop, call);
  }
  return loop;
}

static void cancel_wrongly(void *self, void *call) {
  my_loop *loop = self;
  if (wrong("cancel_ignored")) return;
  if (!wrong("left_over") || is_empty(&loop->ready)) {
    cancel(loop, call);
  } else {
    take_out(call);
    insert(&kept, call);
  }
}

static int64_t time_wrongly(void *loop) { return wrong("time_in_ms") ? now(loop) / 1000000 : now(loop); }

typedef struct {
  cede_callback callback;
  void *data;
  my_loop *loop;
} wrapped;

static void *wrap(my_loop *loop, cede_callback callback, void *data) {
  wrapped *call = malloc(sizeof *call);
  *call = (wrapped){callback, data, loop};
  return call;
}

static void call_twice(void *data) {
  wrapped call = *(wrapped *)data;
  free(data);
  call.callback(call.data);
  call.callback(call.data);
}

static void call_again_and_again(void *data) {
  wrapped *call = data;
  call->callback(call->data);
  my_loop_soon(call->loop, call_again_and_again, call);
}

static void *call_soon_wrongly(void *loop, cede_callback callback, void *data) {
  if (wrong("crashes")) raise(SIGSEGV);
  if (wrong("asserts")) fputs("wrong_loop.c: this cannot be\n", stderr), abort();
  if (wrong("leaves")) exit(1);
  if (wrong("leaves_well")) exit(0);
  if (wrong("null_call")) return call_soon(loop, callback, data), NULL;
  if (wrong("at_once")) return callback(data), data;
  if (wrong("never")) return make_call(callback, data);
  if (wrong("twice")) return call_soon(loop, call_twice, wrap(loop, callback, data));
  return call_soon(loop, callback, data);
}

static void *call_later_wrongly(void *loop, int64_t delay, cede_callback callback, void *data) {
  if (wrong("timer_never")) return make_call(callback, data);
  if (wrong("timer_in_us")) delay *= 1000;
  if (wrong("timer_from_ms")) delay /= 1000000;
  if (wrong("timer_early")) delay /= 2;
  if (wrong("by_chance")) delay += syscall(SYS_getpid) % 9973 * 1000;
  return call_later(loop, delay, callback, data);
}

static void *call_elsewhere(void *loop) {
  call_ready(loop);
  return NULL;
}

static void run_wrongly(void *self) {
  my_loop *loop = self;
  if (wrong("calls_elsewhere")) {
    pthread_t thread;
    pthread_create(&thread, NULL, call_elsewhere, loop);
    pthread_join(thread, NULL);
  }
  if (wrong("returns_at_once")) return;
  if (wrong("returns_when_idle")) {
    for (loop->stopping = 0; !loop->stopping && !(is_empty(&loop->ready) && is_empty(&loop->timers));) {
      wait_for_events(loop);
      collect_timers(loop);
      call_ready(loop);
    }
    return;
  }
  if (!wrong("spins") && !wrong("polls_for_nothing") && !wrong("waits_elsewhere")) {
    run(loop);
    return;
  }
  for (loop->stopping = 0; !loop->stopping;) {
    if (wrong("polls_for_nothing")) poll(NULL, 0, 0);
    if (wrong("waits_elsewhere") && is_empty(&loop->ready)) pause();
    collect_timers(loop);
    call_ready(loop);
  }
}

static void stop_wrongly(void *loop) {
  if (!wrong("stop_ignored")) stop(loop);
}

static void send_wrongly(void *loop, cede_callback callback, void *data) {
  if (wrong("does_not_wake")) my_loop_soon(loop, callback, data);
  else call_soon_threadsafe(loop, callback, data);
  if (wrong("wakes_again")) insert(&kept, make_call(callback, data));
}

static int add_reader_wrongly(void *loop, int descriptor, cede_callback callback, void *data) {
  if (wrong("reader_refused")) return -1;
  if (wrong("reader_never")) return 0;
  if (wrong("reader_always")) return !my_loop_soon(loop, call_again_and_again, wrap(loop, callback, data));
  return add_reader(loop, descriptor, callback, data);
}

static void remove_reader_wrongly(void *loop, int descriptor) {
  if (!wrong("reader_stays")) remove_reader(loop, descriptor);
}

static int add_writer_wrongly(void *loop, int descriptor, cede_callback callback, void *data) {
  return wrong("writer_never") ? 0 : add_writer(loop, descriptor, callback, data);
}

const cede_table *cede_plugin(void) {
  static cede_table table;
  if (wrong("no_table")) return NULL;
  table = *right_plugin();
  table.create = create_wrongly;
  table.cancel = cancel_wrongly;
  table.time = time_wrongly;
  table.call_soon = call_soon_wrongly;
  table.call_later = call_later_wrongly;
  table.run = run_wrongly;
  table.stop = stop_wrongly;
  table.call_soon_threadsafe = send_wrongly;
  table.add_reader = add_reader_wrongly;
  table.remove_reader = remove_reader_wrongly;
  table.add_writer = add_writer_wrongly;
  if (wrong("abi")) table.abi = CEDE_ABI + 1;
  if (wrong("size")) table.size -= 8;
  if (wrong("no_name")) table.name = "";
  if (wrong("no_version")) table.version = NULL;
  if (wrong("no_mapping")) table.mapping = NULL;
  if (wrong("no_cancel")) table.cancel = NULL;
  if (wrong("no_remove_reader")) table.remove_reader = NULL;
  if (wrong("nothing_wakes")) table.call_soon_threadsafe = NULL, table.add_reader = NULL;
  // Nothing is wrong with these.
  if (wrong("no_threads")) table.call_soon_threadsafe = NULL;
  if (wrong("no_descriptors")) table.add_reader = table.add_writer = NULL;
  return &table;
}
