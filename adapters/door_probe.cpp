// A program that is played with through the door, for door_test.cpp: its arguments are what it does, one
// after the other. It has two pipes, of descriptors 10 and 11, and 12 and 13; its loop watches 10.
#include <pthread.h>
#include <poll.h>
#include <signal.h>
#include <sys/epoll.h>
#include <sys/select.h>
#include <sys/wait.h>
#include <semaphore.h>
#include <time.h>
#include <unistd.h>

#include <algorithm>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string>

namespace {

int door() { return std::atoi(std::getenv("CEDE_DOOR")); }

void say(const std::string& text) {
  std::string line = text + "\n";
  if (write(door(), line.data(), line.size()) < 0) std::printf("%s\n", std::strerror(errno));
}

void hear() {
  char text[1 << 16];
  for (ssize_t size; (size = read(door(), text, sizeof text)) > 0;) std::fwrite(text, 1, size, stdout);
}

/// What each kind of wait finds on descriptor 10.
int wait(const std::string& with, int ms) {
  if (with == "epoll") {
    static const int epoll = epoll_create1(0);
    epoll_event event{.events = EPOLLIN};
    static const int added = epoll_ctl(epoll, EPOLL_CTL_ADD, 10, &event);
    return added < 0 ? added : epoll_wait(epoll, &event, 1, ms);
  }
  if (with == "poll") {
    pollfd loop{10, POLLIN, 0};
    return poll(&loop, 1, ms);
  }
  fd_set set;
  FD_ZERO(&set);
  FD_SET(10, &set);
  timeval time{ms / 1000, ms % 1000 * 1000};
  return select(11, &set, nullptr, nullptr, ms < 0 ? nullptr : &time);
}

void wait_and_tell(const std::string& with, int ms) {
  char bytes[64];
  int ready = wait(with, ms);
  if (ready > 0) std::printf("%zd bytes\n", read(10, bytes, sizeof bytes));
  else if (ready < 0) std::printf("%s\n", std::strerror(errno));
  hear();
}

/// Takes bytes from the second pipe, works for a while, and wakes the loop.
void* wake(void* calls) {
  for (char byte; read(12, &byte, 1) == 1;) {
    for (volatile int i = 0; i < 100'000;) i = i + 1;
    if (calls) say("next k write 11 3");
    if (write(11, &byte, 1) != 1) std::abort();
  }
  return nullptr;
}

void start(void* (*main)(void*), void* argument = nullptr) {
  pthread_t thread;
  pthread_create(&thread, nullptr, main, argument);
}

void* never_rest(void*) {
  for (;;) usleep(1000);
}

long long now() {
  timespec time;
  clock_gettime(CLOCK_MONOTONIC, &time);
  return time.tv_sec * 1'000'000'000LL + time.tv_nsec;
}

/// Nobody wakes it before.
void wait_with_deadline(const std::string& for_what, long long ms) {
  timespec deadline;
  clock_gettime(CLOCK_REALTIME, &deadline);
  deadline.tv_sec += ms / 1000;
  deadline.tv_nsec = std::min<long>(999'999'999, deadline.tv_nsec + ms % 1000 * 1'000'000);
  if (for_what == "semaphore") {
    sem_t semaphore;
    sem_init(&semaphore, 0, 0);
    std::printf("%s\n", sem_timedwait(&semaphore, &deadline) < 0 ? std::strerror(errno) : "woken");
  } else {
    pthread_mutex_t mutex = PTHREAD_MUTEX_INITIALIZER;
    pthread_cond_t condition = PTHREAD_COND_INITIALIZER;
    pthread_mutex_lock(&mutex);
    std::printf("%s\n", std::strerror(pthread_cond_timedwait(&condition, &mutex, &deadline)));
  }
}

/// The child waits for 20 ms, and uses its own door.
void fork_and_wait() {
  const long long before = now();
  if (fork() == 0) {
    usleep(20'000);
    std::printf("%s\n", now() - before > 1'000'000'000 || now() < before ? "another clock" : "the same clock");
    say("begin frozen -1");
    wait_and_tell("poll", 5);
    _exit(0);
  }
  ::wait(nullptr);
}

void act(const std::string& word, const std::string& rest) {
  static long long before = now();
  if (word == "epoll" || word == "poll" || word == "select") wait_and_tell(word, std::atoi(rest.c_str()));
  else if (word == "turns") for (int i = std::atoi(rest.c_str()); i > 0; --i) wait("poll", 0);
  else if (word == "thread") start(wake);
  else if (word == "caller") start(wake, &before);
  else if (word == "restless") start(never_rest);
  else if (word == "handle") signal(SIGUSR1, [](int) { if (write(11, "12345", 5) != 5) std::abort(); });
  else if (word == "ignore") signal(SIGUSR1, SIG_DFL);
  else if (word == "raise") kill(getpid(), SIGUSR1);
  else if (word == "condition" || word == "semaphore") wait_with_deadline(word, std::atoll(rest.c_str()));
  else if (word == "fork") fork_and_wait();
  else if (word == "sleep") usleep(std::atoi(rest.c_str()) * 1000);
  else if (word == "took") std::printf("%lld ms\n", (now() - before) / 1'000'000), before = now();
  else if (word == "forward") std::printf("%s\n", now() >= before ? "forward" : "back"), before = now();
  else if (word == "close") close(door());
  else if (word == "hear") hear();
  else say(word + (rest.empty() ? "" : " ") + rest);
}

}  // namespace

int main(int count, char** arguments) {
  int ends[4];
  if (pipe(ends) != 0 || pipe(ends + 2) != 0) return 1;
  for (int i = 0; i < 4; ++i) dup2(ends[i], 10 + i);
  setvbuf(stdout, nullptr, _IOLBF, 0);
  for (int i = 1; i < count; ++i) {
    std::string text = arguments[i];
    std::size_t space = text.find(' ');
    act(text.substr(0, space), space == text.npos ? "" : text.substr(space + 1));
  }
  _exit(0);
}
