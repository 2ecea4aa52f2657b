// What is told to whom when something is lost, and how often.
#include "reference/report.h"

#include <gtest/gtest.h>

#include <vector>

#include "reference/loop.h"
#include "reference/run.h"

namespace cede::reference {
namespace {

/// A loop that writes down what it is told.
struct Told : Loop {
  Told() {
    set_exception_handler([this](const Report& report) {
      reports.push_back(report.about);
      if (report.error.kind() == Error::Kind::user) payloads.push_back(report.error.payload());
    });
  }
  ~Told() override { abandon_tasks(); }
  std::vector<Report::About> reports;
  std::vector<std::int64_t> payloads;
};

const std::vector<Report::About> nothing;
const std::vector once{Report::About::never_retrieved};

TEST(Report, an_error_that_nobody_retrieves_is_told_once_when_its_future_goes) {
  Told loop;
  {
    Future<> future(loop);
    future.set_exception(Error::user(7));
    EXPECT_EQ(loop.reports, nothing);
  }
  EXPECT_EQ(loop.reports, once);
  EXPECT_EQ(loop.payloads, std::vector<std::int64_t>{7});
}

TEST(Report, who_asks_for_an_error_or_cancels_has_retrieved_it) {
  Told loop;
  for (auto retrieve : {+[](Future<>& future) { (void)future.exception(); },
                        +[](Future<>& future) { (void)future.outcome(); },
                        +[](Future<>& future) { (void)future.cancel(); }}) {
    Future<> future(loop);
    future.set_exception(Error::user(7));
    retrieve(future);
  }
  EXPECT_EQ(loop.reports, nothing);
}

Coroutine<> fail() {
  Error::user(7).raise();
  co_return;
}
Coroutine<> wait_for(Future<> future) { co_await future; }

TEST(Report, an_error_that_somebody_awaits_is_passed_on_and_told_of_the_last_alone) {
  Told loop;
  {
    Task<> last = create_task(loop, wait_for(create_task(loop, fail())));
    while (!last.done()) {
      loop.stop();
      loop.run_forever();
    }
  }
  EXPECT_EQ(loop.reports, once);
}

TEST(Report, a_future_that_outlives_its_loop_is_told_of_at_the_end_of_the_loop) {
  std::vector<Report::About> reports;
  std::optional<Future<>> future;
  {
    Loop loop;
    loop.set_exception_handler([&](const Report& report) { reports.push_back(report.about); });
    future.emplace(loop);
    future->set_exception(Error::user(7));
  }
  future.reset();
  EXPECT_EQ(reports, once);
}

TEST(Report, a_pending_task_that_nobody_holds_is_told_of_at_the_end_of_the_loop) {
  std::vector<Report::About> reports;
  std::optional<Task<>> held;
  {
    Loop loop;
    loop.set_exception_handler([&](const Report& report) { reports.push_back(report.about); });
    create_task(loop, wait_for(Future<>(loop)));
    held = create_task(loop, wait_for(Future<>(loop)));
    loop.stop();
    loop.run_forever();
  }
  EXPECT_EQ(reports, std::vector{Report::About::lost_task});
  EXPECT_FALSE(held->done());
}

TEST(Report, names_the_callback_and_the_loop) {
  Loop loop;
  const Handle* handle = nullptr;
  AbstractLoop* from = nullptr;
  loop.set_exception_handler([&](const Report& report) { handle = report.handle, from = &report.loop; });
  Ref<Handle> bad = loop.call_soon([] { Error::user(7).raise(); });
  loop.stop();
  loop.run_forever();
  EXPECT_EQ(handle, bad.get());
  EXPECT_EQ(from, &loop);
}

TEST(Report, a_coroutine_that_goes_unstarted_is_told_of_and_does_not_run) {
  int told = 0;
  bool ran = false;
  never_awaited_handler = [&] { ++told; };
  { auto coroutine = [](bool& ran) -> Coroutine<> { ran = true; co_return; }(ran); }
  { auto closed = fail(); closed.close(); }
  {
    Loop loop;
    loop.close();
    EXPECT_THROW(create_task(loop, fail()), RuntimeError);  // the caller hears of it another way
  }
  never_awaited_handler = {};
  EXPECT_EQ(told, 1);
  EXPECT_FALSE(ran);
}

TEST(Report, a_slow_job_is_told_of_in_debug_mode) {
  struct Time : Clock {
    Nanos now() override { return time; }
    Nanos time = 0;
  } clock;
  EpollSelector selector;
  Loop loop(clock, selector);
  int slow = 0;
  loop.set_exception_handler([&](const Report& report) { slow += report.about == Report::About::slow_callback; });
  auto hold = [&](Nanos duration) {
    loop.call_soon([&, duration] { clock.time += duration; });
    loop.stop();
    loop.run_forever();
  };
  hold(200'000'000);
  loop.set_debug(true);
  hold(99'999'999);
  EXPECT_EQ(slow, 0);
  hold(100'000'000);
  EXPECT_EQ(slow, 1);
  loop.slow_callback_duration = 10'000'000;
  hold(10'000'000);
  EXPECT_EQ(slow, 2);
}

}  // namespace
}  // namespace cede::reference
