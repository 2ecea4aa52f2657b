#include "ci/coverage.h"

#include <algorithm>
#include <set>

#include <fmt/format.h>

#include "adapters/adapters.h"
#include "ci/report.h"
#include "spec/statements.h"

namespace cede {
namespace {

/// What is known of each clause of the contract once the reference has been played.
class Coverage {
 public:
  explicit Coverage(const LoopReport& report) : report_(report) {}

  /// One line a clause.
  void print_clauses() {
    fmt::print("{:<10} {:<6} {:<4} {:>9} {:>9}\n", "clause", "level", "tier", "reached", "decisive");
    for (const std::string& id : statements().contract) print_clause(id);
  }

  void print_statements() const {
    int hold = 0, all = 0;
    for (const Statement& statement : statements().statements) {
      ++all;
      std::string red;
      for (const std::string& id : statement.clauses)
        if (!green_.contains(id)) red += " " + id;
      if (red.empty()) ++hold;
      else fmt::print("{}: {}: not verified:{}\n", statement.where, statement.words, red);
    }
    fmt::print("{} of {} statements of the documents hold, by all of their clauses\n", hold, all);
  }

  /// The sum, and what the shell gets.
  Exit conclude() const {
    fmt::print("{} of {} clauses accounted for: {} judged, {} untestable; {} MUST below {} decisive scenarios\n",
               judged_ + untestable_, statements().contract.size(), judged_, untestable_, below_, report_.floor);
    for (const ChapterError& error : statements().errors)
      fmt::print("spec/{}:{}: {}\n", error.file, error.line, error.what);
    if (violated_) return Exit::departs;
    if (World::interrupted) return Exit::interrupted;
    bool complete = judged_ + untestable_ == static_cast<int>(statements().contract.size());
    return complete && below_ == 0 && statements().errors.empty() ? Exit::verified : Exit::not_verified;
  }

 private:
  void print_clause(const std::string& id) {
    const Clause* clause = find_clause(chapters(), id);
    auto result = std::ranges::find(report_.clauses, clause, &ClauseReport::clause);
    if (!clause) {
      fmt::print("{:<10} in no chapter\n", id);
    } else if (!clause->untestable.empty()) {
      ++untestable_;
      green_.insert(id);
      fmt::print("{:<10} {:<6} {:<4} untestable: {}\n", id, clause->level, clause->tier, clause->untestable);
    } else if (result == report_.clauses.end() || !result->judged) {
      fmt::print("{:<10} {:<6} {:<4} has no judge\n", id, clause->level, clause->tier);
    } else {
      ++judged_;
      print_result(*result);
    }
  }

  void print_result(const ClauseReport& result) {
    const Clause& clause = *result.clause;
    bool enough = result.decisive >= report_.floor;
    violated_ += result.violated > 0;
    below_ += !enough && clause.level == "MUST";
    if (enough && result.violated == 0) green_.insert(clause.id);
    std::string_view remark = result.violated ? "  VIOLATED" : enough ? "" : "  below the floor";
    fmt::print("{:<10} {:<6} {:<4} {:>9} {:>9}{}\n", clause.id, clause.level, clause.tier, result.reached,
               result.decisive, remark);
  }

  const LoopReport& report_;
  std::set<std::string> green_;
  int judged_ = 0, untestable_ = 0, below_ = 0, violated_ = 0;
};

}  // namespace

Exit spec_coverage(const RunOptions& options) {
  listen_to_interrupts();
  const LoopReport report = report_on(options, reference_adapter(), nullptr);
  Coverage coverage(report);
  coverage.print_clauses();
  coverage.print_statements();
  return coverage.conclude();
}

}  // namespace cede
