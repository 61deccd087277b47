// SHA-256 of a stream, written "sha256:<hex>" as OCI descriptors do.
#pragma once

#include <memory>
#include <string>
#include <string_view>

namespace orilla::images {

class Sha256 {
  public:
    Sha256();
    ~Sha256();
    Sha256(Sha256&&) noexcept;
    Sha256& operator=(Sha256&&) noexcept;
    void update(std::string_view bytes);
    /// Ends the stream: once.
    std::string finish();

  private:
    struct Context;
    std::unique_ptr<Context> context_;
};

std::string sha256_of(std::string_view bytes);
/// The hex part of a digest: the name of its file.
std::string_view digest_hex(std::string_view digest);

}  // namespace orilla::images
