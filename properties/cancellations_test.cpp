// What requests to cancel bring about, read off traces written by hand.
#include "properties/cancellations.h"

#include <gtest/gtest.h>

#include "properties/history.h"

namespace cede {
namespace {

using Met = Cancellation::Met;

/// A trace about tasks 1, 2, ... whose scripts are frames 11, 12, ...; 3 is a future.
struct Written {
  Event& add(What what, std::string_view step, Id id = 0) {
    Event& event = trace.events.emplace_back();
    event.what = what;
    event.job = job;
    event.frame = task ? 10 + task : main_frame;
    event.id = id;
    event.step = parse_scenario(step).scenario.steps.at(0);
    return event;
  }
  void create(std::string_view step, Id id) { add(What::did, step, id); }
  void ask(std::string_view step, Id id, Value answer = Value::of(true)) {
    add(What::did, step, id).answer = Answer::of(answer);
  }
  void enter(Id id) {
    job = ++jobs;
    add(What::enter, "t: log x", id).frame = 0;
    task = id;
  }
  void leave() {
    add(What::leave, "t: log x", task).frame = 0;
    job = task = 0;
  }
  /// The task's first step, in which it comes to wait.
  void begin(Id id, std::string_view step, Id awaited = 0) {
    enter(id);
    add(What::did, step, awaited);
    leave();
  }
  /// Of this trace, which has to outlive it.
  History history() const {
    History history;
    history.read(trace);
    return history;
  }

  Trace trace;
  Id job = 0, jobs = 0, task = 0;
};

TEST(Cancellations, meet_a_task_before_its_first_step) {
  Written w;
  w.create("main: create_task t", 1);
  w.ask("main: cancel_task t 5", 1);
  w.enter(1);
  w.leave();
  History history = w.history();
  ASSERT_EQ(history.cancellations.all.size(), 1u);
  const Cancellation& only = history.cancellations.all[0];
  EXPECT_EQ(only.met, Met::unbegun);
  EXPECT_EQ(only.job, 0u);
  EXPECT_EQ(only.message, Value::of(std::int64_t{5}));
  EXPECT_EQ(history.cancellations.requests(1, 1), 0);
  EXPECT_EQ(history.cancellations.requests(1, 2), 1);
}

TEST(Cancellations, cancel_the_future_that_a_task_waits_for) {
  Written w;
  w.create("main: create_task t", 1);
  w.begin(1, "t: await f", 3);
  w.ask("main: cancel_task t", 1);  // 4
  w.ask("main: cancel_task t", 1);
  History history = w.history();
  ASSERT_EQ(history.cancellations.all.size(), 1u);
  EXPECT_EQ(history.cancellations.all[0].met, Met::waiting);
  EXPECT_EQ(history.cancellations.all[0].requests, 2);
  EXPECT_EQ(history.cancellations.outcome(history, 3, 4), Answer{});
  EXPECT_EQ(history.cancellations.outcome(history, 3, 5), Answer::raised(ErrorKind::cancelled));
}

TEST(Cancellations, go_along_the_tasks_that_wait_for_each_other) {
  Written w;
  w.create("main: create_task t", 1);
  w.create("main: create_task u", 2);
  w.begin(1, "t: await u", 2);
  w.begin(2, "u: yield");
  w.ask("main: cancel_task t", 1);
  History history = w.history();
  ASSERT_EQ(history.cancellations.all.size(), 1u);
  EXPECT_EQ(history.cancellations.all[0].task, 2u);
  EXPECT_EQ(history.cancellations.all[0].met, Met::ceded);
  ASSERT_EQ(history.cancellations.passed.size(), 1u);
  EXPECT_EQ(history.cancellations.passed[0].outer, 1u);
  EXPECT_EQ(history.cancellations.requests(1, never) + history.cancellations.requests(2, never), 2);
}

TEST(Cancellations, of_a_running_task_strike_where_it_suspends) {
  Written w;
  w.create("main: create_task t", 1);
  w.enter(1);
  w.ask("t: cancel_task t", 1);
  w.add(What::did, "t: await f", 3);
  w.leave();  // 4
  History history = w.history();
  ASSERT_EQ(history.cancellations.all.size(), 1u);
  EXPECT_EQ(history.cancellations.all[0].met, Met::running);
  EXPECT_EQ(history.cancellations.all[0].struck, 4u);
  EXPECT_EQ(history.cancellations.all[0].future, 3u);
}

TEST(Cancellations, are_unknown_behind_a_circle_and_behind_a_request_that_was_taken_back) {
  Written circle;
  circle.create("main: create_task t", 1);
  circle.create("main: create_task u", 2);
  circle.begin(1, "t: await u", 2);
  circle.begin(2, "u: await t", 1);
  circle.ask("main: cancel_task t", 1);  // 8
  EXPECT_EQ(circle.history().cancellations.circle, 8u);
  EXPECT_EQ(circle.history().cancellations.until, 8u);
  Written back;
  back.create("main: create_task t", 1);
  back.ask("main: cancel_task t", 1);
  back.ask("main: uncancel t", 1, Value::of(std::int64_t{0}));  // 2
  EXPECT_EQ(back.history().cancellations.retracted, 2u);
  EXPECT_EQ(back.history().cancellations.until, 3u);
}

TEST(Cancellations, are_not_read_from_what_other_families_say) {
  Written w;
  w.create("main: create_task t", 1);
  w.add(What::did, "main: is_set f");
  w.ask("main: cancel_task t", 1);
  EXPECT_TRUE(w.history().cancellations.all.empty());
}

}  // namespace
}  // namespace cede
