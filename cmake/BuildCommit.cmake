# daa_build_commit(<target>): gives <target> the generated header daa_commit.hpp, which contains the commit of
# the sources at each build. The header is rewritten, and its users are recompiled, only if the commit has
# changed.

function(daa_build_commit target)
  set(directory ${CMAKE_CURRENT_BINARY_DIR}/generated)
  add_custom_target(${target}_commit
    COMMAND ${CMAKE_COMMAND} -D SOURCE_DIR=${PROJECT_SOURCE_DIR} -D HEADER=${directory}/daa_commit.hpp
            -P ${PROJECT_SOURCE_DIR}/cmake/write_commit.cmake
    BYPRODUCTS ${directory}/daa_commit.hpp
    COMMENT "Updating daa_commit.hpp"
    VERBATIM)
  add_dependencies(${target} ${target}_commit)
  target_include_directories(${target} PRIVATE ${directory})
endfunction()
