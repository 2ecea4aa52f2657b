// Manners on a terminal: colour and progress only where somebody watches.
#pragma once

#include <cstdint>
#include <cstdio>
#include <string>

namespace cede {

/// Whether text to the stream may be coloured: it is a terminal, and neither NO_COLOR nor
/// TERM=dumb says otherwise.
bool colored(std::FILE* stream);

/// A line on standard error that says how far it is; nothing unless that is a terminal.
class Progress {
 public:
  explicit Progress(std::string what);
  ~Progress();
  void show(std::uint64_t done, std::uint64_t of);

 private:
  std::string what_;
  bool shown_;
  double last_ = 0;
};

}  // namespace cede
