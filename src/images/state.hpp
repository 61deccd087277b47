// What the image room knows, and the one way to change it: a whole next index is made durable, then it is the truth.
#pragma once

#include <functional>
#include <map>
#include <set>
#include <string>
#include <vector>

#include "content_store.hpp"
#include "orilla/images/images.hpp"
#include "orilla/loop/gate.hpp"
#include "pull_places.hpp"

namespace orilla::images {

using loop::Gate;
using loop::KeyedLock;
using loop::Pass;

/// A set whose members are held by several at a time.
class PinSet {
  public:
    void add(const std::string& key) { ++counts_[key]; }
    void remove(const std::string& key) {
        auto at = counts_.find(key);
        if (at != counts_.end() && --at->second == 0) counts_.erase(at);
    }
    bool contains(const std::string& key) const { return counts_.contains(key); }
    int count(const std::string& key) const { return counts_.contains(key) ? counts_.at(key) : 0; }
    std::set<std::string> keys() const;

  private:
    std::map<std::string, int> counts_;
};

class State {
  public:
    State(loop::Loop& loop_in, loop::Executor& disk_in, ImagesOptions options_in);

    Result<void> open();
    const Image* find(std::string_view image) const;
    /// Runs `change` on a copy of the images, makes the result durable, and only then shows it. One at a time.
    using Change = std::function<Result<void>(ImagesById&)>;
    loop::Task<Result<void>> commit(Change change);

    /// Layers that no image and no running operation has go to the trash; returns their size.
    int64_t collect_layers();
    /// A layer that is damaged, whoever has it.
    void forget_layer(const std::string& directory);
    /// Looks for damaged images in the background.
    void start_check();
    bool checking() const { return checking_; }
    /// Blobs that no running operation has, as far as no later pull may go on with them.
    void sweep_blobs();
    /// Starts emptying the trash in the background, unless that runs already.
    void sweep();
    bool sweeping() const { return sweeping_; }

    loop::Loop& loop;
    loop::Executor& disk;
    const ImagesOptions options;
    ContentStore content;
    ImagesById images;
    std::map<std::string, Layer> known_layers;  ///< whatever is under layers/, by directory
    PinSet pinned_layers, pinned_blobs;
    Gate commits, imports;
    PullPlaces pulls;
    KeyedLock names, unpacks;
    loop::Event swept;  ///< or checked
    std::function<std::vector<std::string>()> in_use;
    int imports_running = 0;  ///< their blobs have no pins until they are offered

  private:
    loop::Task<void> run_sweeper();
    loop::Task<void> run_check();
    bool sweeping_ = false;
    bool checking_ = false;
    loop::Timer blob_timer_;
    loop::Scope background_;
};

/// Gives `name` to the image `id`, and to no other.
void move_name(ImagesById& images, const std::string& name, const std::string& id);

}  // namespace orilla::images
