// The inline functions of the headers, compiled with -fno-exceptions. Compile-only.

#include "daa/arena_pool.hpp"
#include "daa/thrust_allocator.hpp"

template daa::DeviceBufferView<int> daa::alloc<int>(daa::DeviceAsyncArena&, std::size_t, std::size_t);
template void daa::DeviceAsyncArena::recycle<int>(daa::DeviceBufferView<int>);
template class daa::DeviceBufferView<int>;
template class daa::thrust_allocator<int>;
