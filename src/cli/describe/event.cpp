#include <boost/json.hpp>

#include "describe/kind_descriptions.hpp"

namespace orilla::cli {
namespace json = boost::json;

const KindDescription event_description{api::kind_of<api::Event>, describe_labels_alone, {}, describe_rest, false};

}  // namespace orilla::cli
