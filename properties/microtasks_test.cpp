// What the judges say of a loop of promises, and that nobody else is judged by it.
#include <gtest/gtest.h>

#include <algorithm>

#include "properties/property.h"

namespace cede {
namespace {

/// A trace as Node.js gives it.
struct Written {
  Event& add(What what, std::string_view step, Id id = 0) {
    Event& event = trace.events.emplace_back();
    event.what = what;
    event.job = job;
    event.frame = what == What::enter || what == What::leave || what == What::poll ? 0 : frame;
    event.step = parse_scenario(step).scenario.steps.at(0);
    event.id = id;
    return event;
  }
  /// `main: call_soon a` and the like.
  void made(std::string_view step, Id id) { add(What::did, step, id).made = id; }
  void main(std::string_view step, Id id = 0) {
    frame = 1;
    add(What::did, step, id);
  }
  /// A job that takes this step, or none.
  void job_of(std::string who, Id id, std::string_view step = {}, Id about = 0) {
    const std::string nothing = who + ": log x";
    job = ++jobs;
    add(What::enter, nothing, id);
    frame = 1 + jobs;
    if (!step.empty()) add(What::did, step, about);
    if (who == "t") add(What::end, nothing);
    add(What::leave, nothing, id);
    job = 0;
  }
  Verdict judge(std::string_view clause, bool promises) {
    trace.promises = promises;
    History history;
    history.read(trace);
    return std::ranges::find(properties(), clause, &Property::clause)->judge(history);
  }

  Trace trace;
  Id job = 0, jobs = 0, frame = 1;
};

/// A callback is queued, then a task is created, and the task begins first.
Written task_before_callback() {
  Written w;
  w.made("main: call_soon a", 1);
  w.main("main: create_task t", 2);
  w.main("main: run");
  w.job_of("t", 2);
  w.add(What::poll, "main: log x");
  w.job_of("a", 1);
  return w;
}

/// Two timers are due, the first creates a task, and the second comes before it.
Written task_behind_two_timers(std::string_view last_step_of_a = {}) {
  Written w;
  w.made("main: call_later 1ms a", 1);
  w.made("main: call_later 1ms b", 2);
  w.main("main: run");
  w.add(What::poll, "main: log x");
  w.job_of("a", 1, "a: create_task t", 3);
  if (!last_step_of_a.empty()) {
    Event raise = w.trace.events[w.trace.events.size() - 2];
    raise.id = 0;
    raise.step = parse_scenario(last_step_of_a).scenario.steps.at(0);
    w.trace.events.insert(w.trace.events.end() - 1, raise);
  }
  w.job_of("b", 2);
  w.job_of("t", 3);
  return w;
}

TEST(Microtasks, run_before_callbacks_where_promises_are_declared_and_overtake_them_elsewhere) {
  Written w = task_before_callback();
  EXPECT_TRUE(w.judge("PASS-1", false).violated());
  Verdict verdict = w.judge("PASS-1", true);
  EXPECT_EQ(verdict.kind, Verdict::Kind::variant);
  EXPECT_EQ(verdict.text, "in-a-microtask");
}

TEST(Microtasks, that_let_a_callback_go_first_are_too_late_only_where_promises_are_declared) {
  Written w = task_behind_two_timers();
  EXPECT_FALSE(w.judge("PASS-1", false).violated());
  Verdict verdict = w.judge("PASS-1", true);
  EXPECT_TRUE(verdict.violated());
  EXPECT_EQ(verdict.text, "the loop went on before it ran a microtask");
}

TEST(Microtasks, that_are_late_behind_an_error_are_the_fault_of_its_handling) {
  Written w = task_behind_two_timers("a: raise runtime");
  EXPECT_FALSE(w.judge("PASS-6", false).violated());
  EXPECT_TRUE(w.judge("PASS-6", true).violated());
  EXPECT_FALSE(w.judge("PASS-1", true).violated());
}

TEST(Microtasks, make_up_for_no_departure_where_their_order_is_broken) {
  Written w = task_before_callback();
  w.made("main: call_soon a", 4);
  w.main("main: create_task t", 5);
  w.main("main: run");
  w.add(What::poll, "main: log x");
  w.job_of("a", 4);
  w.job_of("t", 5);
  EXPECT_TRUE(w.judge("TASK-2", false).violated());
  EXPECT_EQ(w.judge("TASK-2", true).kind, Verdict::Kind::reached);
  EXPECT_TRUE(w.judge("PASS-1", true).violated());
}

TEST(Microtasks, are_granted_for_no_other_departure) {
  Written w;
  w.made("main: call_soon a", 1);
  w.main("main: cancel a", 1);
  w.main("main: run");
  w.add(What::poll, "main: log x");
  w.job_of("a", 1);
  EXPECT_TRUE(w.judge("PASS-5", false).violated());
  EXPECT_TRUE(w.judge("PASS-5", true).violated());
}

TEST(Promises, ignore_a_second_completion_and_nobody_else_may) {
  Written w;
  w.main("main: set_result f 1", 1);
  w.main("main: set_result f 2", 1);
  EXPECT_TRUE(w.judge("FUT-2", false).violated());
  Verdict verdict = w.judge("FUT-2", true);
  EXPECT_EQ(verdict.kind, Verdict::Kind::variant);
  EXPECT_EQ(verdict.text, "ignored");
}

}  // namespace
}  // namespace cede
