// A turn of the loop: wait, collect what is ready and due, call it. What is added meanwhile waits for the next turn.
#define _GNU_SOURCE  // ppoll
#include "my_loop.h"

#include <pthread.h>
#include <stdlib.h>
#include <sys/eventfd.h>
#include <sys/stat.h>
#include <time.h>
#include <unistd.h>

struct my_call {
  my_call *previous, *next;  // in one of the loop's rings; null while in none
  my_callback callback;
  void *data;
  int64_t deadline;
  int stays;  // it belongs to a watch, and is called again
};

typedef struct my_watch {
  struct my_watch *next;
  int descriptor;
  short events;
  my_call call;  // in the ring of calls while it is ready
} my_watch;

struct my_loop {
  my_call timers;  // by deadline, equal ones in the order of their making
  my_call turn;    // to be called in this turn
  my_watch *watches;
  struct pollfd *polled;
  int stopping;
  int wakeup;  // an eventfd
  pthread_mutex_t mutex;
  my_call ready;  // to be called in the next turn; other threads add to it, under the mutex
};

static void init_ring(my_call *ring) { ring->previous = ring->next = ring; }
static int is_empty(const my_call *ring) { return ring->next == ring; }

static void insert(my_call *before, my_call *call) {
  call->previous = before->previous;
  call->next = before;
  call->previous->next = before->previous = call;
}

static void take_out(my_call *call) {
  if (!call->next) return;
  call->previous->next = call->next;
  call->next->previous = call->previous;
  call->previous = call->next = NULL;
}

static void make_ready(my_loop *loop, my_call *call) {
  pthread_mutex_lock(&loop->mutex);
  insert(&loop->ready, call);
  pthread_mutex_unlock(&loop->mutex);
}

static my_call *make_call(my_callback callback, void *data) {
  my_call *call = calloc(1, sizeof *call);
  call->callback = callback;
  call->data = data;
  return call;
}

int64_t my_loop_now(void) {
  struct timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * INT64_C(1000000000) + now.tv_nsec;
}

my_loop *my_loop_new(void) {
  my_loop *loop = calloc(1, sizeof *loop);
  init_ring(&loop->timers);
  init_ring(&loop->ready);
  init_ring(&loop->turn);
  pthread_mutex_init(&loop->mutex, NULL);
  loop->wakeup = eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC);
  my_loop_watch(loop, loop->wakeup, POLLIN, NULL, NULL);
  return loop;
}

void my_loop_free(my_loop *loop) {
  my_loop_unwatch(loop, loop->wakeup, POLLIN);
  while (loop->watches) my_loop_unwatch(loop, loop->watches->descriptor, loop->watches->events);
  my_call *rings[] = {&loop->timers, &loop->ready, &loop->turn};
  for (int i = 0; i < 3; ++i)
    while (!is_empty(rings[i])) my_loop_cancel(loop, rings[i]->next);
  close(loop->wakeup);
  pthread_mutex_destroy(&loop->mutex);
  free(loop->polled);
  free(loop);
}

my_call *my_loop_soon(my_loop *loop, my_callback callback, void *data) {
  my_call *call = make_call(callback, data);
  make_ready(loop, call);
  return call;
}

my_call *my_loop_later(my_loop *loop, int64_t delay, my_callback callback, void *data) {
  my_call *call = make_call(callback, data), *before = &loop->timers;
  if (__builtin_add_overflow(my_loop_now(), delay, &call->deadline)) call->deadline = delay < 0 ? 0 : INT64_MAX;
  while (before->previous != &loop->timers && before->previous->deadline > call->deadline) before = before->previous;
  insert(before, call);
  return call;
}

void my_loop_cancel(my_loop *loop, my_call *call) {
  pthread_mutex_lock(&loop->mutex);
  take_out(call);
  pthread_mutex_unlock(&loop->mutex);
  free(call);
}

void my_loop_send(my_loop *loop, my_callback callback, void *data) {
  my_loop_soon(loop, callback, data);
  eventfd_write(loop->wakeup, 1);
}

/// Where the list has it, or null.
static my_watch **find_watch(my_loop *loop, int descriptor, short events) {
  my_watch **at = &loop->watches;
  while (*at && ((*at)->descriptor != descriptor || (*at)->events != events)) at = &(*at)->next;
  return *at ? at : NULL;
}

int my_loop_watch(my_loop *loop, int descriptor, short events, my_callback callback, void *data) {
  struct stat status;
  if (fstat(descriptor, &status) != 0 || S_ISREG(status.st_mode)) return -1;
  if (find_watch(loop, descriptor, events)) return 0;
  my_watch *watch = calloc(1, sizeof *watch);
  watch->descriptor = descriptor;
  watch->events = events;
  watch->call.callback = callback;
  watch->call.data = data;
  watch->call.stays = 1;
  watch->next = loop->watches;
  loop->watches = watch;
  return 0;
}

void my_loop_unwatch(my_loop *loop, int descriptor, short events) {
  my_watch **at = find_watch(loop, descriptor, events);
  if (!at) return;
  my_watch *watch = *at;
  *at = watch->next;
  pthread_mutex_lock(&loop->mutex);
  take_out(&watch->call);
  pthread_mutex_unlock(&loop->mutex);
  free(watch);
}

/// How long the loop may wait; negative for ever.
static int64_t time_left(my_loop *loop) {
  if (loop->stopping || !is_empty(&loop->ready)) return 0;
  if (is_empty(&loop->timers)) return -1;
  int64_t left = loop->timers.next->deadline - my_loop_now();
  return left > 0 ? left : 0;
}

static void wait_for_events(my_loop *loop) {
  nfds_t count = 0;
  for (my_watch *watch = loop->watches; watch; watch = watch->next) ++count;
  loop->polled = realloc(loop->polled, count * sizeof *loop->polled);
  struct pollfd *polled = loop->polled;
  for (my_watch *watch = loop->watches; watch; watch = watch->next)
    *polled++ = (struct pollfd){watch->descriptor, watch->events, 0};
  int64_t left = time_left(loop);
  struct timespec limit = {left / 1000000000, left % 1000000000};
  if (ppoll(loop->polled, count, left < 0 ? NULL : &limit, NULL) <= 0) return;
  polled = loop->polled;
  for (my_watch *watch = loop->watches; watch; watch = watch->next, ++polled) {
    if (!polled->revents) continue;
    eventfd_t count;
    if (watch->descriptor == loop->wakeup) eventfd_read(loop->wakeup, &count);
    else make_ready(loop, &watch->call);
  }
}

static void collect_timers(my_loop *loop) {
  int64_t now = my_loop_now();
  while (!is_empty(&loop->timers) && loop->timers.next->deadline <= now) {
    my_call *call = loop->timers.next;
    take_out(call);
    make_ready(loop, call);
  }
}

static void call_ready(my_loop *loop) {
  pthread_mutex_lock(&loop->mutex);
  while (!is_empty(&loop->ready)) {
    my_call *call = loop->ready.next;
    take_out(call);
    insert(&loop->turn, call);
  }
  pthread_mutex_unlock(&loop->mutex);
  while (!is_empty(&loop->turn)) {
    my_call *call = loop->turn.next;
    my_callback callback = call->callback;
    void *data = call->data;
    take_out(call);
    if (!call->stays) free(call);
    callback(data);
  }
}

void my_loop_run(my_loop *loop) {
  do {
    wait_for_events(loop);
    collect_timers(loop);
    call_ready(loop);
  } while (!loop->stopping);
  loop->stopping = 0;
}

void my_loop_stop(my_loop *loop) { loop->stopping = 1; }
