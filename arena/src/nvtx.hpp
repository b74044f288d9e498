// NVTX with the arena's domain. Without a tool attached a range costs a few nanoseconds.
#pragma once

#include <nvtx3/nvtx3.hpp>

#include "daa/nvtx_domain.hpp"
