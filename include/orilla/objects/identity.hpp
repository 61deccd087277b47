// Who wants something: a user and the groups that the user is in, by the names that Kubernetes has for them. It says nothing
// of how that was proved, or what it entitles to.
#pragma once

#include <string>
#include <vector>

namespace orilla::objects {

struct Identity {
    std::string user;  ///< "root", "uid:1000", a certificate's common name
    std::vector<std::string> groups;
};

}  // namespace orilla::objects
