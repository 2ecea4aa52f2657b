#include "reference/abstract_loop.h"

#include <cstdio>

#include "reference/async_generator.h"
#include "reference/task.h"

namespace cede::reference {

Error AbstractLoop::try_add_reader(int, Callback) { return Error(Error::Kind::runtime); }
Error AbstractLoop::try_add_writer(int, Callback) { return Error(Error::Kind::runtime); }

void AbstractLoop::call_exception_handler(const Report& report) {
  auto handler = handler_;  // it may replace itself while it runs
  if (!handler || !*handler) {
    std::string_view message = report.message();
    std::fprintf(stderr, "%.*s (kind %d)\n", static_cast<int>(message.size()), message.data(),
                 static_cast<int>(report.error.kind()));
    return;
  }
  (void)(*handler)(report);  // its own error stops nobody (PASS-7)
}

void AbstractLoop::abandon_tasks() {
  for (Ref<Expected>& expected : std::exchange(expected_, {})) expected->give_up();
  std::vector<Ref<TaskBase>> all(tasks_.begin(), tasks_.end());  // none goes while another lets go of it
  for (Ref<TaskBase>& task : all) task->abandon();
  all.clear();
  while (!unretrieved_.empty()) unretrieved_.back()->report_never_retrieved();
}

/// What outlives the loop must not look for it.
AbstractLoop::~AbstractLoop() {
  for (GeneratorBase* generator : generators_) generator->forget_loop();
  abandon_tasks();
  for (TaskBase* task : tasks_) task->place_ = TaskBase::nowhere;
}

}  // namespace cede::reference
