// Who has how many of a listener's connections. A client is known by the name that it proved (a certificate's common
// name, a uid); before that it is a stranger, known by its address; one that is refused belongs to nobody, so that what it
// is told costs no client a place. Pure book keeping: a Seat counts as long as it lives.
#pragma once

#include <cstddef>
#include <map>
#include <string>

namespace orilla::http {

class Clients {
  public:
    enum class Standing { stranger, known, refused };
    class Seat {
      public:
        Seat(Clients& clients, Standing standing, std::string name);
        Seat(const Seat&) = delete;
        Seat& operator=(const Seat&) = delete;
        ~Seat();

        /// Counts as another's from now on.
        void become(Standing standing, std::string name);
        /// False, and nothing is counted, when its client has `watches_max` already.
        bool begin_watch(size_t watches_max);
        void end_watch();
        /// The same of requests that go on at once, over whatever connections.
        bool begin_request(size_t requests_max);
        void end_request();
        bool is(Standing standing, const std::string& name) const { return standing_ == standing && name_ == name; }
        Standing standing() const { return standing_; }
        const std::string& name() const { return name_; }

      private:
        void take();
        void give_back();
        Clients& clients_;
        Standing standing_;
        std::string name_;
        size_t watches_ = 0;
        size_t requests_ = 0;
    };

    /// All that are not refused.
    size_t connections() const { return connections_; }
    size_t refused() const { return refused_; }
    size_t connections_of(Standing standing, const std::string& name) const;
    /// Who has most connections; empty when nobody has any.
    std::string busiest(Standing standing) const;

  private:
    struct Held {
        size_t connections = 0;
        size_t watches = 0;
        size_t requests = 0;
    };
    using ByName = std::map<std::string, Held>;
    ByName& of(Standing standing) { return standing == Standing::known ? known_ : strangers_; }
    const ByName& of(Standing standing) const { return standing == Standing::known ? known_ : strangers_; }

    ByName known_;
    ByName strangers_;
    size_t connections_ = 0;
    size_t refused_ = 0;
};

}  // namespace orilla::http
