#include "driver/campaign_run.hpp"

#include <utility>

#include "driver/benchmark_setup.hpp"

namespace daa::bench {

CampaignRun::CampaignRun(const Options& options_of_run, const Listener& listener_of_run,
                         const Instruments& instruments_of_run)
    : options(options_of_run),
      listener(listener_of_run),
      instruments(instruments_of_run),
      json(options_of_run.json_path, asks_for_aggregates_only(options_of_run.benchmark_args)),
      lots(options_of_run.seed) {
  if (options.timeout_s)
    deadline_ = Clock::now() + std::chrono::duration_cast<Clock::duration>(
                                   std::chrono::duration<double>{*options.timeout_s});
}

bool CampaignRun::is_over() const {
  return interrupted() || (deadline_ && Clock::now() >= *deadline_);
}

std::unique_ptr<CallCounter> CampaignRun::make_call_counter() {
  if (!options.count_calls) return nullptr;
  MadeCallCounter made = instruments.make_call_counter();
  if (made.counter == nullptr && !std::exchange(has_noted_counter_, true))
    listener.on_note("CUDA calls are not counted: " + made.why_not);
  return std::move(made.counter);
}

}  // namespace daa::bench
