// Exact order: is the trace of a loop that declares it one that the reference could have? Where the
// contract leaves a choice, the reference takes the one that the trace shows, and goes on.
#pragma once

#include <optional>
#include <vector>

#include "adapters/adapters.h"
#include "ci/manners.h"

namespace cede {

/// Where two traces part: at these events, or at the end of one of them.
struct Parting {
  std::size_t seen = 0;
  std::size_t expected = 0;
};

/// Nothing if the traces are alike to whoever looks on: the same is done, called and answered, in one
/// order and at the same times. When and how long the loop polls is its own affair.
std::optional<Parting> parting(const Trace& seen, const Trace& expected);

class Acceptor {
 public:
  /// The reference is to do what that loop can do, and no more.
  explicit Acceptor(const Adapter& loop);

  enum class Judgement { accepts, varies, rejects, undecided };

  /// `undecided` after so many replays that the choices seem to have no end; `varies` if the reference does the same
  /// with the manners of the loop's version (manners.h).
  Judgement judge(const Scenario& scenario, const Trace& seen);

  /// Of what varies: the manners without which the reference does not do the same.
  const std::vector<const Manner*>& needed() const { return needed_; }

  /// After a rejection: the trace of the reference that goes along furthest, and how far.
  const Trace& closest() const { return closest_; }
  Parting parted() const { return parted_; }

 private:
  struct Point {  // at which a choice was made
    std::size_t event;
    std::size_t of;
  };
  struct Attempt {
    std::vector<std::size_t> picks;  // the first choices; what comes after them is first come, first served
    std::vector<Point> points;
    Parting parted;
  };
  class Tape;

  Judgement judge_with(const std::vector<const Manner*>& manners);
  void find_needed();
  bool play(Attempt& attempt);
  bool explore(const Attempt& from);

  static constexpr int replays_max = 256;

  Adapter reference_;
  const std::vector<const Manner*> manners_;  // of the loop
  std::vector<const Manner*> played_with_, needed_;
  World world_;
  Trace trace_, closest_;
  Parting parted_;
  const Scenario* scenario_ = nullptr;
  const Trace* seen_ = nullptr;
  std::vector<Attempt> deferred_;
  int replays_ = 0;
};

}  // namespace cede
