// A campaign: many scenarios on one loop, every clause judged on each.
#pragma once

#include <cstdint>
#include <functional>
#include <map>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "adapters/adapters.h"
#include "ci/acceptor.h"
#include "ci/any_choices.h"
#include "properties/property.h"
#include "spec/chapters.h"

namespace cede {

/// What is counted of one clause.
struct Tally {
  std::uint64_t reached = 0;
  std::uint64_t decisive = 0;
  std::uint64_t violated = 0;
  std::uint64_t once = 0;  // it was violated, and not when the scenario was played again: that decides nothing
  std::map<std::string, std::uint64_t, std::less<>> variants;
  std::uint64_t first_violation = 0;  // the number of the scenario, from 1; 0 for none
};

/// A scenario, and its number.
struct Found {
  std::uint64_t number;
  Scenario scenario;
};

/// What came of one clause.
struct ClauseResult : Tally {
  const Clause* clause = nullptr;
  const Property* property = nullptr;
  std::vector<Found> found;  // the first few violations, to be confirmed and shrunk
};

/// Sees each scenario before and after it is played, those among them that are played again to find a smaller one.
class Witness {
 public:
  /// `number` is the scenario's own, from 1; 0 if it is played again.
  virtual void will_play(std::uint64_t number, const Scenario& scenario) = 0;
  virtual void has_played() = 0;

 protected:
  ~Witness() = default;
};

/// What came of comparing whole traces with the reference's (acceptor.h).
struct OrderResult {
  std::uint64_t compared = 0;
  std::uint64_t undecided = 0;
  std::uint64_t varied = 0;  // they part as CPython does (manners.h, known_partings.h)
  std::map<std::string, std::uint64_t, std::less<>> ways;  // ... in which way
  std::uint64_t unexplained = 0;      // the traces part, and no clause is violated
  std::vector<Found> found;           // the first few of these
  std::uint64_t first_unexplained = 0;  // as first_violation
};

class Campaign {
 public:
  /// For the properties of those clauses; tier X only if the loop declares the exact order. Then, in
  /// virtual time, its traces are also compared whole, except for the reference's own.
  Campaign(const Adapter& adapter, World::Pace pace, const std::vector<const Clause*>& clauses);

  /// From here on the loop's free choices are random instead of first come, first served.
  void choose_at_random() { world_.let_choose(&any_choices_); }

  void let_see(Witness& witness) { witness_ = &witness; }
  /// Of each clause so many violations are shrunk, to find the smallest scenario.
  void shrink_from(std::size_t count) { shrunk_ = count; }
  /// The next scenario is the one of this number, from 1.
  void number_from(std::uint64_t number) { number_ = number - 1; }

  /// Plays the examples of all clauses.
  void play_examples();
  /// Plays scenarios that follow from the seed. `go_on` is asked after each.
  void play_random(std::uint64_t seed, std::uint64_t count, const std::function<bool()>& go_on);
  void play(const Scenario& scenario);
  /// Plays the findings that are kept once more, of each clause until one comes a second time, and lets go of those
  /// that do not, as it may be with threads; if none does, of all. Nothing may have been sent ahead to the loop. Who
  /// plays one by one calls it at the end.
  void confirm();

  /// The smallest scenario found that still violates the clause, from several beginnings.
  Scenario smallest_violation(const ClauseResult& result);
  /// Plays it once more and judges it by one property.
  Verdict judge(const Scenario& scenario, const Property& property);

  /// Whether the loop is held to the exact order.
  bool compares() const { return acceptor_.has_value(); }
  const OrderResult& order() const { return order_; }
  /// The smallest scenario found whose trace parts from the reference's though no clause is violated.
  Scenario smallest_unexplained();
  /// Plays it once more; `acceptor()` then knows where the traces part.
  bool is_unexplained(const Scenario& scenario);
  const Acceptor& acceptor() const { return *acceptor_; }

  const std::vector<ClauseResult>& results() const { return results_; }
  std::uint64_t played() const { return played_; }
  /// How many scenarios the loop could not play, and why.
  const std::map<std::string, std::uint64_t, std::less<>>& unplayed() const { return unplayed_; }
  /// The trace of what was played last.
  const Trace& trace() const { return trace_; }
  const Adapter& adapter() const { return adapter_; }
  World::Pace pace() const { return world_.pace(); }

 private:
  static constexpr std::size_t findings_kept = 8;  // of each clause

  void play_and_read(const Scenario& scenario, std::uint64_t number = 0);
  void compare(const Scenario& scenario);
  bool parts_unexplained(const Scenario& scenario, OrderResult& order);

  const Adapter& adapter_;
  AnyChoices any_choices_;
  World world_;
  Trace trace_;
  History history_;
  std::vector<ClauseResult> results_;
  std::size_t shrunk_ = findings_kept;
  Witness* witness_ = nullptr;
  std::optional<Acceptor> acceptor_;
  OrderResult order_;
  std::uint64_t played_ = 0;
  std::map<std::string, std::uint64_t, std::less<>> unplayed_;
  std::uint64_t number_ = 0;  // of the scenario that was played last
};

}  // namespace cede
