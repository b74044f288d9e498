# The project in consumer/, which takes daa in each way there is: as an installed package that was moved since, as a
# sub-project, by FetchContent. They build in parallel with other tests, two compilers each. FetchContent differs from a
# sub-project while it is configured, and is not built.

set(scratch ${CMAKE_CURRENT_BINARY_DIR}/consumer)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/daa)
cmake_path(GET CUDAToolkit_BIN_DIR PARENT_PATH toolkit)  # which scripts/setup.sh may have installed in build/
list(GET CUDAToolkit_INCLUDE_DIRS 0 cuda_headers)

# daa_test_consumer(<name> <settings>...): configures the project with these settings, builds it and runs its tests.
function(daa_test_consumer name)
  add_test(NAME consumer.${name}
    COMMAND ${CMAKE_CTEST_COMMAND}
      --build-and-test ${CMAKE_CURRENT_SOURCE_DIR}/consumer ${scratch}/${name}
      --build-generator ${CMAKE_GENERATOR}
      --build-makeprogram ${CMAKE_MAKE_PROGRAM}
      --build-options
        -DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER}
        -DCMAKE_CXX_COMPILER_LAUNCHER=${DAA_CCACHE}
        -DCMAKE_JOB_POOLS=two=2
        -DCMAKE_JOB_POOL_COMPILE=two
        ${ARGN}
      --test-command ${CMAKE_CTEST_COMMAND} --output-on-failure --no-tests=error)
  set_tests_properties(consumer.${name} PROPERTIES FIXTURES_REQUIRED consumer PROCESSORS 2 LABELS consumer)
endfunction()

# daa_test_refusal(<name> <prefix> <request> <answer>): find_package(daa <request>) fails and gives this reason.
function(daa_test_refusal name prefix request answer)
  add_test(NAME consumer.${name}
    COMMAND ${CMAKE_COMMAND} -D PACKAGE=${scratch}/${prefix}/${package_dir}
            -D "REQUEST=${request}" -D "ANSWER=${answer}" -P ${CMAKE_CURRENT_SOURCE_DIR}/consumer/refusal.cmake)
  set_tests_properties(consumer.${name} PROPERTIES FIXTURES_REQUIRED consumer LABELS consumer)
endfunction()

add_test(NAME consumer.Install
  COMMAND ${CMAKE_COMMAND} -D BUILD=${PROJECT_BINARY_DIR} -D SCRATCH=${scratch} -D CUDA_HEADERS=${cuda_headers}
          -P ${CMAKE_CURRENT_SOURCE_DIR}/consumer/install.cmake)
set_tests_properties(consumer.Install PROPERTIES FIXTURES_SETUP consumer LABELS consumer)

daa_test_consumer(FindPackage
  -DDAA_FROM=package -DCMAKE_PREFIX_PATH=${scratch}/moved -DCUDAToolkit_ROOT=${toolkit})
daa_test_consumer(FindPackageWithTheHeadersOfCudaOnly
  -DDAA_FROM=package -DCMAKE_PREFIX_PATH=${scratch}/moved -DDAA_COMPONENTS=host_runtime
  -DCUDAToolkit_ROOT=${scratch}/headers -DCMAKE_DISABLE_FIND_PACKAGE_CUDAToolkit=ON)
daa_test_consumer(AddSubdirectory -DDAA_FROM=subdirectory -DCMAKE_UNITY_BUILD=ON -DCUDAToolkit_ROOT=${toolkit})
add_test(NAME consumer.FetchContent
  COMMAND ${CMAKE_COMMAND} -S ${CMAKE_CURRENT_SOURCE_DIR}/consumer -B ${scratch}/FetchContent -G ${CMAKE_GENERATOR}
          -DCMAKE_CXX_COMPILER=${CMAKE_CXX_COMPILER} -DDAA_FROM=fetch -DCUDAToolkit_ROOT=${toolkit})
set_tests_properties(consumer.FetchContent PROPERTIES LABELS consumer)

math(EXPR next_minor "${PROJECT_VERSION_MINOR} + 1")
daa_test_refusal(AnotherMinorVersionIsRefused moved ${PROJECT_VERSION_MAJOR}.${next_minor}
  "version: ${PROJECT_VERSION}")
daa_test_refusal(AnUnknownComponentIsRefused moved "COMPONENTS;host_runtime;gpu"
  "daa has no component \"gpu\": the components are arena and host_runtime.")
daa_test_refusal(AComponentThatIsNotInstalledIsRefused arena_only "COMPONENTS;host_runtime"
  "The component \"host_runtime\" of daa is not installed in")

# --- the benchmark, installed by name ---

set(installed ${CMAKE_CURRENT_BINARY_DIR}/bench)
set(program daa-bench-host)
if(TARGET daa-bench)
  set(program daa-bench)
endif()
add_test(NAME bench.Install COMMAND ${CMAKE_COMMAND} --install ${PROJECT_BINARY_DIR} --component bench --prefix ${installed})
set_tests_properties(bench.Install PROPERTIES FIXTURES_SETUP installed_bench)
add_test(NAME bench.AnInstalledOneFindsItsLibraries COMMAND ${installed}/${CMAKE_INSTALL_BINDIR}/${program} --list)
set_tests_properties(bench.AnInstalledOneFindsItsLibraries PROPERTIES FIXTURES_REQUIRED installed_bench)
