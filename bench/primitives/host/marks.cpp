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

void write_mark(void* block, std::size_t bytes, std::uint32_t mark) {
  for_each_mark(static_cast<std::byte*>(block), bytes,
                [mark](std::byte* place, std::size_t size) { std::memcpy(place, &mark, size); });
}

void check_mark(const void* block, std::size_t bytes, std::uint32_t mark, WrongMarks* wrong) {
  for_each_mark(static_cast<const std::byte*>(block), bytes, [=](const std::byte* place, std::size_t size) {
    if (std::memcmp(place, &mark, size) == 0) return;
    ++wrong->count;
    wrong->first_mark = std::min<std::uint64_t>(wrong->first_mark, mark);
  });
}

std::vector<host_runtime::Access> accesses_of(std::span<void* const> blocks, std::size_t bytes) {
  std::vector<host_runtime::Access> accesses;
  for (void* const block : blocks) accesses.push_back({block, bytes});
  return accesses;
}

}  // namespace

void write_marks_each(std::span<void* const> blocks, std::size_t bytes, std::uint32_t first_mark,
                      cudaStream_t stream) {
  enqueue(stream, accesses_of(blocks, bytes), [=, each = std::vector<void*>(blocks.begin(), blocks.end())] {
    std::uint32_t mark = first_mark;
    for (void* const block : each) write_mark(block, bytes, mark++);
  });
}

void check_marks_each(std::span<void* const> blocks, std::size_t bytes, std::uint32_t first_mark,
                      WrongMarks* wrong, cudaStream_t stream) {
  std::vector<host_runtime::Access> accesses = accesses_of(blocks, bytes);
  accesses.push_back(access(wrong, 1));
  enqueue(stream, std::move(accesses), [=, each = std::vector<void*>(blocks.begin(), blocks.end())] {
    std::uint32_t mark = first_mark;
    for (const void* const block : each) check_mark(block, bytes, mark++, wrong);
  });
}

void write_marks(void* block, std::size_t bytes, std::uint32_t mark, cudaStream_t stream) {
  enqueue(stream, {{block, bytes}}, [=] { write_mark(block, bytes, mark); });
}

void check_marks(const void* block, std::size_t bytes, std::uint32_t mark, WrongMarks* wrong,
                 cudaStream_t stream) {
  enqueue(stream, {{block, bytes}, access(wrong, 1)}, [=] { check_mark(block, bytes, mark, wrong); });
}

}  // namespace daa::bench::primitives
