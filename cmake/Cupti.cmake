# Finds CUPTI's header, in DAA_CUPTI or the toolkit. daa_cupti_include_dir is its folder, or false. The
# library is loaded at run time; its current path is compiled in as the last place to look.

set(DAA_CUPTI "" CACHE PATH "Folder with include/ and lib/ of CUPTI, if the toolkit does not contain it")

set(daa_cupti_folders ${DAA_CUPTI} ${CUDAToolkit_LIBRARY_ROOT} ${CUDAToolkit_TARGET_DIR} ${CUDAToolkit_BIN_DIR}/..)
set(daa_cupti_soname libcupti.so.${CUDAToolkit_VERSION_MAJOR})
find_path(daa_cupti_include_dir cupti.h PATHS ${daa_cupti_folders}
  PATH_SUFFIXES include extras/CUPTI/include NO_DEFAULT_PATH NO_CACHE)
find_file(daa_cupti_library ${daa_cupti_soname} PATHS ${daa_cupti_folders}
  PATH_SUFFIXES lib lib64 extras/CUPTI/lib64 NO_DEFAULT_PATH NO_CACHE)
if(NOT daa_cupti_library)
  set(daa_cupti_library "")
endif()

# daa_use_cupti(<target>): adds the CUPTI call counter to <target>, or a replacement that reports that CUPTI
# is missing.
function(daa_use_cupti target)
  set(folder ${PROJECT_SOURCE_DIR}/bench/device/cuda)
  if(NOT daa_cupti_include_dir)
    message(STATUS
      "cupti.h was not found in the CUDA toolkit or in DAA_CUPTI: daa-bench will not count CUDA calls on a GPU")
    target_sources(${target} PRIVATE ${folder}/without_cupti.cpp)
    return()
  endif()
  target_sources(${target} PRIVATE ${folder}/call_counter.cpp ${folder}/cupti.cpp)
  target_include_directories(${target} SYSTEM PRIVATE ${daa_cupti_include_dir} ${CUDAToolkit_INCLUDE_DIRS})
  target_compile_definitions(${target} PRIVATE
    DAA_CUPTI_SONAME="${daa_cupti_soname}" DAA_CUPTI_LIBRARY="${daa_cupti_library}")
  target_link_libraries(${target} PRIVATE ${CMAKE_DL_LIBS})
endfunction()
