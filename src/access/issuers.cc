#include "access/issuers.h"

#include <mutex>

#include "domain/access/audit_document.h"
#include "store/audit.h"

namespace posthorn::access {

void Issuers::fill(std::vector<domain::Issuer> issuers) {
  const std::unique_lock lock(mutex_);
  for (auto& issuer : issuers) {
    const IssuerKey key = issuer.id.key;
    issuers_[key] = std::make_shared<const domain::Issuer>(std::move(issuer));
  }
}

IssuerPtr Issuers::find(IssuerId id) const {
  const std::shared_lock lock(mutex_);
  const auto found = issuers_.find(id.key);
  return found != issuers_.end() && found->second->id == id ? found->second : nullptr;
}

std::vector<IssuerPtr> Issuers::list(TenantKey realm, IssuerKey after, std::size_t limit) const {
  const std::shared_lock lock(mutex_);
  std::vector<IssuerPtr> items;
  for (auto at = issuers_.upper_bound(after); at != issuers_.end() && items.size() < limit; ++at) {
    if (!realm || at->second->tenant == realm) items.push_back(at->second);
  }
  return items;
}

std::vector<IssuerPtr> Issuers::named(std::string_view issuer) const {
  const std::shared_lock lock(mutex_);
  std::vector<IssuerPtr> items;
  for (const auto& [key, one] : issuers_) {
    if (one->settings.issuer == issuer) items.push_back(one);
    if (items.size() == kIssuersOfOneNameMax) break;
  }
  return items;
}

net::Task<Result<IssuerPtr>> Issuers::save(store::Session& session, domain::Issuer issuer, std::int64_t expected_revision,
                                           store::Author author) {
  if (auto checked = domain::check_issuer(issuer.settings); !checked) co_return std::move(checked).error();
  issuer.updated_at = clock_.wall_now();
  const IssuerPtr before = find(issuer.id);
  if (!issuer.id.key) {
    if (list({}, {}, kIssuersMax).size() == kIssuersMax)
      co_return conflict({}, "there are too many issuers", "too_many_issuers");
    if (named(issuer.settings.issuer).size() == kIssuersOfOneNameMax) {
      co_return conflict("issuer", "is trusted too often already", "too_many_issuers");
    }
    issuer.id = ids_.next<IssuerId>();
    issuer.created_at = issuer.updated_at;
  }
  auto audit = store::audit_entry(
      ids_, author, issuer.tenant,
      {"issuer", to_text(issuer.id), before ? domain::audit_document(*before) : std::string(), domain::audit_document(issuer)});
  store::SaveIssuer write{issuer, expected_revision, std::move(audit)};
  auto saved =
      co_await net::until<Result<store::Saved>>([&](auto done) { session.save_issuer(std::move(write), std::move(done)); });
  if (!saved) co_return std::move(saved).error();
  issuer.revision = saved->revision;
  auto shared = std::make_shared<const domain::Issuer>(std::move(issuer));
  {
    const std::unique_lock lock(mutex_);
    issuers_[shared->id.key] = shared;
  }
  accounts_.bump();
  co_return IssuerPtr(shared);
}

net::Task<Status> Issuers::remove(store::Session& session, IssuerPtr issuer, std::int64_t expected_revision,
                                  store::Author author) {
  auto audit =
      store::audit_entry(ids_, author, issuer->tenant, {"issuer", to_text(issuer->id), domain::audit_document(*issuer), {}});
  store::DeleteIssuer write{issuer->id.key, expected_revision, std::move(audit)};
  auto removed = co_await net::until<Status>([&](auto done) { session.delete_issuer(std::move(write), std::move(done)); });
  if (!removed) co_return removed;
  {
    const std::unique_lock lock(mutex_);
    issuers_.erase(issuer->id.key);
  }
  accounts_.bump();
  co_return Status{};
}

void Issuers::forget(TenantKey tenant) {
  const std::unique_lock lock(mutex_);
  std::erase_if(issuers_, [&](const auto& item) { return item.second->tenant == tenant; });
}

}  // namespace posthorn::access
