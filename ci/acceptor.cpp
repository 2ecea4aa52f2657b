#include "ci/acceptor.h"

#include <algorithm>
#include <span>

namespace cede {
namespace {

/// Whether it tells of the end of something: what of it is told first, the memory says and no clause.
bool tells_of_an_end(const Event& event) {
  auto is = [&](std::string_view about) { return event.step.name == Name(about); };
  if (event.what == What::error) return is("lost_task") || is("never_retrieved");
  return event.what == What::destroyed || (event.what == What::warning && is("never_awaited"));
}

bool alike(const Event& a, const Event& b) {
  return a.what == b.what && a.at == b.at && a.id == b.id && a.frame == b.frame && a.step == b.step &&
         a.answer == b.answer;
}

/// How many events from these on are told of ends, and in both traces the same, in whatever order.
std::size_t ends_in_any_order(const Trace& seen, const Trace& expected, Parting at) {
  auto ends_from = [](const Trace& trace, std::size_t at) {
    std::size_t end = at;
    while (end < trace.events.size() && tells_of_an_end(trace.events[end])) ++end;
    return std::span(trace.events).subspan(at, end - at);
  };
  auto some = ends_from(seen, at.seen), wanted = ends_from(expected, at.expected);
  return std::ranges::is_permutation(some, wanted, alike) ? some.size() : 0;
}

/// A loop that waits for ever may do so in days, and find out after some that nothing is left (TIMER-15).
bool is_found_out_after_days(const Trace& trace, std::size_t rest) {
  constexpr Nanos day = 86'400'000'000'000;
  return rest > 0 && trace.events[rest].what == What::rest && trace.events[rest - 1].what == What::poll &&
         trace.events[rest - 1].time == day;
}

}  // namespace

std::optional<Parting> parting(const Trace& seen, const Trace& expected) {
  Nanos idle = 0;  // in which the loop has waited for ever
  auto skip_polls = [](const Trace& trace, std::size_t& at) {
    while (at < trace.events.size() && trace.events[at].what == What::poll) ++at;
    return at < trace.events.size();
  };
  for (Parting at;;) {
    bool some = skip_polls(seen, at.seen), wanted = skip_polls(expected, at.expected);
    if (!some && !wanted) return {};
    if (!some || !wanted) return at;
    if (is_found_out_after_days(seen, at.seen)) idle = seen.events[at.seen].at - expected.events[at.expected].at;
    Event event = seen.events[at.seen];
    event.at -= idle;
    std::size_t count = alike(event, expected.events[at.expected]) ? 1 : ends_in_any_order(seen, expected, at);
    if (count == 0) return at;
    at.seen += count;
    at.expected += count;
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

Acceptor::Acceptor(const Adapter& loop) : reference_(reference_adapter()), manners_(manners_of(loop)) {
  reference_.unsupported = loop.unsupported;
}

Acceptor::Judgement Acceptor::judge(const Scenario& scenario, const Trace& seen) {
  scenario_ = &scenario;
  seen_ = &seen;
  Judgement judgement = judge_with({});
  if (judgement != Judgement::rejects || manners_.empty()) return judgement;
  judgement = judge_with(manners_);
  if (judgement != Judgement::accepts) return judgement;
  find_needed();
  return Judgement::varies;
}

/// Leaves out one after the other what makes no difference.
void Acceptor::find_needed() {
  needed_ = manners_;
  for (const Manner* manner : manners_) {
    auto fewer = needed_;
    std::erase(fewer, manner);
    if (judge_with(fewer) == Judgement::accepts) needed_ = std::move(fewer);
  }
}

Acceptor::Judgement Acceptor::judge_with(const std::vector<const Manner*>& manners) {
  played_with_ = manners;
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
  Mannered mannered(played_with_, manners_.empty() ? nullptr : &tape);
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
