# Defines daa_mpi: MPI, with which several ranks run. DAA_MPI_ABSENCE is empty, or the reason why MPI is not used
# and the remedy.

option(DAA_MPI "Build what runs on several ranks, if MPI is there" ON)

set(how_to_get_it "apt-get install libopenmpi-dev openmpi-bin")
set(DAA_MPI_ABSENCE "")
if(NOT DAA_MPI)
  set(DAA_MPI_ABSENCE "switched off (DAA_MPI=${DAA_MPI}): ${how_to_get_it}")
  return()
endif()

set(MPI_CXX_SKIP_MPICXX TRUE)  # without the C++ interface, which MPI 3 has removed
find_package(MPI QUIET COMPONENTS CXX)
if(NOT MPI_CXX_FOUND OR NOT MPIEXEC_EXECUTABLE)
  set(DAA_MPI_ABSENCE "MPI was not found: ${how_to_get_it}")
  return()
endif()
add_library(daa_mpi INTERFACE IMPORTED GLOBAL)
target_link_libraries(daa_mpi INTERFACE MPI::MPI_CXX)
