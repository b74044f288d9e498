// What the allocators from RMM have in common: a resource, used on one stream.
#pragma once

#include <cuda_runtime_api.h>

#include <cstddef>
#include <rmm/error.hpp>
#include <string>
#include <utility>

#include "out_of_memory.hpp"

namespace daa::bench {

template <class Resource>
class RmmResource {
 public:
  /// `args` are the resource's, which takes `bytes_beforehand`.
  template <class... Args>
  RmmResource(const char* name, cudaStream_t stream, std::size_t bytes_beforehand, Args&&... args) try
      : name_(name), stream_(stream), resource_(std::forward<Args>(args)...) {
  } catch (const rmm::out_of_memory& error) {
    throw_out_of_memory(bytes_beforehand, std::string{name} + " (" + error.what() + ")");
  }

  void* allocate(std::size_t bytes) {
    try {
      return resource_.allocate(stream_, bytes, alignment);
    } catch (const rmm::out_of_memory& error) {
      throw_out_of_memory(bytes, std::string{name_} + " (" + error.what() + ")");
    }
  }

  void deallocate(void* pointer, std::size_t bytes) noexcept {
    resource_.deallocate(stream_, pointer, bytes, alignment);
  }

  [[nodiscard]] const Resource& resource() const { return resource_; }

 private:
  static constexpr std::size_t alignment = 256;

  const char* name_;
  cuda::stream_ref stream_;
  Resource resource_;
};

}  // namespace daa::bench
