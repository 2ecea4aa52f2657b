#include "adapters/program.h"

#include <bit>

namespace cede {
namespace {

std::size_t hash(Name name) {
  auto halves = std::bit_cast<std::array<std::uint64_t, 2>>(name);
  return ((halves[0] ^ (halves[1] << 1)) * 0x9E3779B97F4A7C15) >> 32;
}

}  // namespace

std::uint32_t Program::number_of(Name name) {
  std::size_t mask = table_.size() - 1;
  for (std::size_t at = hash(name) & mask;; at = (at + 1) & mask) {
    if (table_[at] == 0) {
      scripts_.push_back({name, static_cast<std::uint32_t>(scripts_.size()), {}});
      table_[at] = static_cast<std::uint32_t>(scripts_.size());
    }
    if (scripts_[table_[at] - 1].name == name) return table_[at] - 1;
  }
}

void Program::read(const Scenario& scenario) {
  const auto& steps = scenario.steps;
  scripts_.clear();
  table_.assign(std::bit_ceil(8 * steps.size() + 2), 0);  // four names a step at most, half empty
  (void)number_of(main_script);

  // First the names: scripts may not move once something points to them.
  numbers_.clear();
  for (const Step& step : steps)
    numbers_.push_back({number_of(step.who), step.name ? number_of(step.name) : 0,
                        step.script ? number_of(step.script) : 0, step.other ? number_of(step.other) : 0});
  begin_.assign(scripts_.size() + 1, 0);
  for (const Numbers& numbers : numbers_) ++begin_[numbers.who + 1];
  for (std::size_t i = 1; i < begin_.size(); ++i) begin_[i] += begin_[i - 1];

  lines_.resize(steps.size());
  for (Script& script : scripts_)
    script.lines = std::span(lines_).subspan(begin_[script.number], begin_[script.number + 1] - begin_[script.number]);
  for (std::size_t i = 0; i < steps.size(); ++i) {
    const Numbers& numbers = numbers_[i];
    const Script* script = &scripts_[steps[i].script ? numbers.script : numbers.name];
    lines_[begin_[numbers.who]++] = {&steps[i], takes_script(steps[i].verb) ? script : nullptr, numbers.name,
                                    numbers.script, numbers.other};
  }
}

}  // namespace cede
