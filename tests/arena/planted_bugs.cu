// A program with a selectable bug for compute-sanitizer to find: planted_bugs BUG chunked|individual
//
// BUG "none" is a correct program whose next phase begins while the kernel of the previous one still runs.

#include <cuda_runtime.h>

#include <cstdio>
#include <cstring>
#include <exception>
#include <stdexcept>

#include "daa/device_async_arena.hpp"

namespace {

__global__ void write_one(float* element) {
  *element = 1.0F;
}

__global__ void write_all_slowly(float* elements, unsigned count) {
  for (unsigned i = 0; i < count; ++i) elements[i] += static_cast<float>(clock64() % 3);
}

void write(float* element, cudaStream_t stream) {
  write_one<<<1, 1, 0, stream>>>(element);
  DAA_CUDA_CHECK(cudaGetLastError());
}

void run(const char* bug, daa::Backing backing) {
  const auto is = [bug](const char* name) { return std::strcmp(bug, name) == 0; };
  cudaStream_t stream = nullptr;
  DAA_CUDA_CHECK(cudaStreamCreate(&stream));
  {
    daa::ArenaOptions options;
    options.backing = backing;
    daa::DeviceAsyncArena arena{stream, {}, options};
    auto before = daa::alloc<float>(arena, 1001);
    auto victim = daa::alloc<float>(arena, 1001);
    auto after = daa::alloc<float>(arena, 1001);
    write(before.data() + 1000, stream);
    write(after.data(), stream);
    if (is("overrun")) {
      write(victim.data() + victim.size(), stream);
    } else if (is("use_after_reset")) {
      arena.reset();
      write(victim.data(), stream);
    } else if (is("use_after_scope")) {
      float* stale = nullptr;
      {
        daa::ArenaScope scope{arena};
        stale = daa::alloc<float>(arena, 1001).data();
        write(stale, stream);
      }
      write(stale, stream);
    } else if (is("use_after_recycle")) {
      arena.recycle(victim);
      write(victim.data(), stream);
    } else if (is("none")) {
      for (int phase = 0; phase < 20; ++phase) {
        const auto scratch = daa::alloc<float>(arena, 100'000);
        write_all_slowly<<<1, 1, 0, stream>>>(scratch.data(), 100'000);
        DAA_CUDA_CHECK(cudaGetLastError());
        daa::ArenaScope scope{arena};
        const auto inner = daa::alloc<float>(arena, 1001);
        write(inner.data() + 1000, stream);
        arena.recycle(inner);
        write(daa::alloc<float>(arena, 1001).data() + 1000, stream);
        arena.recycle(scratch);
      }
      arena.reset();
    } else {
      throw std::invalid_argument("planted_bugs: unknown BUG");
    }
  }
  DAA_CUDA_CHECK(cudaStreamSynchronize(stream));
  DAA_CUDA_CHECK(cudaStreamDestroy(stream));
}

}  // namespace

int main(int argc, char** argv) {
  if (argc != 3) {
    std::fprintf(stderr, "usage: planted_bugs BUG chunked|individual\n");
    return 1;
  }
  try {
    run(argv[1], std::strcmp(argv[2], "chunked") == 0 ? daa::Backing::chunked : daa::Backing::individual);
  } catch (const std::exception& error) {
    std::fprintf(stderr, "planted_bugs: %s\n", error.what());
    return 3;
  }
  return 0;
}
