// spec/14-generators.md: what asking a generator costs, who may ask, and how it ends.
//
// What a generator does shows in the steps of its script and of the scripts that it calls: each
// `produce` waits until somebody asks for more, or closes.
#include <algorithm>

#include "properties/property.h"

namespace cede {
namespace {

/// One generator as the trace goes on.
struct Stand {
  Id id = 0;
  bool begun = false;
  bool in_loop = false;          // begun in one that stays: the second loop goes with its run
  bool over = false;
  std::size_t produced = never;  // the `produce` that waits for the next request
  std::size_t request = never;   // the one that is not answered yet, as an index
  std::size_t dropped = never;
  bool stubborn = false;  // it has yielded once more when it was closed; what is left of it, nobody says
};

/// One `anext` or `aclose`, and where the generator stood when it was made.
struct Request {
  std::size_t asked = never;
  std::size_t got = never;
  std::size_t produced = never;  // the `produce` that answers it
  bool closing = false;
  Stand before;
};

/// The requests of a trace in their order.
class Requests {
 public:
  explicit Requests(const History& history) : history_(history) {
    for (std::size_t index = 0; index < history.events().size(); ++index) read(index);
  }

  std::vector<Request> all;
  std::vector<Stand> stands;  // where each generator was left

 private:
  Stand& stand(Id id) {
    auto found = std::ranges::find(stands, id, &Stand::id);
    if (found != stands.end()) return *found;
    return stands.emplace_back(Stand{.id = id});
  }

  void read(std::size_t index) {
    const Event& event = history_[index];
    bool request = event.step.verb == Verb::anext || event.step.verb == Verb::aclose;
    bool done = !event.answer.without_effect();
    if (event.what == What::did && done && request) ask(index);
    if (event.what == What::got && request) answer(index);
    if (event.step.verb == Verb::produce && done) produce(index);
    if (event.what == What::destroyed) destroy(event.frame);
    if (event.did(Verb::drop) && event.id) stand(event.id).dropped = index;
  }

  /// With who asks goes the body that runs inside of it.
  void destroy(Id frame) {
    for (Request& request : all) {
      if (request.got != never || history_[request.asked].frame != frame) continue;
      Stand& asked = stand(request.before.id);
      if (asked.request == never || &all[asked.request] != &request) continue;
      asked = {.id = asked.id, .begun = true, .in_loop = asked.in_loop, .over = true};
    }
  }

  void ask(std::size_t index) {
    const Event& event = history_[index];
    Stand& asked = stand(event.id);
    all.push_back({.asked = index, .closing = event.step.verb == Verb::aclose, .before = asked});
    if (asked.over || asked.request != never) return;
    if (!asked.begun && all.back().closing) {
      asked.over = true;
      return;
    }
    const Job* job = history_.job_at(index);
    if (!asked.begun) asked.in_loop = job && !history_.in_other_loop(*job);
    asked.begun = true;
    asked.request = all.size() - 1;
  }

  void answer(std::size_t index) {
    for (auto request = all.rbegin(); request != all.rend(); ++request) {
      if (request->got != never || history_[request->asked].frame != history_[index].frame) continue;
      request->got = index;
      Stand& asked = stand(request->before.id);
      if (asked.request == never || &all[asked.request] != &*request) return;
      asked.request = never;
      asked.over = asked.produced == never;
      asked.stubborn |= request->closing && !asked.over;
      return;
    }
  }

  void produce(std::size_t index) {
    const Event& event = history_[index];
    if (event.what == What::got) {
      for (Stand& stand : stands)
        if (stand.produced != never && history_[stand.produced].frame == event.frame) stand.produced = never;
    } else {
      Stand& by = stand(event.id);
      by.produced = index;
      by.stubborn |= by.request == never;  // nobody has asked: the loop is closing it
      if (by.request != never) all[by.request].produced = index;
    }
  }

  const History& history_;
};

/// The answer of the `produce`; never if nobody asked again.
std::size_t resumed(const History& history, std::size_t produced) {
  for (std::size_t index = produced + 1; index < history.events().size(); ++index)
    if (history[index].what == What::got && history[index].frame == history[produced].frame) return index;
  return never;
}

bool closes(const History& history, std::size_t got) {
  return got != never && history[got].answer.is_raised(ErrorKind::generator_exit);
}

/// AGEN-1
Verdict only_what_a_generator_awaits_cedes(const History& history) {
  Ruling ruling;
  for (const Request& request : Requests(history).all) {
    if (const Event* next = history.next(request.asked))
      ruling.require(next->what != What::leave, request.asked + 1, "to ask a generator has ceded control");
    if (request.produced == never || request.closing) continue;
    const Event* next = history.next(request.produced);
    if (!next || next->what == What::destroyed) continue;  // who had asked held it alone
    bool handed_over = request.got == request.produced + 1;
    ruling.require(handed_over, request.produced + 1, "a value did not reach who had asked for it at once");
    if (handed_over)
      ruling.require(history[request.got].answer.value == history[request.produced].step.value ||
                         history[request.produced].step.value.none(),
                     request.got, "that is not the value that the generator has produced");
  }
  for (const Stand& stand : Requests(history).stands) {
    if (stand.request == never) continue;
    ruling.reached();
  }
  return ruling;
}

/// AGEN-2
Verdict one_request_at_a_time(const History& history) {
  Ruling ruling;
  for (const Request& request : Requests(history).all) {
    if (request.before.request == never || request.before.over || !history.next(request.asked)) continue;
    bool refused = request.got == request.asked + 1 && history[request.got].answer.is_raised(ErrorKind::runtime);
    ruling.require(refused, request.asked + 1, "a second request went into a generator that was busy with one");
  }
  return ruling;
}

/// AGEN-3
Verdict closing_a_generator_cleans_up_once(const History& history) {
  Ruling ruling;
  for (const Request& request : Requests(history).all) {
    const Stand& before = request.before;
    if (before.request != never || before.stubborn || !history.next(request.asked)) continue;
    bool at_once = request.got == request.asked + 1;
    if (before.over && request.closing) {
      ruling.require(at_once && !history[request.got].answer.is_raised(), request.asked + 1,
                     "to close a generator that is over was more than nothing");
    } else if (before.over) {
      ruling.require(at_once && history[request.got].answer.is_raised(ErrorKind::stop_iteration), request.asked + 1,
                     "a generator that is over had more to give");
    } else if (request.closing && before.produced != never) {
      ruling.require(closes(history, resumed(history, before.produced)) &&
                         resumed(history, before.produced) == request.asked + 1,
                     request.asked + 1, "the generator was closed, and did not clean up");
    } else if (request.closing && !before.begun) {
      ruling.require(at_once && !history[request.got].answer.is_raised(), request.asked + 1,
                     "a generator that had not begun did something when it was closed");
    }
  }
  return ruling;
}

/// AGEN-4
Verdict an_abandoned_generator_is_closed_by_the_loop(const History& history) {
  Ruling ruling;
  Requests requests(history);
  for (const Stand& stand : requests.stands) {
    if (stand.dropped == never || !stand.in_loop || stand.stubborn) continue;
    // What it had produced when its name was dropped and that nobody has asked beyond.
    std::size_t produced = never;
    bool busy = false;
    for (const Request& request : requests.all) {
      if (request.before.id != stand.id) continue;
      if (request.asked > stand.dropped || request.got > stand.dropped) busy = true;
      if (request.produced != never) produced = request.produced;
    }
    if (busy || produced == never) continue;
    std::size_t got = resumed(history, produced);
    if (got < stand.dropped) continue;  // it was over
    const Job* by = history.job_at(stand.dropped);
    if (got != never) {
      ruling.require(closes(history, got), got, "an abandoned generator went on");
      bool later = by ? got > by->leave : got > stand.dropped + 1;
      for (const Wait& wait : history.waits) {  // or who closes them all came first
        bool between = wait.asked > stand.dropped && wait.asked < got;
        later |= between && history[wait.asked].step.verb == Verb::shutdown_asyncgens;
      }
      ruling.require(later, got, "its cleanup ran inside of the drop, where it cannot await");
    } else if (history.complete && history.closed > stand.dropped && !history.fatal && by) {
      ruling.require(false, stand.dropped, "a generator was abandoned, and never cleaned up");
    }
  }
  for (const Wait& wait : history.waits) {
    if (history[wait.asked].step.verb != Verb::shutdown_asyncgens || wait.got == never) continue;
    if (history[wait.got].answer.is_raised()) continue;
    for (const Request& request : requests.all) {
      const Stand& last = *std::ranges::find(requests.stands, request.before.id, &Stand::id);
      if (!last.in_loop || last.stubborn || request.produced == never || request.produced > wait.asked) continue;
      std::size_t got = resumed(history, request.produced);
      if (got < wait.asked) continue;
      ruling.require(got < wait.got, wait.got, "a generator was still alive after all had been shut down");
    }
  }
  return ruling;
}

using enum Verb;

constexpr Property list[] = {
    {"AGEN-1", only_what_a_generator_awaits_cedes, {anext, aclose}, {runner}},
    {"AGEN-2", one_request_at_a_time, {anext, aclose}, {runner}},
    {"AGEN-3", closing_a_generator_cleans_up_once, {aclose}, {runner}},
    {"AGEN-4", an_abandoned_generator_is_closed_by_the_loop, {anext}, {runner}},
};

}  // namespace

std::span<const Property> generators() { return list; }

}  // namespace cede
