// The host runtime: what virtual memory counts as, what it reports as misuse, and what is left of it.

#include <cuda.h>

#include <filesystem>
#include <functional>
#include <iterator>
#include <vector>

#include "driver_functions.hpp"
#include "host_capture_fixture.hpp"

namespace daa::test {
namespace {

/// A reservation of four granules.
class VirtualMemory : public HostCaptureFixture {
 protected:
  static constexpr std::size_t reserved_bytes = 4 * granule;

  VirtualMemory() : addresses(driver.reserved(reserved_bytes)) {}

  /// The address of the i-th granule of the reservation.
  [[nodiscard]] CUdeviceptr at(std::size_t i) const { return addresses + i * granule; }
  /// Maps new memory there that is freed once it is unmapped.
  [[nodiscard]] unsigned char* map_new(std::size_t i, std::size_t bytes = granule, int device = 0) const {
    const CUmemGenericAllocationHandle memory = driver.created(bytes, device);
    driver.map_whole(at(i), bytes, memory);
    driver.release_whole(memory);
    return static_cast<unsigned char*>(pointer_to(at(i)));
  }

  static std::size_t free_bytes() {
    std::size_t free_now = 0;
    std::size_t all = 0;
    EXPECT_CUDA(cudaMemGetInfo(&free_now, &all));
    return free_now;
  }
  static std::ptrdiff_t open_files() {
    const std::filesystem::directory_iterator files{"/proc/self/fd"};
    return std::distance(files, std::filesystem::directory_iterator{});
  }

  const VirtualMemoryFunctions driver;
  const CUmemAllocationProp properties = VirtualMemoryFunctions::properties();
  const CUdeviceptr addresses;
};

TEST_F(VirtualMemory, OfADeviceHasGranulesOf2MiBAndIsKnownFromItsAttributes) {
  for (const auto option : {CU_MEM_ALLOC_GRANULARITY_MINIMUM, CU_MEM_ALLOC_GRANULARITY_RECOMMENDED}) {
    std::size_t bytes = 0;
    EXPECT_EQ(driver.granularity(&bytes, &properties, option), CUDA_SUCCESS);
    EXPECT_EQ(bytes, granule);
  }
  const struct {
    CUdevice_attribute attribute;
    int value;
  } rows[] = {
      {CU_DEVICE_ATTRIBUTE_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED, 1},
      {CU_DEVICE_ATTRIBUTE_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR_SUPPORTED, 1},
      {CU_DEVICE_ATTRIBUTE_MULTICAST_SUPPORTED, 0},
      {CU_DEVICE_ATTRIBUTE_WARP_SIZE, 32},
  };
  for (const auto& [attribute, expected] : rows) {
    int value = 77;
    EXPECT_EQ(driver.attribute(&value, attribute, 0), CUDA_SUCCESS);
    EXPECT_EQ(value, expected) << attribute;
  }
  int value = 77;
  EXPECT_EQ(driver.attribute(&value, CU_DEVICE_ATTRIBUTE_WARP_SIZE, 1), CUDA_ERROR_INVALID_DEVICE);
  EXPECT_EQ(driver.attribute(nullptr, CU_DEVICE_ATTRIBUTE_WARP_SIZE, 0), CUDA_ERROR_INVALID_VALUE);
}

// --- counting ----------------------------------------------------------------------------------------------

TEST_F(VirtualMemory, IsCountedFromItsCreationUntilItIsReleasedAndUnmappedInEitherOrder) {
  const std::size_t before = free_bytes();
  for (const bool release_first : {true, false}) {
    EXPECT_EQ(host::mapped_bytes(), 0);
    const CUmemGenericAllocationHandle memory = driver.created(2 * granule);
    EXPECT_EQ(host::mapped_bytes(), 2 * granule);
    driver.map_whole(at(0), 2 * granule, memory);
    driver.map_whole(at(2), 2 * granule, memory);
    if (release_first) driver.release_whole(memory);
    EXPECT_EQ(host::mapped_bytes(), 2 * granule);
    EXPECT_EQ(free_bytes(), before - 2 * granule);
    driver.remove(at(0), release_first ? 4 * granule : 2 * granule);
    if (!release_first) {
      driver.remove(at(2), 2 * granule);
      EXPECT_EQ(host::mapped_bytes(), 2 * granule);
      driver.release_whole(memory);
    }
    EXPECT_EQ(host::mapped_bytes(), 0);
    EXPECT_EQ(free_bytes(), before);
  }
}

TEST_F(VirtualMemory, IsLimitedByTheMemoryOfItsDeviceTogetherWithPoolsWhoseIdleMemoryIsReleased) {
  host::set_memory_limit(2 * granule);
  keep_memory();
  free(allocate(KiB));
  synchronize();
  EXPECT_EQ(host::mapped_bytes(), granule);
  const CUmemGenericAllocationHandle memory = driver.created(2 * granule);
  EXPECT_EQ(host::mapped_bytes(), 2 * granule);

  CUmemGenericAllocationHandle none = 77;
  EXPECT_EQ(driver.create(&none, granule, &properties, 0), CUDA_ERROR_OUT_OF_MEMORY);
  EXPECT_EQ(driver.create(&none, std::size_t{1} << 62, &properties, 0), CUDA_ERROR_OUT_OF_MEMORY);
  EXPECT_EQ(none, 77);
  void* pointer = nullptr;
  EXPECT_EQ(cudaMallocAsync(&pointer, KiB, stream), cudaErrorMemoryAllocation);
  driver.release_whole(memory);
  free(allocate(KiB));
}

TEST_F(VirtualMemory, ThatIsReservedIsNotCountedAndHasRoomForALargeDevice) {
  constexpr std::size_t bytes = std::size_t{128} << 30;
  const CUdeviceptr large = driver.reserved(bytes);
  EXPECT_EQ(host::mapped_bytes(), 0);
  const CUmemGenericAllocationHandle memory = driver.created(granule);
  driver.map_whole(large + bytes - granule, granule, memory);
  EXPECT_CUDA(cudaMemsetAsync(pointer_to(large + bytes - granule), 7, granule, stream));
  synchronize();
  EXPECT_EQ(driver.free_addresses(large, bytes), CUDA_ERROR_INVALID_VALUE);
  driver.remove(large + bytes - granule, granule);
  driver.give_back(large, bytes);
  CUdeviceptr none = 77;
  EXPECT_EQ(driver.reserve(&none, std::size_t{1} << 63, 0, 0, 0), CUDA_ERROR_OUT_OF_MEMORY);
  EXPECT_EQ(driver.reserve(&none, std::size_t{1} << 62, 0, 0, 0), CUDA_ERROR_OUT_OF_MEMORY);
  EXPECT_EQ(none, 77);
}

// --- live memory -------------------------------------------------------------------------------------------

TEST_F(VirtualMemory, IsNotZeroAtFirst) {
  const unsigned char* const pointer = map_new(0);
  for (const std::size_t offset : {std::size_t{0}, 4 * KiB - 1, MiB, granule - 1}) {
    EXPECT_NE(pointer[offset], 0) << offset;
  }
}

TEST_F(VirtualMemory, IsLiveWhileItIsAccessible) {
  const auto set_is_reported = [&] {
    EXPECT_CUDA(cudaMemsetAsync(pointer_to(at(0)), 1, KiB, stream));
    synchronize();
    return violates({"cudaMemsetAsync outside live memory", hex(pointer_to(at(0)))});
  };
  EXPECT_TRUE(set_is_reported()) << "not mapped";
  const CUmemGenericAllocationHandle memory = driver.created(granule);
  EXPECT_EQ(driver.map(at(0), granule, 0, memory, 0), CUDA_SUCCESS);
  EXPECT_TRUE(set_is_reported()) << "no access";
  driver.grant(at(0), granule);
  EXPECT_FALSE(set_is_reported());
  driver.grant(at(0), granule, 0, CU_MEM_ACCESS_FLAGS_PROT_NONE);
  EXPECT_TRUE(set_is_reported()) << "access was taken";
  driver.grant(at(0), granule);
  driver.remove(at(0), granule);
  EXPECT_EQ(driver.map(at(0), granule, 0, memory, 0), CUDA_SUCCESS);
  EXPECT_TRUE(set_is_reported()) << "a new mapping is not accessible";
}

TEST_F(VirtualMemory, IsLiveAcrossMappingsButNotAcrossAGapOrTheEnd) {
  unsigned char* const pointer = map_new(0);
  static_cast<void>(map_new(1));
  static_cast<void>(map_new(3));
  bool ran = false;
  EXPECT_CUDA(host::launch(stream, {{pointer + 1, 2 * granule - 1}}, [&] { ran = true; }));
  synchronize();
  EXPECT_TRUE(ran);
  for (const std::size_t bytes : {2 * granule + 1, 4 * granule, ~std::size_t{0}}) {
    EXPECT_CUDA(host::launch(stream, {{pointer, bytes}}, [&] { ran = false; }));
  }
  EXPECT_CUDA(host::launch(stream, {{pointer + 3 * granule, granule + 1}}, [&] { ran = false; }));
  synchronize();
  EXPECT_TRUE(ran);
  EXPECT_EQ(host::violations().size(), 4);
  host::clear_violations();
}

TEST_F(VirtualMemory, ThatIsUnmappedIsNotLiveForWorkThatWasEnqueuedBefore) {
  unsigned char* const pointer = map_new(0);
  std::vector<unsigned char> received(KiB, 77);
  bool ran = false;
  {
    const Gate gate(stream);
    EXPECT_CUDA(host::launch(stream, {{pointer, granule}}, [&] { ran = true; }));
    driver.remove(at(0), granule);
  }
  synchronize();
  EXPECT_FALSE(ran);
  EXPECT_TRUE(violates({"a launch's access outside live memory", hex(pointer)}));
  EXPECT_CUDA(cudaMemcpyAsync(received.data(), pointer, KiB, cudaMemcpyDefault, stream));
  synchronize();
  EXPECT_EQ(received[0], 77);
  EXPECT_TRUE(violates({"cudaMemcpyAsync outside live memory"}));
  driver.give_back(addresses, reserved_bytes);
  EXPECT_EQ(cudaMemsetAsync(pointer, 1, KiB, stream), cudaErrorInvalidValue);
  EXPECT_TRUE(violates({"cudaMemsetAsync outside live memory"}));
}

TEST_F(VirtualMemory, IsLiveOnTheDevicesThatWereGrantedAccess) {
  host::set_device_count(3);
  int can_access = 0;
  EXPECT_CUDA(cudaDeviceCanAccessPeer(&can_access, 0, 1));
  EXPECT_EQ(can_access, 1);
  const CUmemGenericAllocationHandle memory = driver.created(granule, 1);
  EXPECT_EQ(host::mapped_bytes(0), 0);
  EXPECT_EQ(host::mapped_bytes(1), granule);
  EXPECT_EQ(driver.map(at(0), granule, 0, memory, 0), CUDA_SUCCESS);
  const CUmemAccessDesc both[]{VirtualMemoryFunctions::access(0), VirtualMemoryFunctions::access(1)};
  EXPECT_EQ(driver.set_access(at(0), granule, both, std::size(both)), CUDA_SUCCESS);
  for (const int device : {0, 1, 2}) {
    EXPECT_CUDA(cudaSetDevice(device));
    EXPECT_CUDA(cudaMemset(pointer_to(at(0)), 1, granule));
    EXPECT_CUDA(cudaDeviceSynchronize());
    EXPECT_EQ(host::violations().size(), device == 2 ? 1 : 0);
  }
  host::clear_violations();
  EXPECT_CUDA(cudaSetDevice(0));
}

TEST_F(VirtualMemory, IsCheckedWhenAGraphRunsAndNotWhenItIsCaptured) {
  const cudaGraphExec_t exec = capture([&] { set(pointer_to(at(0)), 7); });
  run(exec);
  EXPECT_TRUE(violates({"cudaMemsetAsync outside live memory"}));
  unsigned char* const pointer = map_new(0);
  run(exec);
  EXPECT_EQ(pointer[KiB - 1], 7);
}

TEST_F(VirtualMemory, IsNotToBeFreed) {
  void* const pointer = map_new(0);
  EXPECT_EQ(cudaFree(pointer), cudaErrorInvalidValue);
  EXPECT_TRUE(violates({"cudaFree of " + hex(pointer)}));
  EXPECT_EQ(cudaFreeAsync(pointer, stream), cudaErrorInvalidValue);
  EXPECT_TRUE(violates({"cudaFreeAsync of " + hex(pointer)}));
}

// --- calls -------------------------------------------------------------------------------------------------

TEST_F(VirtualMemory, RefusesWhatTheHostRuntimeDoesNotHave) {
  host::set_device_count(2);
  const CUmemGenericAllocationHandle memory = driver.created(granule);
  const CUdeviceptr elsewhere = driver.reserved(granule);
  driver.map_whole(at(0), granule, memory);
  const CUmemGenericAllocationHandle released = driver.created(granule);
  driver.release_whole(released);
  const CUmemGenericAllocationHandle two = driver.created(2 * granule);
  CUdeviceptr address = 0;
  CUmemGenericAllocationHandle handle = 0;
  std::size_t bytes = 0;
  const auto create_with = [&](const auto& change) {
    CUmemAllocationProp changed = properties;
    change(changed);
    return driver.create(&handle, granule, &changed, 0);
  };
  const auto access_with = [&](const auto& change) {
    CUmemAccessDesc changed = VirtualMemoryFunctions::access();
    change(changed);
    return driver.set_access(at(0), granule, &changed, 1);
  };
  const CUmemAccessDesc access = VirtualMemoryFunctions::access();
  const struct {
    const char* what;
    std::function<CUresult()> call;
    CUresult result = CUDA_ERROR_INVALID_VALUE;
  } rows[] = {
      {"reserve to null", [&] { return driver.reserve(nullptr, granule, 0, 0, 0); }},
      {"alignment not in granules", [&] { return driver.reserve(&address, granule, 4 * KiB, 0, 0); }},
      {"alignment of 3 granules", [&] { return driver.reserve(&address, granule, 3 * granule, 0, 0); }},
      {"free inside", [&] { return driver.free_addresses(at(1), 3 * granule); }},
      {"free what has mappings", [&] { return driver.free_addresses(addresses, reserved_bytes); }},
      {"create to null", [&] { return driver.create(nullptr, granule, &properties, 0); }},
      {"no properties", [&] { return driver.create(&handle, granule, nullptr, 0); }},
      {"host memory",
       [&] { return create_with([](auto& prop) { prop.location.type = CU_MEM_LOCATION_TYPE_HOST; }); }},
      {"another handle type",
       [&] { return create_with([](auto& prop) { prop.requestedHandleTypes = CU_MEM_HANDLE_TYPE_WIN32; }); }},
      {"another device", [&] { return create_with([](auto& prop) { prop.location.id = 2; }); },
       CUDA_ERROR_INVALID_DEVICE},
      {"release twice", [&] { return driver.release(released); }},
      {"map what is released", [&] { return driver.map(at(1), granule, 0, released, 0); }},
      {"map nowhere", [&] { return driver.map(granule, granule, 0, memory, 0); }},
      {"map past the end", [&] { return driver.map(elsewhere, 2 * granule, 0, two, 0); }},
      {"unmap half", [&] { return driver.unmap(at(0), granule / 2); }},
      {"unmap too much", [&] { return driver.unmap(at(0), 2 * granule); }},
      {"access to more than is mapped", [&] { return driver.set_access(at(0), 4 * granule, &access, 1); }},
      {"access to half", [&] { return driver.set_access(at(0), granule / 2, &access, 1); }},
      {"access for nobody", [&] { return driver.set_access(at(0), granule, &access, 0); }},
      {"access by null", [&] { return driver.set_access(at(0), granule, nullptr, 1); }},
      {"access by the host",
       [&] { return access_with([](auto& desc) { desc.location.type = CU_MEM_LOCATION_TYPE_HOST; }); }},
      {"access to read only",
       [&] { return access_with([](auto& desc) { desc.flags = CU_MEM_ACCESS_FLAGS_PROT_READ; }); }},
      {"access by another device", [&] { return access_with([](auto& desc) { desc.location.id = 2; }); },
       CUDA_ERROR_INVALID_DEVICE},
      {"granularity to null",
       [&] { return driver.granularity(nullptr, &properties, CU_MEM_ALLOC_GRANULARITY_MINIMUM); }},
      {"granularity of nothing",
       [&] { return driver.granularity(&bytes, nullptr, CU_MEM_ALLOC_GRANULARITY_MINIMUM); }},
  };
  for (const auto& [what, call, result] : rows) EXPECT_EQ(call(), result) << what;
  driver.release_whole(two);
  EXPECT_EQ(host::mapped_bytes(), granule);
  EXPECT_CUDA(cudaMemset(pointer_to(at(0)), 1, granule));
  EXPECT_CUDA(cudaDeviceSynchronize());
}

TEST_F(VirtualMemory, IsAskedForInCallsThatAreLoggedAndNeedNoContext) {
  host::reset();
  const CUdeviceptr address = driver.reserved(2 * granule);
  const CUmemGenericAllocationHandle memory = driver.created(granule);
  driver.map_whole(address, granule, memory);
  driver.remove(address, granule);
  driver.release_whole(memory);
  driver.give_back(address, 2 * granule);
  const struct {
    const char* function;
    std::size_t bytes;
    CUdeviceptr pointer;
  } rows[] = {
      {"cuMemAddressReserve", 2 * granule, address},
      {"cuMemCreate", granule, 0},
      {"cuMemMap", granule, address},
      {"cuMemSetAccess", granule, address},
      {"cuMemUnmap", granule, address},
      {"cuMemRelease", 0, 0},
      {"cuMemAddressFree", 2 * granule, address},
  };
  const std::vector<host::Call> calls = host::calls();
  ASSERT_EQ(calls.size(), std::size(rows));
  for (std::size_t i = 0; i < calls.size(); ++i) {
    EXPECT_EQ(calls[i].function, rows[i].function);
    EXPECT_EQ(calls[i].bytes, rows[i].bytes) << rows[i].function;
    EXPECT_EQ(calls[i].pointer, pointer_to(rows[i].pointer)) << rows[i].function;
    EXPECT_CUDA(calls[i].result);
  }
  EXPECT_FALSE(host::has_context(0));
}

TEST_F(VirtualMemory, IsAskedForInCallsThatDoNothingWhenTheyFailOnDemand) {
  const CUmemGenericAllocationHandle memory = driver.created(granule);
  driver.map_whole(at(0), granule, memory);
  CUdeviceptr address = 77;
  CUmemGenericAllocationHandle handle = 77;
  const CUmemAccessDesc none = VirtualMemoryFunctions::access(0, CU_MEM_ACCESS_FLAGS_PROT_NONE);
  const struct {
    const char* function;
    std::function<CUresult()> call;
  } rows[] = {
      {"cuMemAddressReserve", [&] { return driver.reserve(&address, granule, 0, 0, 0); }},
      {"cuMemCreate", [&] { return driver.create(&handle, granule, &properties, 0); }},
      {"cuMemMap", [&] { return driver.map(at(1), granule, 0, memory, 0); }},
      {"cuMemSetAccess", [&] { return driver.set_access(at(0), granule, &none, 1); }},
      {"cuMemUnmap", [&] { return driver.unmap(at(0), granule); }},
      {"cuMemRelease", [&] { return driver.release(memory); }},
      {"cuMemAddressFree", [&] { return driver.free_addresses(addresses, reserved_bytes); }},
  };
  for (const auto& [function, call] : rows) {
    host::fail_call(1, cudaErrorMemoryAllocation, function);
    EXPECT_EQ(call(), CUDA_ERROR_OUT_OF_MEMORY) << function;
  }
  EXPECT_EQ(cudaGetLastError(), cudaSuccess);
  EXPECT_EQ(address, 77);
  EXPECT_EQ(handle, 77);
  EXPECT_EQ(host::mapped_bytes(), granule);
  EXPECT_CUDA(cudaMemset(pointer_to(at(0)), 1, granule));
  EXPECT_CUDA(cudaDeviceSynchronize());
  driver.map_whole(at(1), granule, memory);
}

TEST_F(VirtualMemory, IsAskedForByFunctionsThatCuda10_2Declares) {
  for (const char* const name : {"cuMemCreate", "cuMemMap", "cuMemSetAccess"}) {
    void* address = this;
    auto found = cudaDriverEntryPointSuccess;
    EXPECT_CUDA(cudaGetDriverEntryPointByVersion(name, &address, 10010, cudaEnableDefault, &found));
    EXPECT_EQ(found, cudaDriverEntryPointVersionNotSufficent);
  }
}

// --- the end -----------------------------------------------------------------------------------------------

TEST_F(VirtualMemory, ThatIsLeftWhenTheContextOfItsDeviceEndsIsReportedAndFreed) {
  const DriverFunctions contexts;
  host::set_device_count(2);
  unsigned char* const of_another_device = map_new(2, granule);
  EXPECT_NE(contexts.retain(1), nullptr);
  static_cast<void>(map_new(0, 2 * granule, 1));
  const CUmemGenericAllocationHandle memory = driver.created(granule, 1);
  driver.map_whole(at(3), granule, memory);
  EXPECT_EQ(contexts.release_primary(1), CUDA_SUCCESS);
  EXPECT_EQ(host::violations().size(), 2);
  EXPECT_NE(host::violations()[0].find("never released"), std::string::npos);
  host::clear_violations();
  EXPECT_EQ(host::mapped_bytes(1), 0);
  EXPECT_EQ(driver.release(memory), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(driver.unmap(at(0), 2 * granule), CUDA_ERROR_INVALID_VALUE);
  EXPECT_CUDA(cudaMemsetAsync(of_another_device, 1, granule, stream));
  synchronize();
  driver.remove(at(2), granule);
  static_cast<void>(map_new(0));
  driver.remove(at(0), granule);
  driver.give_back(addresses, reserved_bytes);
}

TEST_F(VirtualMemory, LeavesNothingBehindAtReset) {
  host::reset();
  const std::ptrdiff_t files = open_files();
  const CUdeviceptr address = driver.reserved(2 * granule);
  const CUmemGenericAllocationHandle memory = driver.created(granule);
  driver.map_whole(address, granule, memory);
  const CUmemGenericAllocationHandle freed = driver.created(granule);
  driver.release_whole(freed);
  EXPECT_EQ(open_files(), files + 1);
  host::reset();
  EXPECT_EQ(open_files(), files);
  EXPECT_EQ(host::mapped_bytes(), 0);
  EXPECT_EQ(driver.release(memory), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(driver.unmap(address, granule), CUDA_ERROR_INVALID_VALUE);
  EXPECT_EQ(driver.free_addresses(address, 2 * granule), CUDA_ERROR_INVALID_VALUE);
}

}  // namespace
}  // namespace daa::test
