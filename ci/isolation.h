// Loops in processes of their own: a broken one takes only its child down, which is known, kept and told.
#pragma once

#include <string>
#include <string_view>

#include "ci/child.h"
#include "ci/report.h"

namespace cede {

/// Tells the parent what is played, and sees to it that a loop keeps its words to itself.
class PulseWitness : public Witness {
 public:
  explicit PulseWitness(Pulse& pulse) : pulse_(pulse) {}
  void will_play(std::uint64_t number, const Scenario& scenario) override;
  void has_played() override { Child::leave_if_scribbled(); }

 private:
  Pulse& pulse_;
};

enum class Opened { well, not_there, broken };
/// What a loop tells of itself, opened in a child; or, in `why`, what to do where it is not there and what shows that,
/// or how it broke down.
Opened describe(std::string_view name, LoopInfo& info, std::string& why);

struct Hands {
  unsigned jobs = 1;     // children at a time
  double patience = 10;  // seconds that each of them may go without a beat (child.h)
};

/// Plays the slices of a run that are the shard's, each in a child, and adds up what they say, which does not depend
/// on how many there are at a time. After a few crashes a slice is given up.
LoopReport play_isolated(const LoopInfo& info, const Terms& terms, const Shard& shard, Hands hands);

}  // namespace cede
