// How libFuzzer changes inputs: as scenarios, line by line. What goes out is canonical text, however
// it came in, so that `cede replay` takes each crash file as it is.
#include <cstdint>
#include <cstring>
#include <string>
#include <string_view>

#include "properties/generator.h"
#include "properties/mutate.h"

extern "C" std::size_t LLVMFuzzerMutate(std::uint8_t* data, std::size_t size, std::size_t size_max);

namespace cede {
namespace {

Scenario read(const std::uint8_t* data, std::size_t size) {
  return parse_leniently({reinterpret_cast<const char*>(data), size});
}

/// As many lines as there is room for. libFuzzer wants one byte at least, and an empty line is a
/// scenario as well.
std::size_t write(const Scenario& scenario, std::uint8_t* out, std::size_t size_max) {
  std::string text;
  for (const Step& step : scenario.steps) {
    std::string line = to_string(step) + "\n";
    if (text.size() + line.size() > size_max) break;
    text += line;
  }
  if (text.empty()) text = "\n";
  std::memcpy(out, text.data(), text.size());
  return text.size();
}

}  // namespace
}  // namespace cede

extern "C" std::size_t LLVMFuzzerCustomMutator(std::uint8_t* data, std::size_t size, std::size_t size_max,
                                               unsigned seed) {
  using namespace cede;
  Random random(seed);
  switch (random.below(16)) {
    case 0:  // a wholly new one: what lies far from the corpus is found by generation
      return write(any_scenario(random), data, size_max);
    case 1:  // letters and digits, which may make numbers and names that the generator never does
      return write(read(data, LLVMFuzzerMutate(data, size, size_max)), data, size_max);
    default: {
      Scenario scenario = read(data, size);
      mutate(scenario, random);
      return write(scenario, data, size_max);
    }
  }
}

extern "C" std::size_t LLVMFuzzerCustomCrossOver(const std::uint8_t* data1, std::size_t size1,
                                                 const std::uint8_t* data2, std::size_t size2,
                                                 std::uint8_t* out, std::size_t size_max, unsigned seed) {
  using namespace cede;
  Random random(seed);
  return write(cross_over(read(data1, size1), read(data2, size2), random), out, size_max);
}
