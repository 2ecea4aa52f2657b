// spec/14-generators.md: what asking a generator costs, who may ask, and how it ends.
//
// What a generator does shows in the steps of its script and of the scripts that it calls: each
// `produce` waits until somebody asks for more.
#include <map>

#include "properties/property.h"

namespace cede {
namespace {

/// One `anext` or `aclose`.
struct Request {
  std::size_t asked = never;
  std::size_t got = never;
  Id generator = 0;
  bool closing = false;
};

/// Where a generator stands.
struct Stand {
  bool begun = false;
  bool over = false;
  std::size_t produced = never;  // the `produce` that waits for the next request
  std::size_t request = never;   // the one that is not answered yet, as an index
};

/// The requests of a trace in their order, and where the generator stood when each was made.
class Requests {
 public:
  explicit Requests(const History& history) : history_(history) {
    for (std::size_t index = 0; index < history.events().size(); ++index) read(index);
  }

  std::vector<Request> all;
  std::vector<Stand> before;  // each of them
  std::map<Id, Stand> last;   // at the end of the trace
  std::map<Id, std::size_t> dropped;
  bool uncertain = false;     // a generator was asked from within itself, or went on by itself

 private:
  void read(std::size_t index) {
    const Event& event = history_[index];
    bool answered = event.answer.kind != Answer::Kind::ignored && event.answer.kind != Answer::Kind::unsupported;
    if (event.what == What::did && answered) {
      switch (event.step.verb) {
        case Verb::create_generator: newest_[event.step.name] = event.id; break;
        case Verb::drop:
          if (auto named = newest_.find(event.step.name); named != newest_.end()) {
            dropped.emplace(named->second, index);
            newest_.erase(named);
          }
          break;
        case Verb::anext:
        case Verb::aclose: ask(index); break;
        case Verb::produce: produce(index); break;
        default: break;
      }
    }
    if (event.what == What::got && (event.step.verb == Verb::anext || event.step.verb == Verb::aclose)) answer(index);
    if (event.what == What::got && event.step.verb == Verb::produce) {
      for (auto& [id, stand] : last)
        if (stand.produced != never && history_[stand.produced].frame == event.frame) stand.produced = never;
    }
  }

  void ask(std::size_t index) {
    const Event& event = history_[index];
    Stand& stand = last[event.id];
    before.push_back(stand);
    all.push_back({.asked = index, .generator = event.id, .closing = event.step.verb == Verb::aclose});
    open_[event.frame] = all.size() - 1;
    if (stand.over || stand.request != never) return;
    if (all.back().closing && !stand.begun) {
      stand.over = true;
    } else {
      stand.begun = true;
      stand.request = all.size() - 1;
      running_.push_back(event.id);
    }
  }

  /// By the generator whose request was made last and is not answered.
  void produce(std::size_t index) {
    for (auto request = all.rbegin(); request != all.rend(); ++request) {
      Stand& stand = last[request->generator];
      if (request->got != never || stand.request != static_cast<std::size_t>(all.rend() - request) - 1) continue;
      stand.produced = index;
      return;
    }
    uncertain = true;
  }

  void answer(std::size_t index) {
    auto open = open_.find(history_[index].frame);
    if (open == open_.end()) return;
    std::size_t number = open->second;
    open_.erase(open);
    Request& request = all[number];
    request.got = index;
    Stand& stand = last[request.generator];
    if (stand.request != number) return;
    stand.request = never;
    if (stand.produced == never) stand.over = true;
  }

  const History& history_;
  std::map<Name, Id> newest_;
  std::map<Id, std::size_t> open_;  // by frame: the request that is not answered
  std::vector<Id> running_;
};

bool next_is_answer(const History& history, const Request& request) { return request.got == request.asked + 1; }

}  // namespace
}  // namespace cede
