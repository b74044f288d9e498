// What is asked of a GPU. Its clock rate comes from NVIDIA's management library (NVML), which is part of the
// driver and loaded by name: few toolkits have its header. Declared here is its stable interface.

#include "device/sm_clock.hpp"

#include <cuda_runtime_api.h>
#include <dlfcn.h>

#include <array>
#include <memory>

#include "device/device.hpp"

namespace daa::bench {

namespace {

using Device = void*;  // nvmlDevice_t
using Result = int;    // nvmlReturn_t
constexpr Result success = 0;
constexpr int sm_clock = 1;  // NVML_CLOCK_SM

// nvmlClocksEventReason...
constexpr unsigned long long hw_slowdown = 0x08, sw_thermal_slowdown = 0x20, hw_thermal_slowdown = 0x40,
                             hw_power_brake_slowdown = 0x80;
constexpr unsigned long long slowdowns =
    hw_slowdown | sw_thermal_slowdown | hw_thermal_slowdown | hw_power_brake_slowdown;

class Nvml {
 public:
  /// Of the device at `pci_bus_id`; without effect where the library or the device is not there.
  explicit Nvml(const char* pci_bus_id) {
    // Stays loaded: the process may have it for other reasons as well.
    void* const library = ::dlopen("libnvidia-ml.so.1", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) return;
    Result (*init)() = nullptr;
    Result (*device_at)(const char*, Device*) = nullptr;
    find(library, "nvmlInit_v2", init);
    find(library, "nvmlShutdown", shutdown_);
    find(library, "nvmlDeviceGetHandleByPciBusId_v2", device_at);
    find(library, "nvmlDeviceGetClockInfo", clock_info_);
    find(library, "nvmlDeviceGetCurrentClocksEventReasons", event_reasons_);
    if (event_reasons_ == nullptr)  // its name before driver 535
      find(library, "nvmlDeviceGetCurrentClocksThrottleReasons", event_reasons_);
    if (init == nullptr || device_at == nullptr || init() != success) {
      shutdown_ = nullptr;
      return;
    }
    if (device_at(pci_bus_id, &device_) != success) device_ = nullptr;
  }

  ~Nvml() {
    if (shutdown_ != nullptr) static_cast<void>(shutdown_());
  }
  Nvml(const Nvml&) = delete;
  Nvml& operator=(const Nvml&) = delete;

  [[nodiscard]] ClockReading read() const {
    ClockReading reading;
    if (device_ == nullptr) return reading;
    unsigned mhz = 0;
    if (clock_info_ != nullptr && clock_info_(device_, sm_clock, &mhz) == success) reading.sm_mhz = mhz;
    unsigned long long reasons = 0;
    if (event_reasons_ != nullptr && event_reasons_(device_, &reasons) == success)
      reading.is_slowed_down = (reasons & slowdowns) != 0;
    return reading;
  }

 private:
  template <class Function>
  static void find(void* library, const char* name, Function& function) {
    function = reinterpret_cast<Function>(::dlsym(library, name));
  }

  Device device_ = nullptr;
  Result (*shutdown_)() = nullptr;
  Result (*clock_info_)(Device, int, unsigned*) = nullptr;
  Result (*event_reasons_)(Device, unsigned long long*) = nullptr;
};

}  // namespace

DeviceKind device_kind() {
  return DeviceKind::cuda;
}

ClockReader make_clock_reader() {
  int device = 0;
  std::array<char, 32> bus_id{};
  if (cudaGetDevice(&device) != cudaSuccess ||
      cudaDeviceGetPCIBusId(bus_id.data(), static_cast<int>(bus_id.size()), device) != cudaSuccess)
    return [] { return ClockReading{}; };
  return [nvml = std::make_shared<const Nvml>(bus_id.data())] { return nvml->read(); };
}

}  // namespace daa::bench
