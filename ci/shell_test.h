// A shell, for tests: what a command says and how it ends; and a folder that is gone in the end.
#pragma once

#include <sys/wait.h>

#include <array>
#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <ostream>
#include <string>
#include <string_view>

namespace cede {

struct Said {
  int exit = -1;
  std::string text;
};

inline std::ostream& operator<<(std::ostream& stream, const Said& said) {
  return stream << "exit " << said.exit << "\n" << said.text.substr(0, 4000) << "\n";
}

/// Standard error comes along unless the command sends it elsewhere.
inline Said shell(const std::string& command) {
  std::FILE* pipe = popen(("{ " + command + "\n} 2>&1").c_str(), "r");
  Said said;
  std::array<char, 4096> buffer;
  while (std::size_t count = fread(buffer.data(), 1, buffer.size(), pipe)) said.text.append(buffer.data(), count);
  int status = pclose(pipe);
  said.exit = WIFEXITED(status) ? WEXITSTATUS(status) : -1;
  return said;
}

/// The command that was built, with these words.
inline Said cede(const std::string& words) { return shell(std::string(CEDE_COMMAND) + " " + words); }

inline bool is_installed(const std::string& program) { return shell("command -v " + program).exit == 0; }

inline std::string contents(const std::filesystem::path& file) {
  std::ifstream stream(file);
  return {std::istreambuf_iterator<char>(stream), {}};
}

inline std::filesystem::path write(const std::filesystem::path& file, const std::string& text) {
  std::ofstream(file) << text;
  return file;
}

inline bool contains(const std::string& text, std::string_view part) { return text.find(part) != std::string::npos; }

class Folder {
 public:
  Folder() {
    std::string name = (std::filesystem::temp_directory_path() / "cede-test-XXXXXX").string();
    path_ = mkdtemp(name.data());
  }
  ~Folder() { std::filesystem::remove_all(path_); }
  std::filesystem::path operator/(const std::string& name) const { return path_ / name; }

 private:
  std::filesystem::path path_;
};

}  // namespace cede
