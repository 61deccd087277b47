// Names ending in .local that the LAN knows the node by, beside its own. An interface without a socket behind it:
// open_lan_names.hpp has the real one, tests and simulations have their own.
#pragma once

#include <functional>
#include <set>
#include <string>

namespace orilla::network {

/// More names than this are not announced; a warning says so.
constexpr size_t lan_names_max = 64;

class LanNames {
  public:
    /// Another host of the LAN has the name; or has it no more, which is asked about once a minute.
    using ConflictFn = std::function<void(const std::string& name, bool is_anothers)>;

    virtual ~LanNames() = default;
    /// These and no others: in small letters, ending in ".local". None: nothing listens.
    virtual void serve(std::set<std::string> names) = 0;
    virtual void on_conflict(ConflictFn conflict) = 0;
};

}  // namespace orilla::network
