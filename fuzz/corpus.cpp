// Writes the examples of the chapters as files, CLAUSE-N.scenario, with which a fuzzer begins.
#include <cstdio>
#include <filesystem>
#include <fstream>

#include <fmt/format.h>

#include "spec/chapters.h"

int main(int argc, char** argv) {
  if (argc != 2) {
    fmt::print(stderr, "usage: {} DIRECTORY\n", argv[0]);
    return 2;
  }
  const std::filesystem::path directory = argv[1];
  std::filesystem::create_directories(directory);
  for (const cede::Clause& clause : cede::chapters().clauses) {
    int number = 0;
    for (const cede::Example& example : clause.examples) {
      cede::Parsed parsed = cede::parse_scenario(example.scenario);
      if (parsed.error) {
        fmt::print(stderr, "spec/{}, example at line {}: {}\n", clause.file, example.line, to_string(*parsed.error));
        return 1;
      }
      std::ofstream file(directory / fmt::format("{}-{}.scenario", clause.id, ++number));
      file << to_string(parsed.scenario);
      if (!file.flush()) {
        fmt::print(stderr, "cannot write to {}\n", directory.string());
        return 1;
      }
    }
  }
}
