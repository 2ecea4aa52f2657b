#include "reference/report.h"

#include <cstdio>

namespace cede::reference {

std::string_view Report::message() const {
  switch (about) {
    case About::callback: return "an error left a callback of the loop";
    case About::never_retrieved: return "nobody has asked for the error of a future that is gone";
    case About::lost_task: return "a task is gone before it was done";
    case About::left_over: return "a task failed while it was cancelled at the end of the run";
    case About::generator: return "an error left a generator that was being closed";
    case About::slow_callback: return "a job has held the loop for too long";
  }
  return {};
}

void report_never_awaited() {
  if (never_awaited_handler) (void)never_awaited_handler();
  else std::fputs("a coroutine was never awaited\n", stderr);
}

}  // namespace cede::reference
