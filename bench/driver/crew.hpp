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

class Crew {
 public:
  /// Threads on the device that is current now. Throws what keeps one from being there.
  explicit Crew(std::size_t threads);
  ~Crew();
  Crew(const Crew&) = delete;
  Crew& operator=(const Crew&) = delete;

  /// Runs work(i) in thread i; none begins before all are awake, and then all do at once, as far as
  /// each has a core. Returns when all have returned, and throws the first exception of
  /// the lowest thread that has thrown one.
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
