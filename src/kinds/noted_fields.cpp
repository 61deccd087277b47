#include <fmt/core.h>
#include <algorithm>
#include <array>

#include "checks.hpp"
#include "orilla/kinds/validation.hpp"

namespace orilla::api {
namespace {

using detail::Block;

/// What is stored and does nothing here, as on any node without what it is for.
struct Note {
    std::string_view type;
    std::string_view field;
    std::string_view text;
};
constexpr std::string_view selinux_note = "has no effect: this node does not use SELinux";
constexpr std::array notes{
    Note{"PodSecurityContext", "seLinuxChangePolicy", selinux_note},
    Note{"PodSecurityContext", "seLinuxOptions", selinux_note},
    Note{"SecurityContext", "seLinuxOptions", selinux_note},
};

class NoteWalk {
  public:
    void walk_object(const TypeInfo& type, const void* object, const Path& path) {
        for (const FieldInfo& field : type.fields) {
            const void* place = field.in(object);
            if (is_zero_field(field, place)) continue;
            const Path at = path / field.name;
            look(type, field, at);
            if (field.type->kind != Kind::object) continue;
            if (field.shape == Shape::list) walk_list(field, place, at);
            else if (field.shape != Shape::map) walk_object(*field.type, field_value(field, object), at);
        }
    }
    std::vector<std::string> take() { return std::move(found_); }

  private:
    static constexpr size_t notes_max = 10;  ///< told of one object

    void walk_list(const FieldInfo& field, const void* place, const Path& path) {
        const Block* block = *static_cast<const Block* const*>(place);
        for (size_t i = 0; block && i < block->size; ++i)
            walk_object(*field.type, block->elements() + i * field.type->size, path[i]);
    }

    void look(const TypeInfo& type, const FieldInfo& field, const Path& path) {
        const auto is_it = [&](const Note& note) { return note.field == field.name && note.type == type.name; };
        const auto found = std::ranges::find_if(notes, is_it);
        if (found == notes.end() || found_.size() >= notes_max) return;
        found_.push_back(fmt::format("{}: {}", path.to_string(), found->text));
    }

    std::vector<std::string> found_;
};

}  // namespace

std::vector<std::string> find_warnings(const Object& object) {
    const FieldInfo* spec = object.kind().type->find_field("spec");
    if (!spec || spec->type->kind != Kind::object) return {};
    const void* value = field_value(*spec, object.data());
    if (!value) return {};
    NoteWalk walk;
    const Path path("spec");
    walk.walk_object(*spec->type, value, path);
    return walk.take();
}

}  // namespace orilla::api
