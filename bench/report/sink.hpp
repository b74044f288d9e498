// Where rows go.
#pragma once

#include <span>

#include "report/row.hpp"

namespace daa::bench {

/// A table, a file, a baseline to compare with. Errors of the file system are std::system_error.
class Sink {
 public:
  virtual ~Sink() = default;

  /// The rows of one case, at least one, in the order in which the allocators were asked for. Complete on
  /// return: whatever ends the program afterwards leaves whole rows behind.
  virtual void write(std::span<const Row> rows) = 0;

  /// After the last case, also of a run that was interrupted.
  virtual void finish() {}
};

}  // namespace daa::bench
