// A process that plays scenarios on loops of another language: begun without a shell, asked and answering in lines,
// and ended with all that it has begun.
#pragma once

#include <sys/types.h>

#include <cstddef>
#include <stdexcept>
#include <string>
#include <string_view>
#include <vector>

namespace cede {

/// What a driver did that it must not, in one line.
struct DriverFailure : std::runtime_error {
  DriverFailure(const std::string& what, std::string said) : runtime_error(what), said(std::move(said)) {}

  std::string said;     // the last that it wrote to standard error
  bool ended = false;   // ... by ending
  bool killed = false;  // ... by somebody else, which says nothing of it
  bool absent = false;  // it was never there, or not able to begin
};

class Driver {
 public:
  /// Begins it. Throws DriverFailure, as do all others.
  explicit Driver(const std::vector<std::string>& command);
  /// Asks it to end, and sees to it.
  ~Driver();
  Driver(const Driver&) = delete;
  Driver& operator=(const Driver&) = delete;

  /// The line is sent while answers are waited for.
  void send(std::string_view line);
  /// The next line that it answers, without its end; valid until the next call.
  std::string_view receive();
  /// Says `bye` and waits for its end. It is a failure if it has more to say, or does not end.
  void end();

  /// What its process has computed by now, without what it has begun itself.
  double seconds_computed() const;
  /// The last that it has written to standard error by now.
  const std::string& said();
  /// How many descriptors are open in its process and those that this has begun.
  std::size_t descriptors_open() const;

  /// That it has failed, with what it has said.
  [[noreturn]] void fail(const std::string& what);

 private:
  void begin(const std::vector<std::string>& command);
  bool pump();
  static bool is_given_up(int& glances);
  void write_some();
  bool read_some();
  void wonder();
  void hear();
  void hear_all();
  [[noreturn]] void fail_at_end();
  bool has_ended(int milliseconds);
  void kill_group(int signal) const;
  /// Waits for the end of a process that is about to end.
  void reap();
  bool has_more();
  bool release();

  pid_t process_ = -1;
  int alive_ = -1;  // to wait for its end with
  int in_ = -1, out_ = -1, err_ = -1;
  int status_ = 0;
  int glances_ = 0;  // for which it was waited
  std::size_t sent_ = 0;
  std::string unsent_;
  std::string read_;       // what came
  std::size_t taken_ = 0;  // of that
  std::string said_;
};

/// The words of a command: they are parted by blanks, unless these are in single or double quotes. Throws
/// std::invalid_argument where a quote is not closed.
std::vector<std::string> words_of(std::string_view command);

}  // namespace cede
