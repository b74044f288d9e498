# The allocators of others that daa-bench is compared with. Each is a file, and each is compiled for itself: what it
# includes brings its own versions of things.
#
# daa_bench_peers_cuda, daa_bench_peers_host: the objects that define their rows, for a program on a GPU and for one on the
# host runtime. The row of one that is not built in says why.

add_library(daa_bench_peers_cuda INTERFACE)
add_library(daa_bench_peers_host INTERFACE)

# daa_bench_peer(<source> <absence> <library> <names>...): allocators/<source>.cpp, which has these rows, unless there is a
# reason for its absence.
function(daa_bench_peer source absence library)
  foreach(name IN LISTS ARGN)
    daa_bench_absent_peer(host ${name} "needs a GPU; daa-bench has it, where it is built in")
    if(DAA_CUDA AND absence)
      daa_bench_absent_peer(cuda ${name} "${absence}")
    endif()
  endforeach()
  if(DAA_CUDA AND NOT absence)
    daa_bench_peer_object(cuda ${source} allocators/${source}.cpp ${library})
  endif()
endfunction()

# daa_bench_absent_peer(<program> <name> <absence>): the row that says so.
function(daa_bench_absent_peer program name absence)
  string(REPLACE - _ function ${name})
  set(source ${CMAKE_CURRENT_BINARY_DIR}/absent/${program}/${function}.cpp)
  configure_file(allocators/absent.cpp.in ${source} @ONLY)
  daa_bench_peer_object(${program} ${function} ${source})
endfunction()

# daa_bench_peer_object(<program> <object> <source> <libraries>...): the libraries' headers stay with this source.
function(daa_bench_peer_object program object source)
  set(target daa_bench_${object}_${program})
  add_library(${target} OBJECT ${source})
  target_link_libraries(${target} PRIVATE ${ARGN} daa_arena_objects)
  target_include_directories(${target} PRIVATE ${CMAKE_CURRENT_SOURCE_DIR})
  daa_target(${target})
  target_sources(daa_bench_peers_${program} INTERFACE $<TARGET_OBJECTS:${target}>)
  foreach(library IN LISTS ARGN)
    target_link_libraries(daa_bench_peers_${program} INTERFACE $<LINK_ONLY:${library}>)
  endforeach()
endfunction()

find_path(toolkit_cccl cub/util_allocator.cuh
  PATHS ${CUDAToolkit_INCLUDE_DIRS} PATH_SUFFIXES cccl NO_DEFAULT_PATH NO_CACHE)
if(toolkit_cccl)
  add_library(daa_toolkit_cccl INTERFACE)
  target_include_directories(daa_toolkit_cccl SYSTEM INTERFACE ${toolkit_cccl})
  set(cccl_absence "")
else()
  set(cccl_absence "the CUDA toolkit in ${CUDAToolkit_LIBRARY_ROOT} has no CCCL: install its package cuda-cccl")
endif()

daa_bench_peer(cub_caching "${cccl_absence}" daa_toolkit_cccl cub-caching)
daa_bench_peer(thrust_pool "${cccl_absence}" daa_toolkit_cccl thrust-pool)
daa_bench_peer(rmm "${DAA_RMM_ABSENCE}" daa_rmm rmm-pool rmm-async rmm-arena)
daa_bench_peer(torch_caching "${DAA_TORCH_ABSENCE}" daa_torch torch-caching)
