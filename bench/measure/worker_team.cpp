#include "measure/worker_team.hpp"

#include <cuda_runtime_api.h>

#include <algorithm>
#include <utility>

#include "daa/error.hpp"

namespace daa::bench {

namespace {

// Some microseconds on a core of its own. After that there may be more threads than cores.
constexpr int max_spins = 10'000;

}  // namespace

WorkerTeam::WorkerTeam(std::size_t threads) : failures_(threads) {
  int device = 0;
  DAA_CUDA_CHECK(cudaGetDevice(&device));
  try {
    for (std::size_t i = 0; i < threads; ++i) threads_.emplace_back([this, i] { serve(i); });
    run([device](std::size_t) { DAA_CUDA_CHECK(cudaSetDevice(device)); });
  } catch (...) {
    end();
    throw;
  }
}

WorkerTeam::~WorkerTeam() {
  end();
}

void WorkerTeam::end() noexcept {
  {
    const std::lock_guard lock{mutex_};
    ending_ = true;
  }
  changed_.notify_all();
  for (std::thread& thread : threads_) thread.join();
}

void WorkerTeam::run(const std::function<void(std::size_t)>& work) {
  std::unique_lock lock{mutex_};
  work_ = &work;
  busy_ = threads_.size();
  ++round_;
  changed_.notify_all();
  changed_.wait(lock, [this] { return busy_ == 0; });
  const auto failure = std::ranges::find_if(failures_, [](const auto& each) { return each != nullptr; });
  if (failure == failures_.end()) return;
  const std::exception_ptr first = *failure;
  std::ranges::fill(failures_, nullptr);
  std::rethrow_exception(first);
}

// Spins: threads that slept until the last one arrived would wake up late, each by a different time.
void WorkerTeam::begin_together(std::size_t round) {
  const std::size_t all = round * failures_.size();
  awake_.fetch_add(1, std::memory_order_acq_rel);
  for (int spins = 0; awake_.load(std::memory_order_acquire) < all; ++spins)
    if (spins > max_spins) std::this_thread::yield();
}

void WorkerTeam::serve(std::size_t i) {
  for (std::size_t seen = 0;;) {
    const std::function<void(std::size_t)>* work = nullptr;
    {
      std::unique_lock lock{mutex_};
      changed_.wait(lock, [&] { return ending_ || round_ != seen; });
      if (ending_) return;
      seen = round_;
      work = work_;
    }
    begin_together(seen);
    std::exception_ptr failure;
    try {
      (*work)(i);
    } catch (...) {
      failure = std::current_exception();
    }
    const std::lock_guard lock{mutex_};
    failures_[i] = std::move(failure);  // to be read, and freed, by run()'s thread alone
    if (--busy_ == 0) changed_.notify_all();
  }
}

}  // namespace daa::bench
