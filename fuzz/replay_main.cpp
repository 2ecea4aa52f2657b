// Plays files through a fuzz target without libFuzzer, so that a corpus or a crash file runs in
// every build and under every compiler. Directories are read as libFuzzer reads them.
#include <cstdint>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <set>
#include <string>

#include <fmt/format.h>

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size);

namespace fs = std::filesystem;

static int played = 0;

static void play(const fs::path& file) {
  fmt::print("{}\n", file.string());
  std::fflush(stdout);  // the last name is that of the file that ended us
  std::ifstream stream(file, std::ios::binary);
  if (!stream) {
    fmt::print(stderr, "replay: cannot read {}\n", file.string());
    std::exit(2);
  }
  std::string text(std::istreambuf_iterator<char>(stream), {});
  LLVMFuzzerTestOneInput(reinterpret_cast<const std::uint8_t*>(text.data()), text.size());
  ++played;
}

int main(int argc, char** argv) {
  for (int i = 1; i < argc; ++i) {
    if (!fs::is_directory(argv[i])) {
      play(argv[i]);
      continue;
    }
    std::set<fs::path> files;  // in the same order everywhere
    for (const auto& entry : fs::recursive_directory_iterator(argv[i]))
      if (entry.is_regular_file()) files.insert(entry.path());
    for (const fs::path& file : files) play(file);
  }
  fmt::print("{} scenarios played\n", played);
  return played > 0 ? 0 : 2;  // having played nothing is no success
}
