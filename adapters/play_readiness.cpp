// What the verbs of readiness mean. Descriptors are the kernel's: the loop watches the one end of a
// socket pair or a pipe, and the peer has the other.
#include <fcntl.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <utility>

#include "adapters/player.h"
#include "reference/receive.h"

namespace cede {
namespace {

using reference::Callback;
using reference::Coroutine;
using reference::Error;

constexpr std::size_t most_descriptors = 64;  // in a play, since a process has few
constexpr std::int64_t most_bytes = 64;       // at a time

const Answer ignored{Answer::Kind::ignored, {}};

Answer named(const char* name) { return Answer::of(Value::of(Name(name))); }

/// What the kernel answers for bytes that went through, for a full or empty buffer, and for a peer that
/// is gone in the midst of it.
Answer answer_of_kernel(ssize_t count) {
  if (count >= 0) return Answer::of(Value::of(std::int64_t{count}));
  return named(errno == EAGAIN ? "blocked" : "broken");
}

int checked(int result, const char* call) {
  if (result >= 0) return result;
  std::perror(call);
  std::abort();
}

/// A descriptor that is closed in time.
class Descriptor {
 public:
  explicit Descriptor(int number = -1) : number_(number) {}
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  ~Descriptor() { reset(); }

  void reset(int number = -1) {
    if (int old = std::exchange(number_, number); old >= 0) ::close(old);
  }
  operator int() const { return number_; }

 private:
  int number_;
};

/// The peer's end, and those of the loop's that are connected to it.
struct Peer : reference::Counted {
  Descriptor descriptor;
};

/// The loop's end.
struct End : reference::Counted {
  enum class Kind : std::uint8_t { pair, pipe, file };

  Id id = 0;
  Kind kind = Kind::pair;
  Descriptor descriptor;
  reference::Ref<Peer> peer = new Peer;

  /// A pair of sockets, the loop's end under this number if it is given one.
  void connect(int number) {
    int ends[2];
    checked(::socketpair(AF_UNIX, SOCK_STREAM | SOCK_NONBLOCK | SOCK_CLOEXEC, 0, ends), "socketpair");
    kind = Kind::pair;
    peer = new Peer;
    peer->descriptor.reset(ends[1]);
    if (number < 0) return descriptor.reset(ends[0]);
    checked(::dup3(ends[0], number, O_CLOEXEC), "dup3");
    ::close(ends[0]);
  }
};

class ReadinessPlayer : public FamilyPlayer {
 public:
  explicit ReadinessPlayer(Player& player) : FamilyPlayer(player) {}
  ~ReadinessPlayer() override {
    for (const auto& end : ends_) forget(*end);
  }

  Answer ask(const Line& line, Event& event) override {
    switch (line.step->verb) {
      case Verb::create_pair:
      case Verb::create_pipe:
      case Verb::open_file: return create(line, event);
      case Verb::duplicate: return duplicate(line, event);
      default: break;
    }
    End* end = end_of(line.name);
    if (!end) return ignored;
    event.id = end->id;
    switch (line.step->verb) {
      case Verb::add_reader:
      case Verb::add_writer: return add(line, *end, event);
      case Verb::remove_reader: return Answer::of(Value::of(player_.loop().remove_reader(end->descriptor)));
      case Verb::remove_writer: return Answer::of(Value::of(player_.loop().remove_writer(end->descriptor)));
      case Verb::write: return write(*line.step, *end);
      case Verb::write_later: return write_later(*line.step, end);
      case Verb::read: return read(*line.step, *end);
      case Verb::fill: return fill(*end);
      case Verb::drain: return drain(*end);
      case Verb::shut: return shut(*end);
      case Verb::reopen: return reopen(*end);
      default: return ignored;
    }
  }

  Coroutine<Value> await(const Line& line, Id frame) override {
    reference::Ref<End> end = end_of(line.name);
    Event& event = player_.record(What::did, *line.step, frame, end ? end->id : 0);
    if (!end || end->kind == End::Kind::file) {
      event.answer = ignored;
      co_return Value{};
    }
    std::array<std::byte, most_bytes> bytes;
    auto count = co_await reference::receive(player_.loop(), end->descriptor, bytes).settled();
    if (!count.ok()) co_return count.error();
    co_return Value::of(static_cast<std::int64_t>(count.value()));
  }

 private:
  /// What the name means; a pair if it means nothing yet, or null when there are too many.
  End* end_of(std::uint32_t name) {
    if (name < of_name_.size() && of_name_[name]) return of_name_[name];
    End* end = make(name);
    if (end) end->connect(-1);
    return end;
  }

  End* make(std::uint32_t name) {
    if (ends_.size() == most_descriptors) return nullptr;
    ends_.emplace_back(new End);
    if (name >= of_name_.size()) of_name_.resize(name + 1);
    of_name_[name] = ends_.back().get();
    of_name_[name]->id = player_.next_id();
    return of_name_[name];
  }

  Answer create(const Line& line, Event& event) {
    End* end = make(line.name);
    if (!end) return ignored;
    event.id = end->id;
    if (line.step->verb == Verb::create_pair) {
      end->connect(-1);
    } else if (line.step->verb == Verb::create_pipe) {
      int ends[2];
      checked(::pipe2(ends, O_NONBLOCK | O_CLOEXEC), "pipe2");
      end->kind = End::Kind::pipe;
      end->descriptor.reset(ends[0]);
      end->peer->descriptor.reset(ends[1]);
    } else {
      end->kind = End::Kind::file;
      end->descriptor.reset(checked(::open("/proc/self/exe", O_RDONLY | O_CLOEXEC), "open"));
    }
    return {};
  }

  Answer duplicate(const Line& line, Event& event) {
    reference::Ref<End> of = end_of(line.name);
    End* end = of ? make(line.second) : nullptr;
    if (!end) return ignored;
    event.id = of->id;
    event.made = end->id;
    end->kind = of->kind;
    end->peer = of->peer;
    end->descriptor.reset(checked(::fcntl(of->descriptor, F_DUPFD_CLOEXEC, 0), "fcntl"));
    return {};
  }

  Answer add(const Line& line, End& end, Event& event) {
    Id made = event.made = player_.next_id();
    Callback callback = player_.callback(*line.script, made);
    Error error = line.step->verb == Verb::add_reader
                      ? player_.loop().try_add_reader(end.descriptor, std::move(callback))
                      : player_.loop().try_add_writer(end.descriptor, std::move(callback));
    return answer_of(error);
  }

  static std::size_t bytes_in(const Step& step) {
    return static_cast<std::size_t>(std::clamp<std::int64_t>(step.value.number, 1, most_bytes));
  }

  static Answer write(const Step& step, const End& end) {
    if (end.peer->descriptor < 0) return ignored;
    std::array<char, most_bytes> bytes{};
    ssize_t count = ::write(end.peer->descriptor, bytes.data(), bytes_in(step));
    return count == static_cast<ssize_t>(bytes_in(step)) ? Answer{} : named("blocked");
  }

  Answer write_later(const Step& step, reference::Ref<End> end) {
    Nanos now = player_.world().now(), when;
    if (__builtin_add_overflow(now, step.time, &when)) when = step.time < 0 ? 0 : forever;
    player_.world().at(when, [this, &step, end] {
      if (!player_.observing()) return;
      Answer answer = write(step, *end);
      player_.record(What::got, step, 0, end->id).answer = answer;
    });
    return {};
  }

  static Answer read(const Step& step, const End& end) {
    if (end.kind == End::Kind::file) return ignored;
    std::array<char, most_bytes> bytes;
    return answer_of_kernel(::read(end.descriptor, bytes.data(), bytes_in(step)));
  }

  static Answer fill(const End& end) {
    if (end.kind != End::Kind::pair) return ignored;
    int least = 0;  // the kernel makes a few pages of it
    ::setsockopt(end.descriptor, SOL_SOCKET, SO_SNDBUF, &least, sizeof least);
    std::array<char, 4096> bytes{};
    while (::send(end.descriptor, bytes.data(), bytes.size(), MSG_NOSIGNAL) > 0) {}
    return errno == EAGAIN ? Answer{} : named("broken");
  }

  static Answer drain(const End& end) {
    if (end.kind != End::Kind::pair || end.peer->descriptor < 0) return ignored;
    std::array<char, 4096> bytes;
    while (::read(end.peer->descriptor, bytes.data(), bytes.size()) > 0) {}
    return {};
  }

  static Answer shut(const End& end) {
    if (end.peer->descriptor < 0) return ignored;
    end.peer->descriptor.reset();
    return {};
  }

  /// A descriptor with the same number, and nothing of what it was.
  Answer reopen(End& end) {
    forget(end);
    end.peer->descriptor.reset();
    end.connect(end.descriptor);
    return {};
  }

  /// Interests go before their descriptor does.
  void forget(const End& end) {
    player_.loop().remove_reader(end.descriptor);
    player_.loop().remove_writer(end.descriptor);
  }

  std::vector<reference::Ref<End>> ends_;
  std::vector<End*> of_name_;
};

}  // namespace

std::unique_ptr<FamilyPlayer> play_readiness(Player& player) { return std::make_unique<ReadinessPlayer>(player); }

}  // namespace cede
