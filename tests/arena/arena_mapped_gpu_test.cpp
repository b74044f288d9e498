// What Backing::mapped promises to other devices and processes. (Its rules: arena_mapped_host_test.cpp.)

#include <unistd.h>

#include "daa/device_async_arena.hpp"
#include "driver_functions.hpp"
#include "stream_fixture.hpp"

namespace daa::test {
namespace {

constexpr std::size_t MiB = std::size_t{1} << 20;

class ArenaMappedOnDevice : public StreamFixture {
 protected:
  static ArenaOptions options() {
    ArenaOptions result;
    result.backing = Backing::mapped;
    return result;
  }
};

TEST_F(ArenaMappedOnDevice, ExportableMemoryCanBeImportedAndIsOpenToNetworkDevicesWhereThereIsSupport) {
  const VirtualMemoryFunctions driver;
  auto* const retain =
      driver_function<decltype(cuMemRetainAllocationHandle)>("cuMemRetainAllocationHandle", 11000);
  auto* const properties_of = driver_function<decltype(cuMemGetAllocationPropertiesFromHandle)>(
      "cuMemGetAllocationPropertiesFromHandle", 10020);
  auto* const export_to =
      driver_function<decltype(cuMemExportToShareableHandle)>("cuMemExportToShareableHandle", 10020);
  auto* const import_from =
      driver_function<decltype(cuMemImportFromShareableHandle)>("cuMemImportFromShareableHandle", 10020);
  ArenaOptions exportable = options();
  exportable.exportable = true;
  DeviceAsyncArena arena{stream(), {}, exportable};
  void* const memory = arena.alloc_bytes(2 * MiB);
  fill(memory, 7, 2 * MiB);

  CUmemGenericAllocationHandle page = 0;
  ASSERT_EQ(retain(&page, memory), CUDA_SUCCESS);
  CUmemAllocationProp properties{};
  EXPECT_EQ(properties_of(&properties, page), CUDA_SUCCESS);
  int has_rdma = 0;
  EXPECT_EQ(driver.attribute(&has_rdma, CU_DEVICE_ATTRIBUTE_GPU_DIRECT_RDMA_WITH_CUDA_VMM_SUPPORTED, 0),
            CUDA_SUCCESS);
  EXPECT_EQ(properties.allocFlags.gpuDirectRDMACapable, has_rdma);

  int file = -1;
  ASSERT_EQ(export_to(&file, page, CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR, 0), CUDA_SUCCESS);
  CUmemGenericAllocationHandle imported = 0;
  ASSERT_EQ(import_from(&imported, reinterpret_cast<void*>(static_cast<std::intptr_t>(file)),
                        CU_MEM_HANDLE_TYPE_POSIX_FILE_DESCRIPTOR),
            CUDA_SUCCESS);
  close(file);
  const CUdeviceptr elsewhere = driver.reserved(2 * MiB);
  driver.map_whole(elsewhere, 2 * MiB, imported);
  EXPECT_TRUE(holds(pointer_to(elsewhere), 7, 2 * MiB));
  driver.remove(elsewhere, 2 * MiB);
  driver.give_back(elsewhere, 2 * MiB);
  driver.release_whole(imported);
  driver.release_whole(page);
}

TEST_F(ArenaMappedOnDevice, PeersHaveAccess) {
  int count = 0, can_access = 0;
  DAA_CUDA_CHECK(cudaGetDeviceCount(&count));
  if (count > 1) DAA_CUDA_CHECK(cudaDeviceCanAccessPeer(&can_access, 1, 0));
  if (can_access == 0) GTEST_SKIP() << "needs a peer of device 0, this machine has " << count << " GPUs";
  ArenaOptions shared = options();
  shared.peers = {1};
  DeviceAsyncArena arena{stream(), {}, shared};
  void* const memory = arena.alloc_bytes(2 * MiB);
  DAA_CUDA_CHECK(cudaSetDevice(1));
  DAA_CUDA_CHECK(cudaMemset(memory, 9, 2 * MiB));
  DAA_CUDA_CHECK(cudaDeviceSynchronize());
  DAA_CUDA_CHECK(cudaSetDevice(0));
  EXPECT_TRUE(holds(memory, 9, 2 * MiB));
}

}  // namespace
}  // namespace daa::test
