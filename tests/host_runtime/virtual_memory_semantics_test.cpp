// What holds of any driver: virtual memory management.

#include <cuda.h>

#include <functional>
#include <optional>

#include "driver_functions.hpp"
#include "runtime_semantics_fixture.hpp"

namespace daa::test {
namespace {

/// A reservation of four granules, and memory of one.
class VirtualMemorySemantics : public RuntimeSemantics {
 protected:
  void SetUp() override {
    RuntimeSemantics::SetUp();
    if (IsSkipped() || HasFatalFailure()) return;
    driver.emplace();
    ASSERT_FALSE(HasFailure()) << "the tests cannot do without these functions";
    int is_supported = 0;
    ASSERT_EQ(driver->attribute(&is_supported, CU_DEVICE_ATTRIBUTE_VIRTUAL_MEMORY_MANAGEMENT_SUPPORTED, 0),
              CUDA_SUCCESS);
    if (is_supported == 0) GTEST_SKIP() << "the device has no virtual memory management";
    ASSERT_EQ(driver->granularity(&granule, &properties, CU_MEM_ALLOC_GRANULARITY_MINIMUM), CUDA_SUCCESS);
    addresses = driver->reserved(reserved_bytes());
    memory = driver->created(granule);
  }
  void TearDown() override {
    if (granule != 0) {
      driver->release_whole(memory);
      driver->give_back(addresses, reserved_bytes());
    }
    RuntimeSemantics::TearDown();
  }

  [[nodiscard]] std::size_t reserved_bytes() const { return 4 * granule; }
  /// The address of the i-th granule of the reservation.
  [[nodiscard]] CUdeviceptr at(std::size_t i) const { return addresses + i * granule; }

  const CUmemAllocationProp properties = VirtualMemoryFunctions::properties();
  std::optional<VirtualMemoryFunctions> driver;
  std::size_t granule = 0;
  CUdeviceptr addresses = 0;
  CUmemGenericAllocationHandle memory = 0;
};

TEST_F(VirtualMemorySemantics, AReservationIsAlignedAndMayBeLargerThanTheMemoryOfTheDevice) {
  EXPECT_EQ(addresses % granule, 0);
  std::size_t free_bytes = 0;
  std::size_t all = 0;
  EXPECT_CUDA(cudaMemGetInfo(&free_bytes, &all));
  all = (all + granule - 1) / granule * granule;
  driver->give_back(driver->reserved(8 * all), 8 * all);
  const std::size_t alignment = 16 * granule;
  const CUdeviceptr aligned = driver->reserved(granule, alignment);
  EXPECT_EQ(aligned % alignment, 0);
  driver->give_back(aligned, granule);
}

TEST_F(VirtualMemorySemantics, AllMappingsOfMemoryShareItsBytes) {
  driver->map_whole(at(0), granule, memory);
  driver->map_whole(at(2), granule, memory);
  set(pointer_to(at(0)), 7);
  EXPECT_EQ(value(pointer_to(at(2))), 7);
  driver->remove(at(0), granule);
  EXPECT_EQ(value(pointer_to(at(2))), 7);
  driver->remove(at(2), granule);
}

TEST_F(VirtualMemorySemantics, MemoryKeepsItsBytesWhileItsHandleOrAMappingRefersToIt) {
  driver->map_whole(at(0), granule, memory);
  set(pointer_to(at(0)), 7);
  synchronize();
  driver->remove(at(0), granule);
  driver->map_whole(at(1), granule, memory);
  EXPECT_EQ(value(pointer_to(at(1))), 7);
  driver->release_whole(memory);
  EXPECT_EQ(value(pointer_to(at(1))), 7);
  driver->remove(at(1), granule);
  memory = driver->created(granule);
}

TEST_F(VirtualMemorySemantics, MappingsSideBySideAreOneRangeToWorkAndToLaterCalls) {
  EXPECT_EQ(driver->map(at(1), granule, 0, memory, 0), CUDA_SUCCESS);
  const CUmemGenericAllocationHandle more = driver->created(2 * granule);
  EXPECT_EQ(driver->map(at(2), 2 * granule, 0, more, 0), CUDA_SUCCESS);
  driver->grant(at(1), 3 * granule);
  EXPECT_CUDA(cudaMemsetAsync(pointer_to(at(1)), 7, 3 * granule, stream));
  EXPECT_EQ(value(pointer_to(at(2) - bytes / 2)), 7);
  EXPECT_EQ(value(pointer_to(at(4) - bytes)), 7);
  driver->remove(at(1), 3 * granule);
  driver->release_whole(more);
}

TEST_F(VirtualMemorySemantics, NoCallIsForbiddenDuringACaptureOrInvalidatesIt) {
  for (const auto mode :
       {cudaStreamCaptureModeGlobal, cudaStreamCaptureModeThreadLocal, cudaStreamCaptureModeRelaxed}) {
    begin(mode);
    const CUdeviceptr more_addresses = driver->reserved(granule);
    const CUmemGenericAllocationHandle more = driver->created(granule);
    driver->map_whole(more_addresses, granule, more);
    driver->remove(more_addresses, granule);
    driver->release_whole(more);
    driver->give_back(more_addresses, granule);
    EXPECT_EQ(status(), cudaStreamCaptureStatusActive);
    EXPECT_NE(end(), nullptr);
  }
}

TEST_F(VirtualMemorySemantics, AGraphUsesMemoryThatIsMappedWhenItRuns) {
  driver->map_whole(at(0), granule, memory);
  begin();
  set(pointer_to(at(0)), 7);
  const cudaGraphExec_t exec = instantiate(end());
  launch(exec);
  EXPECT_EQ(value(pointer_to(at(0))), 7);
  driver->remove(at(0), granule);
}

TEST_F(VirtualMemorySemantics, WrongArgumentsAreRefused) {
  driver->map_whole(at(0), granule, memory);
  const CUmemGenericAllocationHandle two = driver->created(2 * granule);
  driver->map_whole(at(2), 2 * granule, two);
  CUdeviceptr address = 0;
  CUmemGenericAllocationHandle handle = 0;
  CUmemAllocationProp not_pinned = properties;
  not_pinned.type = CU_MEM_ALLOCATION_TYPE_INVALID;
  const CUmemAccessDesc access = VirtualMemoryFunctions::access();
  const struct {
    const char* what;
    std::function<CUresult()> call;
  } rows[] = {
      {"reserve nothing", [&] { return driver->reserve(&address, 0, 0, 0, 0); }},
      {"reserve 3 bytes", [&] { return driver->reserve(&address, 3, 0, 0, 0); }},
      {"reserve flags", [&] { return driver->reserve(&address, granule, 0, 0, 1); }},
      {"create nothing", [&] { return driver->create(&handle, 0, &properties, 0); }},
      {"create half a granule", [&] { return driver->create(&handle, granule / 2, &properties, 0); }},
      {"create flags", [&] { return driver->create(&handle, granule, &properties, 1); }},
      {"create memory that is not pinned", [&] { return driver->create(&handle, granule, &not_pinned, 0); }},
      {"map where something is mapped", [&] { return driver->map(at(0), granule, 0, memory, 0); }},
      {"map flags", [&] { return driver->map(at(1), granule, 0, memory, 1); }},
      {"map off a granule", [&] { return driver->map(at(1) + granule / 2, granule, 0, memory, 0); }},
      {"access to what is not mapped", [&] { return driver->set_access(at(1), granule, &access, 1); }},
      {"unmap a part", [&] { return driver->unmap(at(2), granule); }},
      {"free a part", [&] { return driver->free_addresses(addresses, granule); }},
  };
  for (const auto& [what, call] : rows) EXPECT_EQ(call(), CUDA_ERROR_INVALID_VALUE) << what;
  driver->remove(at(0), granule);
  driver->remove(at(2), 2 * granule);
  driver->release_whole(two);
}

TEST_F(VirtualMemorySemantics, MemoryIsMappedWhole) {
  const CUmemGenericAllocationHandle two = driver->created(2 * granule);
  EXPECT_EQ(driver->map(at(1), 2 * granule, 0, memory, 0), CUDA_ERROR_NOT_SUPPORTED) << "more than there is";
  EXPECT_EQ(driver->map(at(1), granule, 0, two, 0), CUDA_ERROR_NOT_SUPPORTED) << "its beginning";
  EXPECT_EQ(driver->map(at(1), granule, granule, two, 0), CUDA_ERROR_NOT_SUPPORTED) << "its end";
  EXPECT_EQ(driver->map(at(1), granule / 2, 0, memory, 0), CUDA_ERROR_NOT_SUPPORTED) << "half a granule";
  driver->release_whole(two);
}

TEST_F(VirtualMemorySemantics, MappedMemoryIsNotToBeFreed) {
  driver->map_whole(at(0), granule, memory);
  EXPECT_EQ(cudaFree(pointer_to(at(0))), cudaErrorInvalidValue);
  EXPECT_EQ(cudaFreeAsync(pointer_to(at(0)), stream), cudaErrorInvalidValue);
  set(pointer_to(at(0)), 7);
  EXPECT_EQ(value(pointer_to(at(0))), 7);
  driver->remove(at(0), granule);
}

TEST_F(VirtualMemorySemantics, ADeviceIsNoPeerOfItself) {
  int count = 0;
  int can_access = 77;
  EXPECT_CUDA(cudaGetDeviceCount(&count));
  EXPECT_CUDA(cudaDeviceCanAccessPeer(&can_access, 0, 0));
  EXPECT_EQ(can_access, 0);
  EXPECT_EQ(cudaDeviceCanAccessPeer(&can_access, 0, count), cudaErrorInvalidDevice);
}

}  // namespace
}  // namespace daa::test
