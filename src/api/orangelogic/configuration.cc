#include "api/orangelogic/configuration.h"

#include "base/limits.h"
#include "json/reader.h"

namespace posthorn::api::orangelogic {

using domain::SignatureScheme;

Result<Configuration> read_configuration(std::string_view settings) {
  Configuration configuration;
  const auto value = posthorn::json::parse(settings);
  if (!value) return value.error();
  if (!value->is_object() || !value->get_object().contains("orangelogic")) return configuration;
  posthorn::json::ObjectReader all(value->get_object(), "settings");
  const auto* object = all.object("orangelogic");
  if (object == nullptr) return all.error();

  posthorn::json::ObjectReader reader(*object, "settings/orangelogic");
  std::string hash = "sha256";
  std::int64_t overlap = configuration.overlap.count();
  reader.string("signatureHash", hash, 16);
  reader.integer("overlapSeconds", overlap, 0, std::chrono::seconds(kSecretOverlapMax).count());
  reader.only_these();
  if (reader.ok() && hash != "sha256" && hash != "sha512") {
    reader.fail(invalid(reader.field("signatureHash"), "must be one of: sha256, sha512"));
  }
  if (!reader.ok()) return reader.error();
  configuration.scheme = hash == "sha512" ? SignatureScheme::ol_sha512 : SignatureScheme::ol_sha256;
  configuration.overlap = std::chrono::seconds(overlap);
  return configuration;
}

std::vector<SignatureScheme> with_scheme(std::vector<SignatureScheme> signatures, SignatureScheme scheme) {
  std::erase(signatures, SignatureScheme::ol_sha256);
  std::erase(signatures, SignatureScheme::ol_sha512);
  signatures.push_back(scheme);
  return signatures;
}

}  // namespace posthorn::api::orangelogic
