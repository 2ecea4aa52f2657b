// The barebones network example of the documents: a client that computes and asks a slow server, three
// times, first one after the other and then at the same time. There is nothing underneath but the loop,
// non-blocking sockets and an awaitable of our own.
//
//     serial: 1.36 s            computing and waiting one after the other
//     asynchronous: 0.76 s      computing while waiting
#include <arpa/inet.h>
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <stdexcept>
#include <string>
#include <system_error>
#include <thread>

#include "reference/loop.h"
#include "reference/run.h"

using namespace cede::reference;

namespace {

constexpr Nanos millisecond = 1'000'000;
constexpr Nanos answer_takes = 250 * millisecond;
constexpr Nanos computation_takes = 200 * millisecond;
constexpr Nanos chunk_takes = 5 * millisecond;
constexpr Nanos time_limit = 4000 * millisecond;
constexpr int rounds = 3;

/// Throws for a call that failed; one that only would have blocked gives -1, to be tried again.
int checked(int result, const char* call) {
  if (result < 0 && errno != EAGAIN && errno != EINPROGRESS)
    throw std::system_error(errno, std::generic_category(), call);
  return result;
}

// An awaitable of our own: a future that a reader or a writer of the loop completes.

class Readiness {
 public:
  Readiness(Loop& loop, int descriptor, Interest interest)
      : loop_(loop), descriptor_(descriptor), interest_(interest), ready_(loop) {
    auto complete = [ready = ready_] {
      if (!ready.done()) ready.set_result();
    };
    if (interest_ == Interest::read) loop_.add_reader(descriptor_, complete);
    else loop_.add_writer(descriptor_, complete);
  }
  /// However the await ends, by a cancellation too, nobody is left to be called.
  ~Readiness() {
    if (interest_ == Interest::read) loop_.remove_reader(descriptor_);
    else loop_.remove_writer(descriptor_);
  }
  Readiness(const Readiness&) = delete;
  Readiness& operator=(const Readiness&) = delete;

  auto operator co_await() const { return ready_.operator co_await(); }

 private:
  Loop& loop_;
  int descriptor_;
  Interest interest_;
  Future<> ready_;
};

// Non-blocking sockets on top of it.

class Socket {
 public:
  Socket() : Socket(checked(::socket(AF_INET, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0), "socket")) {}
  explicit Socket(int descriptor) : descriptor_(descriptor) {}
  Socket(Socket&& other) noexcept : descriptor_(std::exchange(other.descriptor_, -1)) {}
  ~Socket() {
    if (descriptor_ >= 0) ::close(descriptor_);
  }
  operator int() const { return descriptor_; }

 private:
  int descriptor_;
};

Coroutine<> connect(Loop& loop, const Socket& socket, sockaddr_in address) {
  int connected = ::connect(socket, reinterpret_cast<sockaddr*>(&address), sizeof address);
  if (checked(connected, "connect") == 0) co_return;
  co_await Readiness(loop, socket, Interest::write);
  int error = 0;
  socklen_t size = sizeof error;
  checked(::getsockopt(socket, SOL_SOCKET, SO_ERROR, &error, &size), "getsockopt");
  if (error != 0) throw std::system_error(error, std::generic_category(), "connect");
}

Coroutine<> send_line(Loop& loop, const Socket& socket, std::string line) {
  line += '\n';
  for (std::size_t sent = 0; sent < line.size();) {
    auto count = checked(::send(socket, line.data() + sent, line.size() - sent, MSG_NOSIGNAL), "send");
    if (count >= 0) sent += count;
    else co_await Readiness(loop, socket, Interest::write);
  }
}

Coroutine<std::string> receive_line(Loop& loop, const Socket& socket) {
  std::string line;
  while (!line.ends_with('\n')) {
    char bytes[256];
    auto count = checked(::recv(socket, bytes, sizeof bytes, 0), "recv");
    if (count == 0) throw std::runtime_error("the other side has hung up");
    if (count > 0) line.append(bytes, count);
    else co_await Readiness(loop, socket, Interest::read);
  }
  line.pop_back();
  co_return line;
}

// The server, which has a thread and a loop of its own and takes its time.

Coroutine<> answer(Loop& loop, Socket client) {
  std::string question = co_await receive_line(loop, client);
  co_await sleep(loop, answer_takes);
  co_await send_line(loop, client, "the answer to " + question);
}

Coroutine<> answer_all(Loop& loop, Socket listener) {
  for (;;) {
    int client = checked(::accept4(listener, nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC), "accept");
    if (client >= 0) create_task(loop, answer(loop, Socket(client)));
    else co_await Readiness(loop, listener, Interest::read);
  }
}

class Server {
 public:
  Server() {
    Socket listener;
    socklen_t size = sizeof address_;
    auto* address = reinterpret_cast<sockaddr*>(&address_);
    checked(::bind(listener, address, size), "bind");
    checked(::listen(listener, 8), "listen");
    checked(::getsockname(listener, address, &size), "getsockname");
    create_task(loop_, answer_all(loop_, std::move(listener)));
    thread_ = std::thread([this] { loop_.run_forever(); });
  }
  ~Server() {
    loop_.call_soon_threadsafe([this] { loop_.stop(); });
    thread_.join();
  }

  const sockaddr_in& address() const { return address_; }

 private:
  // Of the loopback; for port 0 the system chooses one that is free.
  sockaddr_in address_{
      .sin_family = AF_INET, .sin_port = 0, .sin_addr = {htonl(INADDR_LOOPBACK)}, .sin_zero = {}};
  Loop loop_;
  std::thread thread_;
};

// The client.

/// Holds the thread, but cedes control after each chunk.
Coroutine<double> compute(Loop& loop) {
  double sum = 0;
  for (Nanos spent = 0; spent < computation_takes; spent += chunk_takes) {
    for (Nanos end = loop.time() + chunk_takes; loop.time() < end;) sum += 1 / (1 + sum);
    co_await yield();
  }
  co_return sum;
}

Coroutine<> request(Loop& loop, const sockaddr_in& server, int number) {
  std::string question = "question " + std::to_string(number);
  Socket socket;
  co_await connect(loop, socket, server);
  co_await send_line(loop, socket, question);
  std::string answered = co_await receive_line(loop, socket);
  if (answered != "the answer to " + question) throw std::runtime_error("a wrong answer: " + answered);
}

Coroutine<> serial(Loop& loop, const sockaddr_in& server) {
  for (int i = 0; i < rounds; ++i) {
    co_await compute(loop);
    co_await request(loop, server, i);
  }
}

Coroutine<> compute_all(Loop& loop) {
  for (int i = 0; i < rounds; ++i) co_await compute(loop);
}
Coroutine<> request_all(Loop& loop, const sockaddr_in& server) {
  for (int i = 0; i < rounds; ++i) co_await request(loop, server, i);
}
Coroutine<> asynchronous(Loop& loop, const sockaddr_in& server) {
  Task<> computing = create_task(loop, compute_all(loop));
  Task<> requesting = create_task(loop, request_all(loop, server));
  co_await computing;
  co_await requesting;
}

void time_and_print(Loop& loop, const char* name, Coroutine<> client) {
  Nanos before = loop.time();
  run_until_complete(loop, std::move(client));
  std::printf("%s: %.2f s\n", name, static_cast<double>(loop.time() - before) / 1e9);
}

}  // namespace

int main() {
  try {
    Server server;
    Loop loop;
    loop.call_later(time_limit, [] { throw ExitError{}; });  // the one error that leaves a loop
    time_and_print(loop, "serial", serial(loop, server.address()));
    time_and_print(loop, "asynchronous", asynchronous(loop, server.address()));
    return 0;
  } catch (const ExitError&) {
    std::fprintf(stderr, "server: no answer in time\n");
  } catch (const std::exception& error) {
    std::fprintf(stderr, "server: %s\n", error.what());
  }
  return 1;
}
