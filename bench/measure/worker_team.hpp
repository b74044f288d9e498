// Threads that do one piece of work together, again and again.
#pragma once

#include <atomic>
#include <condition_variable>
#include <cstddef>
#include <exception>
#include <functional>
#include <mutex>
#include <thread>
#include <vector>

namespace daa::bench {

class WorkerTeam {
 public:
  /// Starts `workers` threads on the current device. Throws std::system_error or CudaError if one cannot run.
  explicit WorkerTeam(std::size_t workers);
  ~WorkerTeam();
  WorkerTeam(const WorkerTeam&) = delete;
  WorkerTeam& operator=(const WorkerTeam&) = delete;

  /// Runs work(i) in thread i. None begins before all are awake; then all begin at once, as far as there is a
  /// core for each. Returns when all have returned, and throws the exception of the lowest thread that threw.
  void run(const std::function<void(std::size_t)>& work);

  [[nodiscard]] std::size_t size() const noexcept { return threads_.size(); }

 private:
  void end() noexcept;
  void serve(std::size_t i);
  void begin_together(std::size_t round);

  std::atomic<std::size_t> awake_ = 0;        // threads, over all rounds
  std::vector<std::exception_ptr> failures_;  // of each thread, in the work that runs
  std::mutex mutex_;
  std::condition_variable changed_;
  const std::function<void(std::size_t)>* work_ = nullptr;
  std::size_t round_ = 0;  // how often there was work
  std::size_t busy_ = 0;
  bool ending_ = false;
  std::vector<std::thread> threads_;
};

}  // namespace daa::bench
