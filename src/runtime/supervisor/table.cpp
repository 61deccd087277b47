#include "table.hpp"

#include <linux/mman.h>

namespace orilla::supervisor {

bool Table::map(int fd) {
    if (call(__NR_ftruncate, fd, sizeof(StateFile)) < 0) return false;
    const long mapped = call(nr_mmap, 0, sizeof(StateFile), PROT_READ | PROT_WRITE, MAP_SHARED, fd, 0);
    if (mapped < 0 && mapped > -4096) return false;
    state = (StateFile*)mapped;
    state->version = wire_version;
    state->record_count = containers_max;
    state->supervisor_pid = (int)call(__NR_getpid);
    if (state->next_handle == 0) state->next_handle = 1;
    state->magic = state_magic;
    return true;
}

int Table::find_free_record() const {
    for (int i = 0; i < containers_max; ++i)
        if (state->records[i].phase == RecordPhase::free) return i;
    return -1;
}

int Table::find_record(uint32_t handle) const {
    for (int i = 0; i < containers_max; ++i)
        if (state->records[i].phase != RecordPhase::free && state->records[i].handle == handle) return i;
    return -1;
}

int Table::find_record_by_pid(int pid) const {
    for (int i = 0; i < containers_max; ++i)
        if (state->records[i].phase == RecordPhase::running && state->records[i].pid == pid) return i;
    return -1;
}

int Table::find_free_exec() const {
    for (int i = 0; i < execs_max; ++i)
        if (execs[i].pid == 0) return i;
    return -1;
}

int Table::find_exec_by_pid(int pid) const {
    for (int i = 0; i < execs_max; ++i)
        if (execs[i].pid == pid) return i;
    return -1;
}

int Table::find_exec(uint32_t handle) const {
    for (int i = 0; i < execs_max; ++i)
        if (execs[i].pid != 0 && execs[i].handle == handle) return i;
    return -1;
}

bool Table::anything_runs() const {
    for (const Record& record : state->records)
        if (record.phase == RecordPhase::running) return true;
    for (const Exec& exec : execs)
        if (exec.pid != 0) return true;
    return false;
}

bool Table::describe(int index, const Plan& plan) {
    Record& record = state->records[index];
    const PlanHeader& header = plan.header();
    bool fits = copy_text(record.id, sizeof record.id, slice(plan.text(header.id)));
    fits &= copy_text(record.name, sizeof record.name, slice(plan.text(header.name)));
    fits &= copy_text(record.log_path, sizeof record.log_path, slice(plan.text(header.log_path)));
    fits &= copy_text(record.scratch_dir, sizeof record.scratch_dir, slice(plan.text(header.scratch_dir)));
    record.stop_signal = header.stop_signal;
    record.exit_code = record.signal = 0;
    record.finished_wall_ns = 0;
    return fits;
}

}  // namespace orilla::supervisor
