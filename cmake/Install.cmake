# Install rules. The components are those of the package, `arena` and `host_runtime`, and `bench`, which is
# installed only on request. See also daa-config.cmake.in.

include(CMakePackageConfigHelpers)
include(GNUInstallDirs)
set(package_dir ${CMAKE_INSTALL_LIBDIR}/cmake/daa)

# daa_install(<component> <export> <targets>...): the targets, in the package's file daa-<export>-targets.cmake.
function(daa_install component export)
  install(TARGETS ${ARGN}
    EXPORT daa-${export}-targets
    ARCHIVE DESTINATION ${CMAKE_INSTALL_LIBDIR} COMPONENT ${component}
    INCLUDES DESTINATION ${CMAKE_INSTALL_INCLUDEDIR})
  install(EXPORT daa-${export}-targets NAMESPACE daa:: DESTINATION ${package_dir} COMPONENT ${component})
endfunction()

daa_install(arena common daa_arena_objects)
daa_install(arena arena daa_arena)
daa_install(host_runtime host_runtime daa_host_runtime daa_arena_host)

install(DIRECTORY arena/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT arena)
install(DIRECTORY arena/host_runtime/include/ DESTINATION ${CMAKE_INSTALL_INCLUDEDIR} COMPONENT host_runtime)
install(FILES LICENSE DESTINATION ${CMAKE_INSTALL_DOCDIR} COMPONENT arena)

# While the major version is 0, each minor version may be incompatible with the previous one.
write_basic_package_version_file(${PROJECT_BINARY_DIR}/daa-config-version.cmake COMPATIBILITY SameMinorVersion)
configure_package_config_file(cmake/daa-config.cmake.in ${PROJECT_BINARY_DIR}/daa-config.cmake
  INSTALL_DESTINATION ${package_dir}
  NO_SET_AND_CHECK_MACRO NO_CHECK_REQUIRED_COMPONENTS_MACRO)
install(FILES ${PROJECT_BINARY_DIR}/daa-config.cmake ${PROJECT_BINARY_DIR}/daa-config-version.cmake
  DESTINATION ${package_dir} COMPONENT arena)

foreach(program daa-bench daa-bench-host)
  if(TARGET ${program})
    install(TARGETS ${program} RUNTIME DESTINATION ${CMAKE_INSTALL_BINDIR} COMPONENT bench EXCLUDE_FROM_ALL)
  endif()
endforeach()
install(DIRECTORY bench/traces/ DESTINATION ${CMAKE_INSTALL_DATADIR}/daa/traces COMPONENT bench EXCLUDE_FROM_ALL
  FILES_MATCHING PATTERN *.csv PATTERN README.md)
