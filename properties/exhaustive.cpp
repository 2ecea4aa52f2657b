#include "properties/exhaustive.h"

#include <algorithm>
#include <string_view>
#include <vector>

namespace cede {
namespace {

constexpr std::string_view letters = R"(
main: call_soon a
main: call_soon b
main: call_later 10ms a
main: call_later 10ms b
main: call_later -10ms b
main: cancel a
main: create_coroutine c
main: create_task t
main: create_task u
main: add_done_callback f a
main: set_result f 1
main: set_exception f key
main: cancel_future f
main: cancel_task t
main: uncancel t
main: stop
main: run
main: run_until_complete f
main: run_until_complete t
main: busy 10ms

a: call_soon a
a: call_soon b
a: call_later 0ms b
a: call_later 10ms b
a: call_later -10ms b
a: cancel b
a: create_task t
a: add_done_callback f b
a: remove_done_callback f b
a: set_result f 2
a: set_exception f key
a: cancel_future f
a: cancel_task t
a: cancel_task u
a: cancelling t
a: stop
a: run
a: busy 10ms
a: raise key
a: raise exit

t: yield
t: await f
t: await u
t: await t
t: await c
t: create_coroutine c
t: sleep 0ms
t: sleep 10ms
t: call c
t: catch cancelled c
t: catch generic c
t: current_task
t: call_soon a
t: call_soon b
t: call_later 10ms b
t: create_task u
t: add_done_callback t b
t: set_result f 3
t: cancel_task t
t: cancel_task u
t: uncancel t
t: stop
t: busy 10ms
t: result f
t: raise key
t: raise exit
t: return 4

c: yield
c: await f
c: await u
c: sleep 10ms
c: call_soon b
c: cancel_task t
c: cancel_task u
c: uncancel t
c: set_result f 5
c: raise key
c: return 6

u: yield
u: await f
u: await t
u: await c
u: sleep 10ms
u: set_result f 7
u: cancel_task t
u: raise key
u: return 8

b: set_result f 9
b: cancel a
b: done t
)";

/// The script that the step starts, if it does.
Name started_by(const Step& step) {
  return !takes_script(step.verb) ? Name() : step.script ? step.script : step.name;
}

/// Writes one script after the other, in the order in which lines start them.
class Enumeration {
 public:
  Enumeration(std::size_t steps, const std::function<bool(const Scenario&)>& check) : left_(steps), check_(check) {}

  bool all() { return go_on(0); }

 private:
  /// The script says one more step, or the next one has its turn.
  bool go_on(std::size_t script) {
    if (left_ > 0)
      for (const Step& step : alphabet())
        if (step.who == started_[script] && !with(step, script)) return false;
    return script + 1 < started_.size() ? go_on(script + 1) : check_(program_);
  }

  bool with(const Step& step, std::size_t script) {
    Name starts = started_by(step);
    bool first = starts && std::ranges::find(started_, starts) == started_.end();
    if (first) started_.push_back(starts);
    program_.steps.push_back(step);
    --left_;
    bool all = go_on(script);
    ++left_;
    program_.steps.pop_back();
    if (first) started_.pop_back();
    return all;
  }

  std::size_t left_;
  const std::function<bool(const Scenario&)>& check_;
  std::vector<Name> started_{main_script};
  Scenario program_;
};

}  // namespace

std::span<const Step> alphabet() {
  static const Scenario all = parse_scenario(letters).scenario;
  return all.steps;
}

bool for_all_programs(std::size_t steps, const std::function<bool(const Scenario&)>& check) {
  return Enumeration(steps, check).all();
}

std::uint64_t count_programs(std::size_t steps) {
  std::uint64_t count = 0;
  for_all_programs(steps, [&](const Scenario&) { return ++count > 0; });
  return count;
}

}  // namespace cede
