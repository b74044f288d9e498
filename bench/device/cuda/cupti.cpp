#include "device/cuda/cupti.hpp"

#include <dlfcn.h>

#include <initializer_list>

namespace daa::bench {

namespace {

// By name first: that is where a library that the process has loaded already is found, of which there must
// not be two. Then the one that lay beside the header when this was compiled.
void* open_library() {
  for (const char* const path : {DAA_CUPTI_SONAME, DAA_CUPTI_LIBRARY}) {
    if (*path == '\0') continue;
    if (void* const library = ::dlopen(path, RTLD_NOW | RTLD_LOCAL)) return library;
  }
  return nullptr;
}

struct Loaded {
  Cupti cupti;
  std::string why_not;

  Loaded() {
    void* const library = open_library();
    if (library == nullptr) {
      why_not = "there is no " DAA_CUPTI_SONAME
                " here: install the CUDA toolkit's CUPTI, or put its folder into LD_LIBRARY_PATH";
      return;
    }
    find(library, "cuptiSubscribe", cupti.subscribe);
    find(library, "cuptiUnsubscribe", cupti.unsubscribe);
    find(library, "cuptiEnableDomain", cupti.enable_domain);
    find(library, "cuptiFinalize", cupti.finalize);
    find(library, "cuptiGetResultString", cupti.result_string);
  }

 private:
  template <class Function>
  void find(void* library, const char* name, Function& function) {
    function = reinterpret_cast<Function>(::dlsym(library, name));
    if (function == nullptr)
      why_not = std::string{DAA_CUPTI_SONAME " has no "} + name + ": install that of this CUDA toolkit";
  }
};

}  // namespace

const Cupti* load_cupti(std::string& why_not) {
  static const Loaded loaded;
  why_not = loaded.why_not;
  return why_not.empty() ? &loaded.cupti : nullptr;
}

std::string describe(const Cupti& cupti, CUptiResult result) {
  const char* text = nullptr;
  if (cupti.result_string(result, &text) != CUPTI_SUCCESS || text == nullptr)
    return "CUPTI's error " + std::to_string(result);
  return text;
}

}  // namespace daa::bench
