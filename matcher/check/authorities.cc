#include "matcher/check/authorities.h"

#include <map>
#include <string>

namespace tekmatch {
namespace {

// Sets of ids that are joined, each named by one of its members.
class JoinedIds {
 public:
  const std::string& NameOf(const std::string& id) {
    const std::string* name = &id;
    for (auto found = names_.find(id); found != names_.end();
         found = names_.find(found->second)) {
      name = &found->second;
    }
    return *name;
  }

  void Join(const std::string& a, const std::string& b) {
    const std::string name = NameOf(a);
    const std::string other = NameOf(b);
    if (name != other) names_[name] = other;
  }

 private:
  std::map<std::string, std::string> names_;  // of those that do not name a set
};

}  // namespace

std::vector<uint32_t> AuthoritiesOf(absl::Span<const ExportFileResult> files) {
  JoinedIds ids;
  std::map<Sha256Digest, std::string> first_signers;  // by content
  for (const ExportFileResult& file : files) {
    const std::vector<std::string>& signers = file.report.signature.signer_ids;
    for (const std::string& id : signers) ids.Join(signers.front(), id);
    if (!file.accepted || signers.empty()) continue;
    // Whoever signs a copy says the same as whoever signed the original.
    const auto [first, is_new] =
        first_signers.try_emplace(file.report.digests.sha256, signers.front());
    if (!is_new) ids.Join(first->second, signers.front());
  }
  std::map<std::string, uint32_t> numbers;
  std::vector<uint32_t> authorities;
  authorities.reserve(files.size());
  for (const ExportFileResult& file : files) {
    const std::vector<std::string>& signers = file.report.signature.signer_ids;
    // 0 is nobody's.
    authorities.push_back(
        signers.empty()
            ? 0
            : numbers
                  .try_emplace(ids.NameOf(signers.front()),
                               static_cast<uint32_t>(numbers.size()) + 1)
                  .first->second);
  }
  return authorities;
}

}  // namespace tekmatch
