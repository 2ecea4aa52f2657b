// Three that know nothing of each other agree on every program of the small scope: the abstract
// machine says which traces are legal, the reference's is one of them, and the judges and the
// acceptor object to none of them, but to those in which something is wrong.
#include "properties/machine.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdlib>

#include "ci/acceptor.h"
#include "properties/exhaustive.h"
#include "properties/property.h"
#include "properties/random.h"

namespace cede {
namespace {

/// `ci/soak` asks for one more.
std::size_t steps() {
  const char* steps = std::getenv("CEDE_STEPS");
  return steps ? std::strtoul(steps, nullptr, 10) : 3;
}

/// A callback that repeats itself and makes timers would have more orders than anybody can try.
constexpr std::size_t orders_max = 24;

class Judges {
 public:
  /// What one of them objects to; empty if nothing.
  std::string objection(const Trace& trace) {
    history_.read(trace);
    for (const Property& property : properties()) {
      Verdict verdict = property.judge(history_);
      if (verdict.violated()) return std::string(property.clause) + ": " + std::string(verdict.text);
    }
    return {};
  }

 private:
  History history_;
};

TEST(Machine, allows_what_the_reference_does_and_what_it_allows_is_judged_right) {
  World world;
  Trace seen;
  Judges judges;
  Acceptor acceptor(reference_adapter());
  std::size_t programs = 0, with_a_choice = 0;
  for_all_programs(steps(), [&](const Scenario& scenario) {
    ++programs;
    auto legal = legal_traces(scenario, orders_max);
    reference_adapter().run(reference_adapter(), scenario, world, seen);
    EXPECT_EQ(to_string(seen), to_string(legal[0])) << "the reference, and the machine, of\n" << to_string(scenario);
    EXPECT_FALSE(parting(seen, legal[0])) << "they part in their ids\n" << to_string(scenario) << to_string(seen);
    with_a_choice += legal.size() > 1;
    for (const Trace& trace : legal) {
      EXPECT_EQ(judges.objection(trace), "") << to_string(scenario) << to_string(trace);
      EXPECT_EQ(acceptor.judge(scenario, trace), Acceptor::Judgement::accepts)
          << to_string(scenario) << to_string(trace);
    }
    return !testing::Test::HasFailure();
  });
  EXPECT_EQ(programs, count_programs(steps()));
  EXPECT_GT(with_a_choice, 50u);
}

/// A job, from the event in which it is entered to behind the one in which it is left.
struct Block {
  std::size_t begin = 0, end = 0;
};

std::vector<Block> jobs_of(const Trace& trace) {
  std::vector<Block> jobs;
  for (std::size_t i = 0; i < trace.events.size(); ++i) {
    if (trace.events[i].what == What::enter) jobs.push_back({i, 0});
    if (trace.events[i].what == What::leave) jobs.back().end = i + 1;
  }
  if (!jobs.empty() && jobs.back().end == 0) jobs.pop_back();  // silence came
  return jobs;
}

/// Two jobs of one pass change places, or one of them does not happen. Empty if there is none.
Trace spoilt(Trace trace, Random& random) {
  auto jobs = jobs_of(trace);
  if (jobs.empty()) return {};
  auto begin = trace.events.begin();
  std::size_t chosen = random.below(static_cast<std::uint32_t>(jobs.size()));
  Block job = jobs[chosen];
  bool swaps = chosen + 1 < jobs.size() && jobs[chosen + 1].begin == job.end && random.once_in(2);
  if (swaps) std::rotate(begin + job.begin, begin + job.end, begin + jobs[chosen + 1].end);
  else trace.events.erase(begin + job.begin, begin + job.end);
  for (std::size_t i = 1; i < trace.events.size(); ++i)
    if (trace.events[i].at < trace.events[i - 1].at) return {};  // no clock does that
  return trace;
}

TEST(Machine, forbids_what_the_acceptor_and_most_often_a_judge_objects_to) {
  Judges judges;
  Acceptor acceptor(reference_adapter());
  Random random(20261122);
  std::size_t illegal = 0, convicted = 0;
  for_all_programs(steps(), [&](const Scenario& scenario) {
    auto legal = legal_traces(scenario, orders_max);
    if (legal.size() == orders_max) return true;
    Trace wrong = spoilt(legal[0], random);
    if (wrong.events.empty()) return true;
    auto alike = [text = to_string(wrong)](const Trace& trace) { return text == to_string(trace); };
    if (std::ranges::any_of(legal, alike)) return true;  // two callbacks of one name have changed places
    ++illegal;
    convicted += !judges.objection(wrong).empty();
    EXPECT_EQ(acceptor.judge(scenario, wrong), Acceptor::Judgement::rejects) << to_string(scenario) << to_string(wrong);
    return !testing::Test::HasFailure();
  });
  RecordProperty("illegal", static_cast<int>(illegal));
  RecordProperty("convicted", static_cast<int>(convicted));
  EXPECT_GT(illegal, 3000u);
  EXPECT_GT(convicted * 10, illegal * 8) << convicted << " of " << illegal << " illegal traces are convicted";
}

}  // namespace
}  // namespace cede
