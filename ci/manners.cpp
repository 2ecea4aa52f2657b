#include "ci/manners.h"

#include <array>

#include <fmt/format.h>

#include "adapters/expectations.h"

namespace cede {
namespace {

using reference::Manners;

constexpr std::array all_manners{
    Manner{"WF-1 WF-2 WF-3 WF-4", "wait_for makes a task, and waits on a future of its own", "<3.12",
           &Manners::wait_for_has_a_task},
    Manner{"CANCEL-16", "a request that was taken back is raised all the same", "<3.13",
           &Manners::uncancel_leaves_the_error},
    Manner{"COND-4", "a notification is lost with who is cancelled", "<3.13", &Manners::notification_is_lost},
    Manner{"TG-2 TG-3", "a group takes its request back before it waits for its tasks", "<3.13",
           &Manners::group_takes_back_early},
    Manner{"GATHER-2", "what is done before is gathered at once", ">=3.12", &Manners::gather_counts_at_once},
    Manner{"AGEN-4", "generators are shut down in tasks of their own", "", &Manners::generators_end_in_tasks},
    Manner{"ASC-2", "as_completed keeps its timer when nobody takes from it any more", "",
           &Manners::as_completed_keeps_timer},
    Manner{"THR-8", "a signal takes one pass behind a call from a thread", "", &Manners::signals_come_with_calls},
    Manner{"LIFE-8", "a runner gathers the tasks that are left", "", &Manners::runner_gathers_tasks},
    Manner{"LIFE-8", "a runner shuts down its executor too", "", &Manners::runner_ends_executor},
};

}  // namespace

std::string Manner::spelling() const {
  return fmt::format("{}: {}{}", clauses, what, versions.empty() ? "" : fmt::format(" ({})", versions));
}

bool is_of_cpython(const LoopInfo& loop, std::string_view versions) {
  constexpr std::string_view language = "CPython ";
  if (!loop.language.starts_with(language)) return false;
  const std::string_view version = std::string_view(loop.language).substr(language.size());
  return versions.empty() || version_among(version, versions).value_or(false);
}

std::vector<const Manner*> manners_of(const LoopInfo& loop) {
  std::vector<const Manner*> manners;
  for (const Manner& manner : all_manners)
    if (is_of_cpython(loop, manner.versions)) manners.push_back(&manner);
  return manners;
}

Mannered::Mannered(const std::vector<const Manner*>& manners, reference::Choices* sets) {
  for (const Manner* manner : manners) reference::manners().*manner->flag = true;
  reference::manners().sets = sets;
}

}  // namespace cede
