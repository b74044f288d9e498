// A tool for NVTX, which loads it where NVTX_INJECTION64_PATH names it. Writes what a program tells NVTX into
// the file named by DAA_NVTX_LOG, a line each, fields separated by tabs:
//
//   domain  NUMBER  NAME
//   push    THREAD  DOMAIN  registered|unregistered  MESSAGE  PAYLOAD|-
//   pop     THREAD  DOMAIN
//
// A domain's number is 0 for NVTX's own, the one without a name. A registered string is one registered with
// the domain of its range; an integer payload is written as such.

#define NVTX_NO_IMPL
#include <nvtx3/nvToolsExt.h>
#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <deque>
#include <mutex>
#include <string>

// What NVTX's handles point to.
struct nvtxDomainRegistration_st {
  int number;
};
struct nvtxStringRegistration_st {
  nvtxDomainHandle_t domain;
  std::string text;
};

namespace {

// Its objects never move, and are never destroyed: a program may end with ranges open.
struct Log {
  std::mutex mutex;
  std::FILE* file = std::fopen(std::getenv("DAA_NVTX_LOG"), "w");
  std::deque<nvtxDomainRegistration_st> domains;
  std::deque<nvtxStringRegistration_st> strings;

  static Log& instance() {
    static Log& log = *new Log;
    return log;
  }
};

int number_of(nvtxDomainHandle_t domain) {
  return domain == nullptr ? 0 : domain->number;
}

nvtxDomainHandle_t NVTX_API create_domain(const char* name) {
  Log& log = Log::instance();
  const std::lock_guard lock(log.mutex);
  log.domains.push_back({static_cast<int>(log.domains.size()) + 1});
  std::fprintf(log.file, "domain\t%d\t%s\n", log.domains.back().number, name);
  std::fflush(log.file);
  return &log.domains.back();
}

nvtxStringHandle_t NVTX_API register_string(nvtxDomainHandle_t domain, const char* text) {
  Log& log = Log::instance();
  const std::lock_guard lock(log.mutex);
  log.strings.push_back({domain, text});
  return &log.strings.back();
}

int NVTX_API push(nvtxDomainHandle_t domain, const nvtxEventAttributes_t* attributes) {
  Log& log = Log::instance();
  const std::lock_guard lock(log.mutex);
  bool is_registered = false;
  std::string message, payload = "-";
  if (attributes->messageType == NVTX_MESSAGE_TYPE_REGISTERED) {
    is_registered = attributes->message.registered->domain == domain;
    message = attributes->message.registered->text;
  } else if (attributes->messageType == NVTX_MESSAGE_TYPE_ASCII) {
    message = attributes->message.ascii;
  }
  if (attributes->payloadType == NVTX_PAYLOAD_TYPE_UNSIGNED_INT64)
    payload = std::to_string(attributes->payload.ullValue);
  std::fprintf(log.file, "push\t%d\t%d\t%s\t%s\t%s\n", static_cast<int>(::gettid()), number_of(domain),
               is_registered ? "registered" : "unregistered", message.c_str(), payload.c_str());
  std::fflush(log.file);
  return 0;
}

int NVTX_API pop(nvtxDomainHandle_t domain) {
  Log& log = Log::instance();
  const std::lock_guard lock(log.mutex);
  std::fprintf(log.file, "pop\t%d\t%d\n", static_cast<int>(::gettid()), number_of(domain));
  std::fflush(log.file);
  return 0;
}

int NVTX_API push_outside_domains(const nvtxEventAttributes_t* attributes) {
  return push(nullptr, attributes);
}

int NVTX_API pop_outside_domains() {
  return pop(nullptr);
}

template <class Function>
void install(const NvtxExportTableCallbacks& callbacks, NvtxCallbackModule module, unsigned id,
             Function* function) {
  NvtxFunctionTable table = nullptr;
  unsigned size = 0;
  if (callbacks.GetModuleFunctionTable(module, &table, &size) == 1 && id < size)
    *table[id] = reinterpret_cast<NvtxFunctionPointer>(function);
}

}  // namespace

extern "C" NVTX_DYNAMIC_EXPORT int NVTX_API InitializeInjectionNvtx2(NvtxGetExportTableFunc_t table_of) {
  const auto* const callbacks = static_cast<const NvtxExportTableCallbacks*>(table_of(NVTX_ETID_CALLBACKS));
  if (callbacks == nullptr || Log::instance().file == nullptr) return 0;
  install(*callbacks, NVTX_CB_MODULE_CORE2, NVTX_CBID_CORE2_DomainCreateA, create_domain);
  install(*callbacks, NVTX_CB_MODULE_CORE2, NVTX_CBID_CORE2_DomainRegisterStringA, register_string);
  install(*callbacks, NVTX_CB_MODULE_CORE2, NVTX_CBID_CORE2_DomainRangePushEx, push);
  install(*callbacks, NVTX_CB_MODULE_CORE2, NVTX_CBID_CORE2_DomainRangePop, pop);
  install(*callbacks, NVTX_CB_MODULE_CORE, NVTX_CBID_CORE_RangePushEx, push_outside_domains);
  install(*callbacks, NVTX_CB_MODULE_CORE, NVTX_CBID_CORE_RangePop, pop_outside_domains);
  return 1;
}
