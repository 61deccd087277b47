// Fits groups of endpoints into slices with as few writes as possible.
#include <algorithm>
#include <map>

#include "orilla/kinds/well_known.hpp"
#include "service/endpoints_plan.hpp"

namespace orilla::controllers {
namespace {

std::string identity(const api::Endpoint& endpoint) {
    std::string out = endpoint.addresses.empty() ? "" : endpoint.addresses[0].str();
    if (endpoint.target_ref) out += "/" + endpoint.target_ref->uid.str();
    return out;
}

bool same_metadata(const api::ObjectMeta& have, const api::ObjectMeta& want) {
    return have.labels == want.labels && have.owner_references == want.owner_references;
}

/// One slice as it is going to be; `before` is null for a new one.
struct Draft {
    const api::EndpointSlice* before = nullptr;
    std::vector<api::Endpoint> endpoints;
    api::List<api::DiscoveryEndpointPort> ports;
};

/// The group's endpoints in the slices that have them already; what is left needs a place.
std::vector<Draft> keep_places(const PortGroup& group, std::map<std::string, const api::Endpoint*>& homeless,
                               const std::vector<const api::EndpointSlice*>& slices) {
    std::vector<Draft> drafts;
    for (const auto* slice : slices) {
        Draft draft{slice, {}, group.ports};
        for (const auto& endpoint : slice->endpoints) {
            const auto found = homeless.find(identity(endpoint));
            if (found == homeless.end() || draft.endpoints.size() == slice_endpoints_max) continue;
            draft.endpoints.push_back(*found->second);
            homeless.erase(found);
        }
        drafts.push_back(std::move(draft));
    }
    return drafts;
}

class Fitting {
  public:
    Fitting(SlicesWanted wanted, std::vector<const api::EndpointSlice*> existing)
        : wanted_(std::move(wanted)), existing_(std::move(existing)) {
        std::sort(existing_.begin(), existing_.end(),
                  [](const auto* a, const auto* b) { return a->metadata.name.view() < b->metadata.name.view(); });
    }

    std::vector<EndpointsAction> plan() {
        for (const auto& group : wanted_.groups) fit(group);
        // Slices whose ports nobody has any more.
        for (const auto* slice : existing_) spare_.push_back(slice);
        for (auto& draft : fresh_) settle_fresh(std::move(draft));
        if (kept_ == 0 && wanted_.placeholder) settle_fresh(Draft{});
        for (const auto* slice : spare_) actions_.emplace_back(DeleteSlice{slice->metadata.name.str()});
        return std::move(actions_);
    }

  private:
    std::vector<const api::EndpointSlice*> take_slices(const PortGroup& group) {
        std::vector<const api::EndpointSlice*> mine;
        std::erase_if(existing_, [&](const auto* slice) {
            const bool same = slice->ports == group.ports && !slice->metadata.deletion_timestamp;
            if (same) mine.push_back(slice);
            return same;
        });
        return mine;
    }

    void fit(const PortGroup& group) {
        std::map<std::string, const api::Endpoint*> homeless;
        for (const auto& endpoint : group.endpoints) homeless.emplace(identity(endpoint), &endpoint);
        std::vector<Draft> drafts = keep_places(group, homeless, take_slices(group));
        for (auto& draft : drafts) fill(draft, homeless);
        while (!homeless.empty()) {
            Draft draft{nullptr, {}, group.ports};
            fill(draft, homeless);
            fresh_.push_back(std::move(draft));
        }
        for (auto& draft : drafts) {
            if (draft.endpoints.empty()) spare_.push_back(draft.before);
            else settle(std::move(draft));
        }
    }

    static void fill(Draft& draft, std::map<std::string, const api::Endpoint*>& homeless) {
        while (!homeless.empty() && draft.endpoints.size() < slice_endpoints_max) {
            draft.endpoints.push_back(*homeless.begin()->second);
            homeless.erase(homeless.begin());
        }
    }

    void settle_fresh(Draft draft) {
        const auto usable =
            std::find_if(spare_.begin(), spare_.end(), [](const auto* slice) { return !slice->metadata.deletion_timestamp; });
        if (usable != spare_.end()) {
            draft.before = *usable;
            spare_.erase(usable);
        }
        settle(std::move(draft));
    }

    void settle(Draft draft) {
        ++kept_;
        api::EndpointSlice slice;
        if (draft.before) slice = *draft.before;
        slice.metadata.labels = wanted_.meta.labels;
        slice.metadata.owner_references = wanted_.meta.owner_references;
        slice.address_type = "IPv4";
        slice.ports = draft.ports;
        slice.endpoints = api::List<api::Endpoint>(draft.endpoints.begin(), draft.endpoints.end());
        if (!draft.before) {
            slice.metadata.namespace_ = wanted_.meta.namespace_;
            slice.metadata.generate_name = wanted_.meta.generate_name;
            actions_.emplace_back(CreateSlice{std::move(slice)});
            return;
        }
        const bool same = same_metadata(draft.before->metadata, wanted_.meta) && draft.before->ports == slice.ports &&
                          draft.before->endpoints == slice.endpoints;
        if (!same) actions_.emplace_back(UpdateSlice{std::move(slice)});
    }

    SlicesWanted wanted_;
    std::vector<const api::EndpointSlice*> existing_;  ///< not yet given to a group
    std::vector<const api::EndpointSlice*> spare_;     ///< emptied, to be used again or deleted
    std::vector<Draft> fresh_;
    std::vector<EndpointsAction> actions_;
    size_t kept_ = 0;
};

}  // namespace

std::vector<EndpointsAction> plan_slices(SlicesWanted wanted, std::vector<const api::EndpointSlice*> existing) {
    return Fitting(std::move(wanted), std::move(existing)).plan();
}

}  // namespace orilla::controllers
