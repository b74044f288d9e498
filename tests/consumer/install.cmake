# cmake -D BUILD=... -D SCRATCH=... -D CUDA_HEADERS=... -P install.cmake: installs the build in BUILD and
# moves it to SCRATCH/moved. SCRATCH/arena_only gets only the component arena; SCRATCH/headers gets what a
# machine with only the CUDA headers has.

file(REMOVE_RECURSE ${SCRATCH})
execute_process(COMMAND ${CMAKE_COMMAND} --install ${BUILD} --prefix ${SCRATCH}/prefix COMMAND_ERROR_IS_FATAL ANY)
file(RENAME ${SCRATCH}/prefix ${SCRATCH}/moved)
execute_process(COMMAND ${CMAKE_COMMAND} --install ${BUILD} --prefix ${SCRATCH}/arena_only --component arena
                COMMAND_ERROR_IS_FATAL ANY)

# The package must not contain a path of this machine.
file(GLOB_RECURSE package_files ${SCRATCH}/moved/*.cmake)
foreach(file IN LISTS package_files)
  file(READ ${file} text)
  foreach(folder ${BUILD} ${SCRATCH} ${CUDA_HEADERS})
    string(FIND "${text}" "${folder}" place)
    if(NOT place EQUAL -1)
      message(FATAL_ERROR "${file} contains the path ${folder}")
    endif()
  endforeach()
endforeach()

file(MAKE_DIRECTORY ${SCRATCH}/headers)
file(CREATE_LINK ${CUDA_HEADERS} ${SCRATCH}/headers/include SYMBOLIC)
