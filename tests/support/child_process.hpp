// Starts and observes a child process.
#pragma once

#include <fcntl.h>
#include <spawn.h>
#include <sys/wait.h>
#include <unistd.h>

#include <cerrno>
#include <chrono>
#include <csignal>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <map>
#include <stdexcept>
#include <string>
#include <string_view>
#include <system_error>
#include <thread>
#include <utility>
#include <vector>

namespace daa::test {

struct Command {
  std::string program;
  std::vector<std::string> args;
  std::map<std::string, std::string> environment;  // added to this process's own
};

struct Outcome {
  int exit_code = 0;  // 128 plus the signal number if a signal ended it, as in a shell
  std::string out, err;
};

/// The file's content; empty if `path` is not a regular file.
[[nodiscard]] inline std::string read_file(const std::filesystem::path& path) {
  if (!std::filesystem::is_regular_file(path)) return {};
  std::ifstream file{path, std::ios::binary};
  return {std::istreambuf_iterator<char>{file}, {}};
}

/// A running program whose output goes to files.
class ChildProcess {
 public:
  /// Starts `command` in `directory`. Throws std::system_error if it cannot be started. The program inherits
  /// this process's environment, except the variables of daa-bench, Google Benchmark and NVTX; it ignores no
  /// signal, even if this process does.
  ChildProcess(const Command& command, const std::filesystem::path& directory, std::filesystem::path out,
               std::filesystem::path err)
      : out_(std::move(out)), err_(std::move(err)) {
    posix_spawn_file_actions_t actions;
    posix_spawn_file_actions_init(&actions);
    constexpr int flags = O_WRONLY | O_CREAT | O_TRUNC;
    posix_spawn_file_actions_addopen(&actions, STDOUT_FILENO, out_.c_str(), flags, 0600);
    posix_spawn_file_actions_addopen(&actions, STDERR_FILENO, err_.c_str(), flags, 0600);
    posix_spawn_file_actions_addchdir_np(&actions, directory.c_str());
    posix_spawnattr_t attributes;
    posix_spawnattr_init(&attributes);
    sigset_t all_signals;
    sigfillset(&all_signals);
    posix_spawnattr_setsigdefault(&attributes, &all_signals);
    posix_spawnattr_setflags(&attributes, POSIX_SPAWN_SETSIGDEF);
    std::vector<std::string> args{command.program};
    args.insert(args.end(), command.args.begin(), command.args.end());
    std::vector<std::string> environment = inherited_environment();
    for (const auto& [name, value] : command.environment) environment.push_back(name + '=' + value);
    const int error = posix_spawn(&id_, command.program.c_str(), &actions, &attributes, pointers(args).data(),
                                  pointers(environment).data());
    posix_spawnattr_destroy(&attributes);
    posix_spawn_file_actions_destroy(&actions);
    if (error != 0) throw std::system_error(error, std::generic_category(), command.program);
  }

  /// Ends the program if it is still running.
  ~ChildProcess() {
    if (is_running()) kill_and_reap();
  }
  ChildProcess(const ChildProcess&) = delete;
  ChildProcess& operator=(const ChildProcess&) = delete;

  [[nodiscard]] bool is_running() {
    if (!is_reaped_) is_reaped_ = ::waitpid(id_, &status_, WNOHANG) == id_;
    return !is_reaped_;
  }

  void signal(int number) const { ::kill(id_, number); }

  /// Waits for the program's end. If that takes longer than `limit`, ends the program and throws
  /// std::runtime_error.
  Outcome wait(std::chrono::seconds limit = std::chrono::minutes{15}) {
    const auto deadline = std::chrono::steady_clock::now() + limit;
    while (is_running()) {
      if (std::chrono::steady_clock::now() > deadline) {
        kill_and_reap();
        throw std::runtime_error("the program timed out; its output:\n" + read_file(out_) + read_file(err_));
      }
      std::this_thread::sleep_for(std::chrono::milliseconds{2});
    }
    const int code = WIFEXITED(status_) ? WEXITSTATUS(status_) : 128 + WTERMSIG(status_);
    return {code, read_file(out_), read_file(err_)};
  }

 private:
  static std::vector<std::string> inherited_environment() {
    std::vector<std::string> result;
    for (char** variable = environ; *variable != nullptr; ++variable) {
      const std::string_view text{*variable};
      if (!text.starts_with("DAA_") && !text.starts_with("BENCHMARK_") && !text.starts_with("NVTX_"))
        result.emplace_back(text);
    }
    return result;
  }

  static std::vector<char*> pointers(std::vector<std::string>& strings) {
    std::vector<char*> result;
    for (std::string& string : strings) result.push_back(string.data());
    result.push_back(nullptr);
    return result;
  }

  void kill_and_reap() {
    ::kill(id_, SIGKILL);
    is_reaped_ = ::waitpid(id_, &status_, 0) == id_;
  }

  pid_t id_ = 0;
  int status_ = 0;
  bool is_reaped_ = false;
  std::filesystem::path out_, err_;
};

}  // namespace daa::test
