#include <algorithm>
#include <cstring>

#include "primitives/host/enqueue.hpp"

namespace daa::bench::primitives {

namespace {

// Calls `action` with each marked place of a block and how many bytes of the mark there are.
template <class Byte, class Action>
void for_each_mark(Byte* block, std::size_t bytes, Action action) {
  for (std::size_t offset = 0; offset < bytes; offset += mark_spacing)
    action(block + offset, std::min(sizeof(std::uint32_t), bytes - offset));
}

}  // namespace

void write_marks(void* block, std::size_t bytes, std::uint32_t mark, cudaStream_t stream) {
  enqueue(stream, {{block, bytes}}, [=] {
    for_each_mark(static_cast<std::byte*>(block), bytes,
                  [mark](std::byte* place, std::size_t size) { std::memcpy(place, &mark, size); });
  });
}

void check_marks(const void* block, std::size_t bytes, std::uint32_t mark, WrongMarks* wrong,
                 cudaStream_t stream) {
  enqueue(stream, {{block, bytes}, access(wrong, 1)}, [=] {
    for_each_mark(static_cast<const std::byte*>(block), bytes, [=](const std::byte* place, std::size_t size) {
      if (std::memcmp(place, &mark, size) == 0) return;
      ++wrong->count;
      wrong->first_mark = std::min<std::uint64_t>(wrong->first_mark, mark);
    });
  });
}

}  // namespace daa::bench::primitives
