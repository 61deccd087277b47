#include "steps.hpp"

#include <linux/fcntl.h>
#include <linux/mman.h>
#include <linux/stat.h>

namespace orilla::supervisor {

namespace {

struct StepEntry {
    StepKind kind;
    StepFunction function;
};

constexpr StepEntry step_table[] = {
    {StepKind::join_cgroup, join_cgroup},
    {StepKind::enter_container, enter_container},
    {StepKind::enter_namespace, enter_namespace},
    {StepKind::unshare, unshare_namespaces},
    {StepKind::set_host_name, set_host_name},
    {StepKind::write_file, write_file},
    {StepKind::set_propagation, set_propagation},
    {StepKind::mount_overlay, mount_overlay},
    {StepKind::new_mount, new_mount},
    {StepKind::clone_tree, clone_tree},
    {StepKind::attach, attach},
    {StepKind::attach_plain, attach_plain},
    {StepKind::attach_at_path, attach_at_path},
    {StepKind::make_node, make_node},
    {StepKind::clone_node, clone_node},
    {StepKind::make_link, make_link},
    {StepKind::make_dir, make_dir},
    {StepKind::mask, mask},
    {StepKind::make_read_only, make_read_only},
    {StepKind::pivot, pivot},
    {StepKind::resolve_user, resolve_user},
    {StepKind::open_stdio, open_stdio},
    {StepKind::open_terminal, open_terminal},
    {StepKind::set_limit, set_limit},
    {StepKind::set_bounding_set, set_bounding_set},
    {StepKind::set_user, set_user},
    {StepKind::set_capabilities, set_capabilities},
    {StepKind::set_no_new_privs, set_no_new_privs},
    {StepKind::set_seccomp, set_seccomp},
    {StepKind::new_session, new_session},
    {StepKind::change_dir, change_dir},
    {StepKind::die_with_parent, die_with_parent},
    {StepKind::run, run},
    {StepKind::wait_for_ever, wait_for_ever},
    {StepKind::make_mount_point, make_mount_point},
    {StepKind::set_attributes, set_attributes},
    {StepKind::open_user_namespace, open_user_namespace},
    {StepKind::map_ids, map_ids},
    {StepKind::enter_user_namespace, enter_user_namespace},
    {StepKind::keep_shared, keep_shared},
    {StepKind::take_shared, take_shared},
};

constexpr uint32_t kinds = (uint32_t)StepKind::count_;
constexpr bool table_is_complete() {
    if (sizeof step_table / sizeof step_table[0] != kinds - 1) return false;
    for (uint32_t i = 0; i < kinds - 1; ++i)
        if ((uint32_t)step_table[i].kind != i + 1) return false;
    return true;
}
static_assert(table_is_complete(), "one entry a kind, in the order of StepKind");

bool header_is_sound(const Plan& plan) {
    if (plan.bytes < sizeof(PlanHeader) + 1) return false;
    const PlanHeader& header = plan.header();
    if (header.magic != plan_magic || header.version != plan_version || header.bytes != plan.bytes) return false;
    if (header.step_count > plan_steps_max || plan.base[plan.bytes - 1] != 0) return false;
    if (sizeof(PlanHeader) + header.step_count * sizeof(Step) >= plan.bytes) return false;
    const uint32_t texts[] = {header.id, header.name, header.log_path, header.scratch_dir, header.into_cgroup};
    for (uint32_t text : texts)
        if (text >= plan.bytes) return false;
    return true;
}

bool steps_are_sound(const Plan& plan) {
    const PlanHeader& header = plan.header();
    for (uint32_t i = 0; i < header.step_count; ++i) {
        const Step& step = header.steps[i];
        const uint32_t kind = (uint32_t)step.kind;
        if (kind == 0 || kind >= kinds) return false;
        for (uint32_t text : step.text)
            if (text >= plan.bytes) return false;
    }
    return true;
}

}  // namespace

long map_plan(int fd, Plan& plan) {
    FileFacts facts;
    if (long error = read_facts(fd, facts); error < 0) return error;
    if (facts.size > plan_bytes_max || facts.size < sizeof(PlanHeader)) return -EINVAL;
    long mapped = call(nr_mmap, 0, facts.size, PROT_READ | PROT_WRITE, MAP_PRIVATE, fd, 0);
    if (mapped < 0 && mapped > -4096) return mapped;
    plan = {(char*)mapped, (uint32_t)facts.size};
    if (header_is_sound(plan) && steps_are_sound(plan)) return 0;
    unmap_plan(plan);
    return -EPROTO;
}

void unmap_plan(Plan& plan) {
    if (plan.base) call(__NR_munmap, plan.base, plan.bytes);
    plan = {};
}

int directory_of(const Context& context, uint64_t slot) {
    return slot == slots_max ? AT_FDCWD : context.slots[slot % slots_max];
}

void reset_context(Context& context, const Plan& plan) {
    context.plan = plan;
    for (int& slot : context.slots) slot = -1;
    for (MountChange& change : context.later) change = {};
    for (int& fd : context.shared) fd = -1;
    for (int& fd : context.stdio) fd = -1;
    context.target_pidfd = -1;
    context.terminal_socket = -1;
    context.user.uid = context.user.gid = 0;
    context.user.group_count = 0;
    context.first_id = 0;
    copy_text(context.user.home, sizeof context.user.home, slice("/"));
}

long walk_plan(Context& context, Report& report) {
    const PlanHeader& header = context.plan.header();
    for (uint32_t i = 0; i < header.step_count; ++i) {
        const Step& step = header.steps[i];
        const long error = step_table[(uint32_t)step.kind - 1].function(context, step);
        if (error >= 0 || step.flags & step_best_effort) continue;
        report.step = (int)i;
        report.error = (int)-error;
        return error;
    }
    return 0;
}

}  // namespace orilla::supervisor
