#include "orilla/base/program_pages.hpp"

#include <fcntl.h>
#include <link.h>
#include <sys/mman.h>
#include <unistd.h>

#include "orilla/base/unique_fd.hpp"

namespace orilla {
namespace {
constexpr uintptr_t mapping_bytes = 32 * 1024;

struct Advice {
    int value;
    size_t bytes = 0;  ///< for which the kernel took it
};

/// For dl_iterate_phdr(3), which tells of the program itself first. `data` is an Advice.
int advise(dl_phdr_info* object, size_t, void* data) {
    auto& advice = *static_cast<Advice*>(data);
    const auto page = static_cast<uintptr_t>(sysconf(_SC_PAGESIZE));
    for (int at = 0; at < object->dlpi_phnum; ++at) {
        const ElfW(Phdr)& part = object->dlpi_phdr[at];
        if (part.p_type != PT_LOAD || (part.p_flags & PF_W)) continue;
        const uintptr_t begin = (object->dlpi_addr + part.p_vaddr) / page * page;
        const uintptr_t end = (object->dlpi_addr + part.p_vaddr + part.p_memsz + page - 1) / page * page;
        if (madvise(reinterpret_cast<void*>(begin), end - begin, advice.value) == 0) advice.bytes += end - begin;
    }
    return 1;  // no other object
}

/// For dl_iterate_phdr(3). Since Linux 6.16 MADV_RANDOM means nothing for what is executed: a page comes with the 31 after it,
/// but not beyond its mapping. Mappings stay small when their neighbours differ in a flag that means nothing either: of a
/// program's text a core dump has nothing anyway.
int split(dl_phdr_info* object, size_t, void*) {
    for (int at = 0; at < object->dlpi_phnum; ++at) {
        const ElfW(Phdr)& part = object->dlpi_phdr[at];
        if (part.p_type != PT_LOAD || !(part.p_flags & PF_X) || (part.p_flags & PF_W)) continue;
        const uintptr_t end = object->dlpi_addr + part.p_vaddr + part.p_memsz;
        uintptr_t begin = (object->dlpi_addr + part.p_vaddr) / (2 * mapping_bytes) * (2 * mapping_bytes) + mapping_bytes;
        for (; begin + mapping_bytes <= end; begin += 2 * mapping_bytes)
            madvise(reinterpret_cast<void*>(begin), mapping_bytes, MADV_DONTDUMP);
    }
    return 1;
}
}  // namespace

void load_program_by_pages() {
    Advice advice{MADV_RANDOM};
    dl_iterate_phdr(advise, &advice);
    dl_iterate_phdr(split, nullptr);
}

void read_program_ahead() {
    const UniqueFd program(open("/proc/self/exe", O_RDONLY | O_CLOEXEC));
    if (program) posix_fadvise(program.get(), 0, 0, POSIX_FADV_WILLNEED);
}

size_t let_go_of_program_pages() {
    Advice advice{MADV_DONTNEED};
    dl_iterate_phdr(advise, &advice);
    return advice.bytes;
}

}  // namespace orilla
