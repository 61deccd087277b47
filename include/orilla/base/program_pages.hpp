// The pages of the program's own file, which a small box has to read from its disk again when they are gone.
#pragma once

#include <cstddef>

namespace orilla {

/// From now on a page of the program that is not in memory comes alone, instead of with the 32 pages around it: in a small
/// memory cgroup each of these would drive out another one that is needed (madvise(2), MADV_RANDOM).
void load_program_by_pages();

/// Has the whole program read at once, as far as memory goes; does not wait for it (posix_fadvise(2)). For the process that
/// needs most of it, before it asks for single pages.
void read_program_ahead();

/// Lets go of the program's text and constants that are mapped, after a busy time: what is needed again comes back by
/// itself. The kernel's page cache may keep them meanwhile. Only the program itself is meant, without its shared libraries;
/// pages that can be written to stay. Gives the bytes that the kernel let go of, mapped or not (madvise(2), MADV_DONTNEED).
size_t let_go_of_program_pages();

}  // namespace orilla
