#include "ci/acceptor.h"

#include <algorithm>

namespace cede {
namespace {

bool alike(const Event& a, const Event& b) {
  return a.what == b.what && a.at == b.at && a.id == b.id && a.frame == b.frame && a.step == b.step &&
         a.answer == b.answer;
}

}  // namespace

std::optional<Parting> parting(const Trace& seen, const Trace& expected) {
  auto skip_polls = [](const Trace& trace, std::size_t& at) {
    while (at < trace.events.size() && trace.events[at].what == What::poll) ++at;
    return at < trace.events.size();
  };
  for (Parting at;; ++at.seen, ++at.expected) {
    bool some = skip_polls(seen, at.seen), wanted = skip_polls(expected, at.expected);
    if (!some && !wanted) return {};
    if (!some || !wanted || !alike(seen.events[at.seen], expected.events[at.expected])) return at;
  }
}

/// Makes the choices of an attempt, and writes down where there were any.
class Acceptor::Tape : public reference::Choices {
 public:
  Tape(Attempt& attempt, const Trace& trace) : attempt_(attempt), trace_(trace) {}

  std::size_t pick(std::size_t n) override {
    std::size_t at = attempt_.points.size();
    attempt_.points.push_back({trace_.events.size(), n});
    return at < attempt_.picks.size() ? std::min(attempt_.picks[at], n - 1) : 0;
  }

 private:
  Attempt& attempt_;
  const Trace& trace_;
};

Acceptor::Acceptor(const Adapter& loop) : reference_(reference_adapter()) { reference_.unsupported = loop.unsupported; }

Acceptor::Judgement Acceptor::judge(const Scenario& scenario, const Trace& seen) {
  scenario_ = &scenario;
  seen_ = &seen;
  replays_ = 0;
  parted_ = {};
  deferred_.clear();
  Attempt first;
  if (play(first) || explore(first)) return Judgement::accepts;
  while (!deferred_.empty() && replays_ < replays_max) {
    auto furthest = std::ranges::max_element(deferred_, {}, [](const Attempt& attempt) { return attempt.parted.seen; });
    Attempt from = std::move(*furthest);
    deferred_.erase(furthest);
    if (explore(from)) return Judgement::accepts;
  }
  return replays_ < replays_max ? Judgement::rejects : Judgement::undecided;
}

/// Whether the reference, choosing like this, does what was seen.
bool Acceptor::play(Attempt& attempt) {
  ++replays_;
  Tape tape(attempt, trace_);
  world_.let_choose(&tape);
  reference_.run(reference_, *scenario_, world_, trace_);
  world_.let_choose(nullptr);
  auto parted = parting(*seen_, trace_);
  if (!parted) return true;
  attempt.parted = *parted;
  if (replays_ == 1 || parted->seen > parted_.seen) {
    parted_ = *parted;
    closest_ = trace_;
  }
  return false;
}

/// Chooses otherwise, once, at each point before the parting. What leads further is followed at once.
bool Acceptor::explore(const Attempt& from) {
  for (std::size_t at = from.picks.size(); at < from.points.size(); ++at) {
    if (from.points[at].event > from.parted.expected) break;
    for (std::size_t other = 1; other < from.points[at].of; ++other) {
      if (replays_ >= replays_max) return false;
      Attempt next{from.picks, {}, {}};
      next.picks.resize(at, 0);
      next.picks.push_back(other);
      if (play(next)) return true;
      if (next.parted.seen <= from.parted.seen) deferred_.push_back(std::move(next));
      else if (explore(next)) return true;
    }
  }
  return false;
}

}  // namespace cede
