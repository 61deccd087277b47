#include "faults.hpp"

namespace orilla::sim {

void Faults::strike() {
    const uint64_t what = random_.below(10);
    if (what < 3) return change_weather();
    if (what < 9) return strike_container();
    jump_clock();
}

void Faults::clear() {
    if (weather_.disk_full) host_.disk_full_ms = clock_.monotonic_ms();
    weather_ = Weather();
    Disk::get().set_full(false);
    trace_.add("fault: all clear");
}

void Faults::change_weather() {
    Weather now;
    if (chance(25)) now.disk_full = true;
    if (chance(25)) now.disk_ms_max = 200;
    if (chance(25)) now.runtime_ms_max = 3'000;
    if (chance(25)) now.event_ms_max = 2'000;
    if (chance(25)) now.pull_ms_max = 60'000;
    if (chance(25)) now.runtime_errors_percent = 30;
    if (chance(25)) now.pull_errors_percent = 50;
    if (chance(10)) now.exec_hangs_percent = 10;
    if (weather_.disk_full) host_.disk_full_ms = clock_.monotonic_ms();
    weather_ = now;
    Disk::get().set_full(now.disk_full);
    trace_.add("fault: weather: full " + std::to_string(now.disk_full) + ", disk " + std::to_string(now.disk_ms_max) +
               " ms, runtime " + std::to_string(now.runtime_ms_max) + " ms " + std::to_string(now.runtime_errors_percent) +
               " %, pulls " + std::to_string(now.pull_ms_max) + " ms " + std::to_string(now.pull_errors_percent) + " %");
}

HostContainer* Faults::draw_container(std::string* uid) {
    std::vector<std::pair<std::string, HostContainer*>> running;
    for (const auto& [pod_uid, pod] : host_.pods())
        for (const auto& container : pod.containers)
            if (container->runs()) running.emplace_back(pod_uid, container.get());
    if (running.empty()) return nullptr;
    const auto& drawn = running[random_.below(running.size())];
    *uid = drawn.first;
    return drawn.second;
}

void Faults::strike_container() {
    std::string uid;
    HostContainer* container = draw_container(&uid);
    if (!container) return;
    const std::string what = uid.substr(0, 8) + "/" + container->state.name;
    switch (random_.below(8)) {
        case 0:
        case 1: return host_.end(uid, *container, static_cast<int>(random_.below(3)), 0, false);
        case 2: return host_.end(uid, *container, 137, 9, true);
        case 3: return host_.lose_supervisor(uid);
        case 4:
            if (container->image.starts_with("web")) container->healthy = false;
            trace_.add("fault: " + what + " hangs");
            break;
        default:
            container->ready = !container->ready;
            trace_.add("fault: " + what + (container->ready ? " is ready" : " is not ready"));
    }
    host_.disturbed_ms()[uid] = clock_.monotonic_ms();
}

void Faults::jump_clock() {
    static const int64_t jumps_s[] = {-86'400, -3'600, -61, 61, 3'600, 86'400};
    const int64_t jump_s = jumps_s[random_.below(std::size(jumps_s))];
    wall_offset_s_ += jump_s;
    clock_.set_wall_offset_s(wall_offset_s_);
    host_.clock_jumped_ms = clock_.monotonic_ms();
    trace_.add("fault: the wall clock jumps by " + std::to_string(jump_s) + " s");
}

}  // namespace orilla::sim
