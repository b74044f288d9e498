// Linked into the programs with MPI: a rank for each process of MPI_COMM_WORLD.

#include <fmt/format.h>
#include <mpi.h>

#include <algorithm>
#include <chrono>
#include <condition_variable>
#include <cstdio>
#include <map>
#include <mutex>
#include <numeric>
#include <optional>
#include <set>
#include <string>
#include <thread>

#include "device/device.hpp"
#include "ranks/make_transport.hpp"
#include "ranks/parcel.hpp"
#include "ranks/ranks.hpp"
#include "usage_error.hpp"

namespace daa::bench {

namespace {

using Clock = std::chrono::steady_clock;

/// What a rank is known by, besides its number.
struct Place {
  std::string host;
  std::string device;  // unique to the device; empty if any number of ranks may share it
};

// MPI_Wait() would keep a core busy, which a rank that measures alone may need.
void wait_for(MPI_Request& request) {
  constexpr int looks_without_sleep = 1000;
  for (int looks = 0;; ++looks) {
    int is_done = 0;
    MPI_Test(&request, &is_done, MPI_STATUS_IGNORE);
    if (is_done != 0) return;
    if (looks > looks_without_sleep) std::this_thread::sleep_for(std::chrono::microseconds{50});
  }
}

/// Ends the job if this rank makes no progress. While it waits for others it is more patient: the rank that
/// they all wait for is to be named first.
class Watchdog {
 public:
  Watchdog(std::string name, double seconds)
      : name_(std::move(name)), seconds_(seconds), since_(Clock::now()), thread_([this] { watch(); }) {}
  ~Watchdog() {
    {
      const std::lock_guard lock{mutex_};
      is_over_ = true;
    }
    changed_.notify_all();
    thread_.join();
  }
  Watchdog(const Watchdog&) = delete;
  Watchdog& operator=(const Watchdog&) = delete;

  void begin(std::string_view step) {
    const std::lock_guard lock{mutex_};
    step_ = step;
    since_ = Clock::now();
  }
  void progress() {
    const std::lock_guard lock{mutex_};
    since_ = Clock::now();
  }
  /// While the rank waits for others.
  void wait(bool waits) {
    const std::lock_guard lock{mutex_};
    waits_ = waits;
    since_ = Clock::now();
  }

 private:
  void watch() {
    constexpr double patience = 10;
    std::unique_lock lock{mutex_};
    while (!changed_.wait_for(lock, std::chrono::milliseconds{100}, [this] { return is_over_; })) {
      const double limit = waits_ ? patience * seconds_ : seconds_;
      if (Clock::now() - since_ < std::chrono::duration<double>{limit}) continue;
      std::fputs(
          fmt::format("daa-bench: {}: no progress for {} s {}: {}\n", name_, limit,
                      waits_ ? "waiting for other ranks" : "in what it does alone or with others", step_)
              .c_str(),
          stderr);
      const auto since = since_;  // others may say so, too
      if (changed_.wait_for(lock, std::chrono::seconds{1}, [this] { return is_over_; })) return;
      if (since_ == since) MPI_Abort(MPI_COMM_WORLD, exit_job_ended);
    }
  }

  std::string name_, step_ = "starting";
  double seconds_;
  Clock::time_point since_;
  bool waits_ = false, is_over_ = false;
  std::mutex mutex_;
  std::condition_variable changed_;
  std::thread thread_;
};

class MpiRanks final : public Ranks {
 public:
  // MPI is initialised.
  explicit MpiRanks(const RunConfig& config) {
    MPI_Comm_dup(MPI_COMM_WORLD, &control_);
    rank_ = number_of(MPI_Comm_rank, control_);
    places_.resize(number_of(MPI_Comm_size, control_));
    std::string host(MPI_MAX_PROCESSOR_NAME, '\0');
    int length = 0;
    MPI_Get_processor_name(host.data(), &length);
    host.resize(static_cast<std::size_t>(length));
    const std::vector<std::string> hosts = gather(host);
    for (std::size_t i = 0; i < hosts.size(); ++i) places_[i].host = hosts[i];
    watchdog_.emplace(name_of(rank_), config.rank_timeout_s);
    select_devices(config);
  }

  ~MpiRanks() override {
    transport_.reset();
    watchdog_.reset();
    MPI_Comm_free(&control_);
    MPI_Finalize();
  }

  [[nodiscard]] std::size_t rank() const override { return rank_; }
  [[nodiscard]] std::size_t size() const override { return places_.size(); }
  [[nodiscard]] std::size_t hosts() const override {
    std::set<std::string_view> all;
    for (const Place& place : places_) all.insert(place.host);
    return all.size();
  }
  [[nodiscard]] std::size_t ranks_per_device() const override {
    std::size_t most = 1;
    for (const auto& [device, ranks] : sharing()) most = std::max(most, ranks);
    return most;
  }
  [[nodiscard]] std::string name_of(std::size_t rank) const override {
    return fmt::format("rank {} on {}", rank, places_[rank].host);
  }

  [[nodiscard]] std::vector<std::string> gather(const std::string& own) override {
    if (watchdog_) watchdog_->wait(true);
    const std::size_t ranks = places_.size();
    std::vector<int> sizes(ranks), begins(ranks, 0);
    const int own_size = static_cast<int>(own.size());
    MPI_Request request;
    MPI_Iallgather(&own_size, 1, MPI_INT, sizes.data(), 1, MPI_INT, control_, &request);
    wait_for(request);
    std::partial_sum(sizes.begin(), sizes.end() - 1, begins.begin() + 1);
    std::string all(static_cast<std::size_t>(begins.back() + sizes.back()), '\0');
    MPI_Iallgatherv(own.data(), own_size, MPI_BYTE, all.data(), sizes.data(), begins.data(), MPI_BYTE,
                    control_, &request);
    wait_for(request);
    if (watchdog_) watchdog_->wait(false);
    std::vector<std::string> texts;
    for (std::size_t i = 0; i < ranks; ++i)
      texts.push_back(all.substr(static_cast<std::size_t>(begins[i]), static_cast<std::size_t>(sizes[i])));
    return texts;
  }

  // The barrier finds all awake.
  [[nodiscard]] bool begin_together(bool stops) override {
    watchdog_->wait(true);
    const int own = stops ? 1 : 0;
    int any = 0;
    MPI_Request request;
    MPI_Iallreduce(&own, &any, 1, MPI_INT, MPI_MAX, control_, &request);
    wait_for(request);
    MPI_Barrier(control_);
    watchdog_->wait(false);
    return any != 0;
  }

  [[nodiscard]] Transport& transport() override {
    if (transport_ == nullptr) transport_ = make_transport(*this);
    return *transport_;
  }

  void begin(std::string_view step) override { watchdog_->begin(step); }
  void progress() override { watchdog_->progress(); }

  [[noreturn]] void fail(std::string_view why) override {
    std::fputs(fmt::format("daa-bench: {}: {}\n", name_of(rank_), why).c_str(), stderr);
    std::fflush(nullptr);
    MPI_Abort(MPI_COMM_WORLD, exit_job_ended);
    std::abort();  // MPI_Abort does not return
  }

 private:
  template <class Function>
  static std::size_t number_of(Function function, MPI_Comm communicator) {
    int number = 0;
    function(communicator, &number);
    return static_cast<std::size_t>(number);
  }

  [[nodiscard]] std::map<std::string, std::size_t> sharing() const {
    std::map<std::string, std::size_t> ranks;
    for (const Place& place : places_)
      if (!place.device.empty()) ++ranks[place.device];
    return ranks;
  }

  // Rank by rank the next device of a host; where the launcher has left one visible, that one.
  void select_devices(const RunConfig& config) {
    MPI_Comm of_host;
    MPI_Comm_split_type(control_, MPI_COMM_TYPE_SHARED, static_cast<int>(rank_), MPI_INFO_NULL, &of_host);
    const std::size_t local_rank = number_of(MPI_Comm_rank, of_host);
    MPI_Comm_free(&of_host);
    const std::size_t devices = device_count();
    DeviceChoice choice = config.device;
    if (size() > 1 && choice.index != 0)
      throw UsageError(fmt::format("--device={}: each of several ranks takes a GPU of its own; leave it out",
                                   choice.index));
    if (size() > 1 && devices > 0) choice.index = static_cast<int>(local_rank % devices);
    const std::optional<std::string> reason = select_device(choice);
    Parcel parcel;
    parcel.put(reason);
    parcel.put(reason ? std::string{} : places_[rank_].host + device_identity());
    parcel.put(device_kind() == DeviceKind::host);
    const std::vector<std::string> parcels = gather(parcel.bytes());
    bool is_mixed = false;
    for (std::size_t i = 0; i < parcels.size(); ++i) {
      ParcelReader reader{parcels[i]};
      std::optional<std::string> why_not;
      reader.take(why_not);
      if (why_not) throw UsageError(fmt::format("{}: no usable device: {}", name_of(i), *why_not));
      reader.take(places_[i].device);
      bool is_host = false;
      reader.take(is_host);
      if (is_host) places_[i].device.clear();
      is_mixed = is_mixed || is_host != (device_kind() == DeviceKind::host);
    }
    if (any(is_mixed))
      throw UsageError("some ranks have a GPU and others have none: start none where there is no GPU");
    if (config.oversubscribe || ranks_per_device() == 1) return;
    for (std::size_t i = 0; i < parcels.size(); ++i) {
      std::set<std::string_view> different;
      std::size_t ranks = 0;
      for (const Place& place : places_) {
        if (place.host != places_[i].host) continue;
        ++ranks;
        different.insert(place.device);
      }
      if (ranks > different.size())
        throw UsageError(fmt::format(
            "{} ranks on {}, which has {} usable by them: start as many as there are, or let ranks share one "
            "with --oversubscribe",
            ranks, places_[i].host,
            different.size() == 1 ? std::string{"1 GPU"} : fmt::format("{} GPUs", different.size())));
    }
  }

  MPI_Comm control_ = MPI_COMM_NULL;  // of the main threads
  std::size_t rank_ = 0;
  std::vector<Place> places_;
  std::optional<Watchdog> watchdog_;
  std::unique_ptr<Transport> transport_;
};

}  // namespace

std::unique_ptr<Ranks> join_ranks(const RunConfig& config, char** /*argv*/) {
  int provided = 0;
  MPI_Init_thread(nullptr, nullptr, MPI_THREAD_MULTIPLE, &provided);
  if (provided < MPI_THREAD_MULTIPLE) {
    MPI_Finalize();
    throw UsageError("this MPI library serves one thread at a time; daa-bench needs MPI_THREAD_MULTIPLE");
  }
  try {
    return std::make_unique<MpiRanks>(config);
  } catch (const UsageError&) {  // in all ranks alike
    MPI_Finalize();
    throw;
  } catch (const std::exception& error) {
    std::fputs(fmt::format("daa-bench: a rank cannot start: {}\n", error.what()).c_str(), stderr);
    MPI_Abort(MPI_COMM_WORLD, exit_job_ended);
    throw;
  }
}

}  // namespace daa::bench
