#include "phase_log.hpp"

#include <algorithm>
#include <new>

#include "offset_table.hpp"

namespace daa::v0_1::detail {

void PhaseLog::add(Operation operation) noexcept {
  complete_ = complete_ && operations_.size() < most_operations;
  if (!complete_) {
    operations_ = {};
    return;
  }
  try {
    operations_.push_back(operation);
  } catch (const std::bad_alloc&) {
    complete_ = false;
  }
}

std::optional<std::size_t> PhaseLog::replay() const noexcept try {
  if (!complete_) return std::nullopt;
  PhaseLayout layout = layout_;
  std::size_t top = top_;
  std::size_t reserved = 0;
  OffsetTable moved;  // offsets in one chunk of the allocations made since the log began
  const auto in_one = [&](std::size_t begin) {
    const std::size_t* const found = moved.find(begin);
    if (found != nullptr) return *found;
    const auto stretch = std::prev(
        std::upper_bound(stretches_.begin(), stretches_.end(), begin,
                         [](std::size_t offset, const Stretch& each) { return offset < each.begin; }));
    return stretch->in_one + (begin - stretch->begin);
  };
  for (const Operation& operation : operations_) {
    switch (operation.kind) {
      case Kind::allocated: {
        std::size_t begin = layout.empty() ? PhaseLayout::none : layout.take(operation.size, top);
        if (begin == PhaseLayout::none) {
          begin = top;
          top += operation.size;
        }
        moved.prepare();
        moved.put(operation.begin, begin);
        break;
      }
      case Kind::recycled: {
        const std::size_t begin = in_one(operation.begin);
        top = layout.give({begin, begin + operation.size}, top);
        if (top == PhaseLayout::none) return std::nullopt;  // undetected misuse by the caller
        break;
      }
      case Kind::reserved:
        reserved = std::max(reserved, top + operation.size);
        break;
      case Kind::scope_began:
        layout.begin_scope(top);
        break;
      case Kind::scope_ended:
        top = layout.end_scope(top);
        break;
    }
  }
  return std::max({layout.highest_top(), top, reserved});
} catch (const std::bad_alloc&) {
  return std::nullopt;
}

}  // namespace daa::v0_1::detail
