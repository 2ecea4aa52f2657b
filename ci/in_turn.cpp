#include "ci/in_turn.h"

namespace cede {

void InTurn::come(std::uint64_t number, const Scenario& scenario) {
  const bool waits = adapter_.send_ahead && pace_ != World::Pace::real;  // in which both would keep each other waiting
  if (!waits) return play_(number, scenario);
  if (count_ == turns_.size()) hand_on();
  Turn& turn = turns_[(first_ + count_++) % turns_.size()];
  turn.number = number;
  turn.scenario = scenario;
  adapter_.send_ahead(adapter_, scenario, pace_);
}

void InTurn::finish() {
  while (count_ > 0) hand_on();
}

void InTurn::hand_on() {
  const Turn& turn = turns_[first_];
  first_ = (first_ + 1) % turns_.size();
  --count_;
  play_(turn.number, turn.scenario);
}

}  // namespace cede
