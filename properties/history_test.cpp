// A trace put in order: registrations, futures, waits, jobs and passes, from traces written by hand.
#include "properties/history.h"

#include <gtest/gtest.h>

namespace cede {
namespace {

/// A trace as a loop would have given it, event by event.
struct Written {
  Event& add(What what, std::string_view step = "main: log x") {
    Event& event = trace.events.emplace_back();
    event.what = what;
    event.at = at;
    event.job = job;
    event.frame = frame;
    event.step = parse_scenario(step).scenario.steps.at(0);
    return event;
  }
  Event& did(std::string_view step, Id id = 0) {
    Event& event = add(What::did, step);
    event.id = id;
    return event;
  }
  /// A registration: call_soon and the like.
  Event& made(std::string_view step, Id id) {
    Event& event = did(step, id);
    event.made = id;
    return event;
  }
  void enter(std::string_view who, Id id, Id in_frame = 0) {
    job = ++jobs;
    frame = 0;  // the loop's doing, not a script's
    add(What::enter, std::string(who) + ": log x").id = id;
    frame = in_frame;
  }
  void leave(std::string_view who, Id id) {
    frame = 0;
    add(What::leave, std::string(who) + ": log x").id = id;
    job = 0;
    frame = 1;
  }
  void end(std::string_view who, Answer answer = {}) { add(What::end, std::string(who) + ": log x").answer = answer; }
  /// Of this trace, which has to outlive it.
  History history() const {
    History history;
    history.read(trace);
    return history;
  }

  Trace trace;
  Nanos at = 0;
  Id job = 0, jobs = 0, frame = 1;
};

const Answer yes = Answer::of(Value::of(true));
const Answer no = Answer::of(Value::of(false));

TEST(History, of_an_empty_trace_is_empty_and_not_complete) {
  History history = Written().history();
  EXPECT_TRUE(history.calls.empty() && history.futures.empty() && history.waits.empty() && history.jobs.empty());
  EXPECT_FALSE(history.complete);
  EXPECT_EQ(history.call(1), nullptr);
  EXPECT_EQ(history.future(1), nullptr);
}

TEST(History, a_call_is_known_from_its_registration_to_its_end) {
  Written w;
  w.made("main: call_soon a", 1);  // 0
  w.made("main: call_later 5ms b", 2).time = 5 * millisecond;
  w.did("main: cancel b", 2);  // 2
  w.did("main: cancel b", 2);  // 3: the first counts
  w.did("main: run");
  w.add(What::poll);            // 5
  w.enter("a", 1, 2);           // 6
  w.made("a: call_soon a", 3);  // 7
  w.leave("a", 1);              // 8
  History history = w.history();
  ASSERT_EQ(history.calls.size(), 3u);
  const Call& a = *history.call(1);
  EXPECT_EQ(a.verb, Verb::call_soon);
  EXPECT_EQ(a.asked, 0u);
  EXPECT_EQ(a.entered, 6u);
  EXPECT_EQ(a.calls, 1);
  EXPECT_EQ(a.cancelled, never);
  EXPECT_FALSE(a.timer());
  const Call& b = *history.call(2);
  EXPECT_TRUE(b.timer());
  EXPECT_EQ(b.deadline, 5 * millisecond);
  EXPECT_EQ(b.due, 5 * millisecond);
  EXPECT_EQ(b.cancelled, 2u);
  EXPECT_EQ(b.entered, never);
  EXPECT_EQ(history.call(3)->asked, 7u);
  ASSERT_EQ(history.jobs.size(), 1u);
  EXPECT_EQ(history.jobs[0].enter, 6u);
  EXPECT_EQ(history.jobs[0].leave, 8u);
  EXPECT_FALSE(history.jobs[0].step);
  EXPECT_EQ(history.call_of(history.jobs[0]), &a);
}

TEST(History, a_callback_that_is_called_twice_is_counted_twice_and_entered_once) {
  Written w;
  w.made("main: call_soon a", 1);
  w.enter("a", 1);
  w.leave("a", 1);
  w.enter("a", 1);
  w.leave("a", 1);
  History history = w.history();
  EXPECT_EQ(history.calls[0].calls, 2);
  EXPECT_EQ(history.calls[0].entered, 1u);
}

TEST(History, a_registration_that_was_refused_ignored_or_not_supported_is_none) {
  for (Answer answer : {Answer::raised(ErrorKind::runtime), Answer{Answer::Kind::ignored, {}},
                        Answer{Answer::Kind::unsupported, {}}}) {
    Written w;
    w.made("main: call_soon a", 1).answer = answer;
    EXPECT_TRUE(w.history().calls.empty());
  }
}

TEST(History, the_deadline_of_a_call_later_counts_from_the_call) {
  Written w;
  w.at = 7 * millisecond;
  w.made("main: call_later 5ms a", 1);
  w.made("main: call_at 5ms b", 2);
  w.made("main: call_later forever c", 3);
  History history = w.history();
  EXPECT_EQ(history.call(1)->deadline, 12 * millisecond);
  EXPECT_EQ(history.call(2)->deadline, 5 * millisecond);
  EXPECT_EQ(history.call(3)->deadline, forever);
}

TEST(History, a_pass_is_what_lies_between_two_polls) {
  Written w;
  w.did("main: run");
  w.add(What::poll);
  w.did("main: log a");
  w.did("main: log b");
  w.add(What::poll);
  w.did("main: log c");
  History history = w.history();
  EXPECT_EQ(history.polls, (std::vector<std::size_t>{1, 4}));
  EXPECT_EQ(history.pass(0), 0u);
  EXPECT_EQ(history.pass(2), history.pass(3));
  EXPECT_LT(history.pass(3), history.pass(5));
}

TEST(History, a_pass_ends_with_its_run_though_the_next_run_may_not_poll_first) {
  Written w;
  w.made("main: call_soon a", 1);
  w.did("main: run");
  w.add(What::poll);
  w.enter("a", 1, 2);
  w.made("a: call_soon b", 2);
  w.leave("a", 1);
  w.add(What::got, "main: run");
  w.did("main: run");
  Written polls = w;
  w.enter("b", 2);
  EXPECT_TRUE(w.history().in_a_later_pass(4, 8));
  EXPECT_FALSE(passes_are_whole(w.history()));
  polls.add(What::poll);
  polls.enter("b", 2);
  EXPECT_TRUE(polls.history().in_a_later_pass(4, 9));
  EXPECT_TRUE(passes_are_whole(polls.history()));
}

TEST(History, a_loop_reckons_its_wait_before_what_happens_outside) {
  Written w;
  w.did("main: run");
  w.at = 2 * millisecond;
  w.frame = 0;
  w.add(What::got, "main: write_later 1ms x 1");
  w.at = 3 * millisecond;
  w.add(What::poll);
  EXPECT_EQ(w.history().before_wait(2), 0);
}

TEST(History, a_future_is_completed_once_by_the_first_that_succeeds) {
  Written w;
  w.did("main: done f", 1).answer = no;  // 0
  w.did("main: set_result f 7", 1);      // 1
  w.did("main: set_exception f key", 1).answer = Answer::raised(ErrorKind::invalid_state);
  w.did("main: cancel_future f", 1).answer = no;
  w.did("main: set_exception g key", 2);           // 4
  w.did("main: cancel_future h", 3).answer = yes;  // 5
  History history = w.history();
  ASSERT_EQ(history.futures.size(), 3u);
  EXPECT_EQ(history.future(1)->made, 0u);
  EXPECT_EQ(history.future(1)->completed, 1u);
  EXPECT_EQ(history.future(1)->outcome, Answer::of(Value::of(std::int64_t{7})));
  EXPECT_EQ(history.future(2)->completed, 4u);
  EXPECT_TRUE(history.future(2)->outcome.is_raised(ErrorKind::key));
  EXPECT_TRUE(history.future(3)->outcome.is_raised(ErrorKind::cancelled));
  EXPECT_FALSE(history.future(1)->task);
}

TEST(History, a_done_callback_knows_its_future_and_when_it_was_removed) {
  Written w;
  for (Id made : {2, 3})
    w.did(made == 2 ? "main: add_done_callback f a" : "main: add_done_callback f b", 1).made = made;
  w.did("main: remove_done_callback f a", 1).answer = Answer::of(Value::of(std::int64_t{1}));
  History history = w.history();
  EXPECT_EQ(history.call(2)->future, 1u);
  EXPECT_EQ(history.call(2)->removed, 2u);
  EXPECT_EQ(history.call(3)->removed, never);
}

/// A task t that awaits a future f, which callback a completes.
Written a_task_that_waits() {
  Written w;
  w.did("main: create_task t", 1);        // 0
  w.made("main: call_soon a", 2);         // 1
  w.did("main: run");                     // 2
  w.add(What::poll);                      // 3
  w.enter("t", 1, 2);                     // 4
  w.did("t: await f", 3);                 // 5
  w.leave("t", 1);                        // 6
  w.enter("a", 2, 3);                     // 7
  w.did("a: set_result f", 3);            // 8
  w.leave("a", 2);                        // 9
  w.add(What::poll);                      // 10
  w.enter("t", 1, 2);                     // 11
  w.add(What::got, "t: await f").id = 3;  // 12
  w.end("t");                             // 13
  w.leave("t", 1);                        // 14
  w.add(What::poll).time = forever;       // 15
  w.add(What::rest);                      // 16
  w.add(What::got, "main: run");          // 17
  w.did("main: close");                   // 18
  return w;
}

TEST(History, a_task_has_steps_and_waits_and_an_end) {
  Written w = a_task_that_waits();
  History history = w.history();
  const FutureLife& task = *history.future(1);
  EXPECT_TRUE(task.task);
  EXPECT_EQ(task.made, 0u);
  EXPECT_EQ(task.steps, (std::vector<std::size_t>{0, 2}));
  EXPECT_EQ(task.completed, 13u);
  EXPECT_EQ(task.frame, 2u);
  ASSERT_EQ(history.waits.size(), 1u);
  const Wait& wait = history.waits[0];
  EXPECT_EQ(wait.asked, 5u);
  EXPECT_EQ(wait.got, 12u);
  EXPECT_TRUE(wait.suspended);
  EXPECT_EQ(wait.left, 6u);
  EXPECT_EQ(wait.task, 1u);
  EXPECT_EQ(wait.awaited, 3u);
  EXPECT_EQ(history.job_at(8)->number, 2u);
  EXPECT_EQ(history.job_at(2), nullptr);
  EXPECT_TRUE(history.jobs[2].step);
}

TEST(History, a_run_that_ends_at_rest_is_complete) { EXPECT_TRUE(a_task_that_waits().history().complete); }

TEST(History, a_run_that_fell_silent_got_stuck_or_went_on_after_resting_is_not_complete) {
  for (What what : {What::silent, What::stuck}) {
    Written w = a_task_that_waits();
    w.add(what);
    EXPECT_FALSE(w.history().complete);
  }
  Written w = a_task_that_waits();
  w.did("main: call_soon a");
  EXPECT_FALSE(w.history().complete);
}

TEST(History, a_task_that_was_cancelled_before_its_first_step_is_over_when_that_step_is) {
  Written w;
  w.did("main: create_task t", 1);
  w.did("main: cancel_task t", 1).answer = yes;  // 1
  w.enter("t", 1);
  w.frame = 0;
  w.leave("t", 1);  // 3
  History history = w.history();
  EXPECT_TRUE(history.cancels);
  EXPECT_EQ(history.future(1)->cancel_asked, 1u);
  EXPECT_EQ(history.future(1)->completed, 3u);
  EXPECT_TRUE(history.future(1)->outcome.is_raised(ErrorKind::cancelled));
}

TEST(History, a_job_inside_a_job_knows_the_outer_one) {
  Written w;
  w.made("main: call_soon a", 1);
  w.made("main: call_soon b", 2);
  w.enter("a", 1);
  w.enter("b", 2);
  History history = w.history();
  EXPECT_EQ(history.jobs[0].outer, 0u);
  EXPECT_EQ(history.jobs[1].outer, history.jobs[0].number);
  EXPECT_EQ(history.jobs[0].leave, never);
}

TEST(History, says_what_bends_the_rules) {
  auto of = [](std::string_view step) {
    Written w;
    w.did(step, 1);
    return w.history();
  };
  EXPECT_TRUE(of("a: raise exit").fatal);
  EXPECT_TRUE(of("a: set_exception f exit").fatal);
  EXPECT_FALSE(of("a: raise key").fatal);
  EXPECT_TRUE(of("a: run_in_new_loop b").other_loop);
  EXPECT_TRUE(of("a: send p").by_hand);
  EXPECT_TRUE(of("a: stop").stops);
  EXPECT_FALSE(of("a: log x").stops);
}

TEST(History, reads_a_second_trace_as_if_it_were_the_first) {
  Written w;
  w.did("main: cancel_task t", 9).answer = yes;
  w.did("main: stop");
  w.made("main: call_soon a", 30);
  w.enter("a", 30);
  History history = w.history();
  Written second = a_task_that_waits();
  history.read(second.trace);
  History fresh = second.history();
  EXPECT_EQ(history.calls.size(), fresh.calls.size());
  EXPECT_EQ(history.futures.size(), fresh.futures.size());
  EXPECT_EQ(history.waits.size(), fresh.waits.size());
  EXPECT_EQ(history.jobs.size(), fresh.jobs.size());
  EXPECT_EQ(history.polls, fresh.polls);
  EXPECT_EQ(history.call(30), nullptr);
  EXPECT_EQ(history.future(9), nullptr);
  EXPECT_FALSE(history.stops);
  EXPECT_TRUE(history.complete);
}

}  // namespace
}  // namespace cede
