// Deletes a directory tree by fd: never follows a link, never leaves the file system it starts on, needs no heap.
#pragma once

namespace orilla::supervisor {

/// 0, also when there is nothing; -errno of what could not be deleted.
long remove_tree(const char* path);

}  // namespace orilla::supervisor
