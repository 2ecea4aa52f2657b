// The door through which a program in any language commands the world that it lives in, unknown to its
// runtime: a descriptor. What can be said and what is told stands in drivers/README.md; preload.cpp catches
// who writes to the descriptor and reads from it.
#pragma once

#include <functional>
#include <map>
#include <mutex>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/virtual_time.h"

namespace cede {

class Door : WaitObserver {
 public:
  Door();
  Door(const Door&) = delete;
  Door& operator=(const Door&) = delete;

  /// Obeys commands, a line each. False at the first that cannot be obeyed; why is told on standard error.
  bool write(std::string_view commands);
  /// What has been told since it was read last, so much as there is room for.
  std::size_t read(char* to, std::size_t room);
  /// The process has been forked and this is the child, which lives in real time.
  void leave() { in_world_.reset(); }

 private:
  class Words;
  struct Verb;
  /// Null, or how to say it right.
  using Wrong = const char*;

  static const Verb* verb_of(const std::string& line);
  Wrong ask(const std::string& line);
  Wrong obey(const std::string& line);
  Wrong begin(Words& words);
  Wrong end(Words& words);
  Wrong busy(Words& words);
  Wrong expect(Words& words);
  Wrong limit(Words& words);
  Wrong at(Words& words);
  Wrong next(Words& words);
  Wrong off(Words& words);

  void happen(const std::string& key, const std::function<long()>& happens);
  void let_others_go_on();
  Nanos moment(Nanos since_beginning) const;

  void on_poll(Nanos timeout) override;
  void on_rest() override { wake("rest"); }
  void on_stuck() override { wake("stuck"); }
  void on_long_wait() override { wake("silent"); }
  void wake(const char* why);
  void tell(const std::string& line);

  // The thread of the scenario alone has to do with these.
  World* world_ = nullptr;
  std::optional<InWorld> in_world_;
  int wake_ = -1;
  bool onward_ = false;
  /// What is yet to happen, by key; that of `next` has no time.
  std::map<std::string, std::optional<World::Appointment>, std::less<>> pending_;

  std::mutex mutex_;  // of the rest
  bool begun_ = false;
  std::string told_;
  std::vector<std::string> asked_;  // by other threads
};

}  // namespace cede
