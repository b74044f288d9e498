// What cannot be compared.
#pragma once

#include <stdexcept>

namespace daa::bench {

/// A file that is no result of daa-bench, or results that may not be compared; what() names file, line,
/// column and value, and the remedy, in one line.
class BadResult : public std::runtime_error {
 public:
  using std::runtime_error::runtime_error;
};

}  // namespace daa::bench
