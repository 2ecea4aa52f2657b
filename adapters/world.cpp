#include "adapters/world.h"

#include <array>

#include "adapters/baton.h"

namespace cede {
namespace {

constexpr std::array<std::string_view, 3> paces{"frozen", "creeping", "real"};

}  // namespace

std::string_view World::spelling(Pace pace) { return paces[static_cast<std::size_t>(pace)]; }

std::optional<World::Pace> World::pace_of(std::string_view word) {
  const auto found = std::ranges::find(paces, word);
  if (found == paces.end()) return std::nullopt;
  return static_cast<Pace>(found - paces.begin());
}

void World::begin(WaitObserver& observer) {
  observer_ = &observer;
  if (now_ > latest_beginning || pace_ == Pace::creeping) now_ = origin;  // who waits for ever uses time up
  if (pace_ != Pace::real) now_ = (now_ / second + 1) * second;
  beginning_ = now();
  expected_until_ = forever;
  waits_ = polls_ = long_waits_ = 0;
  struck_.clear();
}

void World::end() {
  observer_ = nullptr;
  outside_.clear();
  ending_ = true;
  while (!at_next_wait_.empty()) let_others_go_on();
  ending_ = false;
}

void World::busy(Nanos duration) {
  if (duration <= 0) return;
  if (pace_ == Pace::real) {
    for (Nanos end = now() + duration; now() < end;) let_happen();
  } else {
    const Nanos end = now_ + std::min(duration, std::max<Nanos>(0, latest - now_));
    for (; next_outside() <= end; let_happen()) jump(next_outside());
    jump(end);
  }
}

World::Appointment World::appoint(Nanos when, Outside outside) {
  return outside_.emplace(Appointment{when, ++appointments_}, std::move(outside)).first->first;
}

void World::let_happen() {
  // One moment at a time: in real time the loop may be late for several, and has to be let see the first.
  const Nanos moment = next_outside();
  while (moment <= now() && next_outside() == moment) {
    Outside outside = std::move(outside_.begin()->second);
    outside_.erase(outside_.begin());  // first, since what happens may make appointments itself
    outside.happens();
    if (outside.is_timer) struck_.insert(outside.waiter);
  }
}

void World::let_others_go_on() {
  for (auto& happens : std::exchange(at_next_wait_, {})) happens();
}

void World::woken() {
  if (Baton* baton = Baton::mine(); baton && next_outside() > now()) baton->let_loop_go_on(*this);
}

void World::count_wait(Nanos limit) {
  if (!observer_) return;
  observer_->on_poll(limit);
  if (limit < long_wait && ++waits_ == waits_max) observer_->on_stuck();
  if (waits_ > 2 * waits_max) throw Stuck{};
}

/// What ends the wait if nothing else does: what the loop has said, or its first timer descriptor.
Nanos World::limit_of(Nanos timeout, int waiter) const {
  if (struck_.contains(waiter) || struck_.contains(anybody)) return 0;
  const Nanos timer = next_outside(waiter, true);
  return timer == forever ? timeout : std::min(timeout, std::max<Nanos>(0, timer - now()));
}

Nanos World::next_outside(int waiter, bool limiting) const {
  auto is_meant = [=](const auto& entry) { return entry.second.limits(waiter) == limiting; };
  auto next = std::ranges::find_if(outside_, is_meant);
  return next == outside_.end() || next->first.first > latest ? forever : next->first.first;
}

Nanos World::deadline_of(Nanos timeout, Nanos limit) {
  // Where `for ever` cannot be said, or is not trusted, a loop says a long wait instead, again and again, be it
  // to its timer descriptor.
  long_waits_ = limit >= long_wait ? long_waits_ + 1 : 0;
  in_vain_ = long_waits_ > 1 && (now() > expected_until_ || long_waits_ > long_waits_max);
  if (timeout == forever || in_vain_) return forever;
  if (timeout <= 0) return now();
  Nanos left = latest - now();
  return timeout > left ? forever : now() + timeout;  // beyond the end of time is never
}

void World::rest(int rests) {
  if (!observer_ || rests > rests_max) throw Stuck{};
  observer_->on_rest();
}

void World::give_up_waiting(int rests) {
  if (!observer_ || rests > rests_max) throw Stuck{};
  observer_->on_long_wait();
}

void World::pass_without_waiting() {
  if (pace_ == Pace::real) return;
  // A loop that polls and polls sees time creep on, as it would for real.
  if (++polls_ >= polls_max && now_ < latest) now_ += microsecond;
  // It may say each time that it would wait for ever, because of a descriptor that it does not heed.
  if (!observer_) return;
  if (polls_ == waits_max && waits_ < waits_max) observer_->on_stuck();
  if (polls_ > 2 * waits_max) throw Stuck{};
}

}  // namespace cede
