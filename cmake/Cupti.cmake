# CUPTI's header, from the toolkit or from DAA_CUPTI, a folder with include/ and lib/ in it. The library is loaded when the
# program runs; where it lies now is remembered as the place to look last.

set(DAA_CUPTI "" CACHE PATH "A folder with CUPTI of the toolkit's release, where the toolkit has none")

# daa_use_cupti(<target>): gives <target> cupti.h and the counter that uses it, or the one that says that there is none.
function(daa_use_cupti target)
  set(folders ${DAA_CUPTI} ${CUDAToolkit_LIBRARY_ROOT} ${CUDAToolkit_TARGET_DIR} ${CUDAToolkit_BIN_DIR}/..)
  set(soname libcupti.so.${CUDAToolkit_VERSION_MAJOR})
  find_path(cupti_include_dir cupti.h PATHS ${folders} PATH_SUFFIXES include extras/CUPTI/include NO_DEFAULT_PATH NO_CACHE)
  find_file(cupti_library ${soname} PATHS ${folders} PATH_SUFFIXES lib lib64 extras/CUPTI/lib64 NO_DEFAULT_PATH NO_CACHE)
  if(NOT cupti_include_dir)
    message(STATUS "There is no cupti.h in the CUDA toolkit nor in DAA_CUPTI: daa-bench will not count CUDA calls on a GPU")
    target_sources(${target} PRIVATE counters/cuda/without_cupti.cpp)
    return()
  endif()
  if(NOT cupti_library)
    set(cupti_library "")
  endif()
  set(sources counters/cuda/call_counter.cpp counters/cuda/cupti.cpp)
  target_sources(${target} PRIVATE ${sources})
  target_include_directories(${target} SYSTEM PRIVATE ${cupti_include_dir} ${CUDAToolkit_INCLUDE_DIRS})
  set_source_files_properties(${sources} PROPERTIES COMPILE_DEFINITIONS
    "DAA_CUPTI_SONAME=\"${soname}\";DAA_CUPTI_LIBRARY=\"${cupti_library}\"")
endfunction()
