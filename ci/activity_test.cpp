// What processes are said to do is what they do.
#include "ci/activity.h"

#include <gtest/gtest.h>
#include <sched.h>
#include <signal.h>
#include <sys/prctl.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <functional>
#include <thread>

namespace cede {
namespace {

/// A process that does this until it is ended.
class Process {
 public:
  explicit Process(const std::function<void()>& act) : id_(fork()) {
    if (id_ != 0) return;
    prctl(PR_SET_PDEATHSIG, SIGKILL);
    act();
    _exit(0);
  }
  ~Process() {
    kill(id_, SIGKILL);
    waitpid(id_, nullptr, 0);
  }
  Process(const Process&) = delete;
  Process& operator=(const Process&) = delete;

  /// Looks until that holds, which the test's time-out bounds.
  void wait_until(bool (*holds)(const Activity&)) const {
    while (!holds(activity_of(id_))) std::this_thread::sleep_for(std::chrono::milliseconds(5));
  }
  Activity activity() const { return activity_of(id_); }

 private:
  pid_t id_;
};

void compute() {
  for (volatile unsigned i = 0;; i = i + 1) {}
}

TEST(Activity, of_who_waits_is_none) {
  Process waits([] { pause(); });
  waits.wait_until([](const Activity& activity) { return !activity.is_busy; });
  EXPECT_LT(waits.activity().computed, 1);
}

TEST(Activity, of_who_computes_is_seen_with_its_threads_and_children) {
  Process process([] {
    const Process child([] { compute(); });
    std::thread thread([] { pause(); });
    thread.join();
  });
  process.wait_until([](const Activity& activity) { return activity.computed > 0.05; });
  EXPECT_TRUE(process.activity().is_busy);
}

TEST(Activity, of_who_is_kept_waiting_by_others_is_told_apart) {
  auto on_one_processor = [] {
    cpu_set_t one;
    CPU_ZERO(&one);
    CPU_SET(0, &one);
    sched_setaffinity(0, sizeof one, &one);
    compute();
  };
  Process first(on_one_processor), second(on_one_processor);
  for (const Process* process : {&first, &second})
    process->wait_until([](const Activity& activity) { return activity.kept_waiting > 0.05; });
}

TEST(Activity, of_nobody_is_none) {
  const pid_t gone = fork();
  if (gone == 0) _exit(0);
  waitpid(gone, nullptr, 0);
  const Activity activity = activity_of(gone);
  EXPECT_FALSE(activity.is_busy);
  EXPECT_EQ(activity.computed + activity.kept_waiting, 0);
}

}  // namespace
}  // namespace cede
