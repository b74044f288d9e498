// Rows read back from their CSV, by a reader that knows nothing of its writer.
#pragma once

#include <gtest/gtest.h>

#include <vector>

#include "csv_reader.hpp"
#include "report/csv.hpp"
#include "report_rows.hpp"

namespace daa::bench {

/// The row as a reader sees it, by the name of the column.
inline test::CsvRecord read_back(const Row& row, const Context& context) {
  const std::vector<test::CsvRecord> records = test::read_csv(csv_header() + csv_line(row, context));
  EXPECT_EQ(records.size(), 1u);
  return records.at(0);
}

}  // namespace daa::bench
