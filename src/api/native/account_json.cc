#include "api/native/account_json.h"

#include <boost/json/object.hpp>

#include "api/kit/answer.h"
#include "api/kit/body.h"
#include "api/kit/paging.h"
#include "api/kit/precondition.h"

namespace posthorn::api::native {
namespace {

using access::AccountPtr;
using domain::Account;
using domain::AccountKind;

Error unknown_account(AccountKind kind) {
  return kind == AccountKind::client ? not_found("There is no client of this id.", "unknown_client")
                                     : not_found("There is no key of this id.", "unknown_key");
}

}  // namespace

bool oversees(const RequestContext& context, TenantKey tenant) {
  return !context.principal->tenant || context.principal->tenant == tenant;
}

Result<TenantKey> read_owner(const Services& services, const RequestContext& context, json::ObjectReader& reader) {
  const auto* value = reader.member("tenant");
  if (value == nullptr) return context.principal->tenant;
  TenantKey owner;
  if (!value->is_null()) {
    if (!value->is_string()) return invalid(reader.field("tenant"), "must be a tenant's name or null", "wrong_type");
    const auto tenant = services.tenants.find(std::string_view(value->get_string()));
    if (!tenant || !oversees(context, tenant->key)) {
      Error error = not_found("There is no tenant of this name.", "unknown_tenant");
      error.field = reader.field("tenant");
      return error;
    }
    owner = tenant->key;
  }
  if (!oversees(context, owner)) {
    return invalid(reader.field("tenant"), "must be your own tenant: you do not oversee the server", "unknown_tenant");
  }
  return owner;
}

void write_owner(JsonWriter& json, const Services& services, TenantKey tenant) {
  const auto found = tenant ? services.tenants.find(tenant) : nullptr;
  if (found) {
    json.string("tenant", found->name);
  } else {
    json.null("tenant");
  }
}

void read_roles(json::ObjectReader& reader, domain::Roles& roles) {
  const auto* list = reader.array("roles", domain::kRoles.size());
  if (list == nullptr) return;
  domain::Roles read;
  for (std::size_t i = 0; i < list->size(); ++i) {
    const auto& item = (*list)[i];
    const auto role = item.is_string() ? domain::parse_role(std::string_view(item.get_string())) : std::nullopt;
    if (!role) {
      return reader.fail(invalid(reader.field("roles") + '/' + std::to_string(i),
                                 "must be one of: " + std::string(domain::role_names()), "unknown_role"));
    }
    read.add(*role);
  }
  if (read.empty()) return reader.fail(invalid(reader.field("roles"), "must name at least one role"));
  roles = read;
}

void write_roles(JsonWriter& json, domain::Roles roles) {
  std::string list = "[";
  for (const auto role : domain::kRoles) {
    if (!roles.has(role)) continue;
    if (list.size() > 1) list += ',';
    append_json_string(list, domain::to_text(role));
  }
  json.raw("roles", list + ']');
}

void read_optional_time(json::ObjectReader& reader, std::string_view name, std::optional<Timestamp>& target) {
  const auto* value = reader.member(name);
  if (value == nullptr) return;
  if (value->is_null()) {
    target.reset();
    return;
  }
  const auto time = value->is_string() ? parse_rfc3339(std::string_view(value->get_string())) : std::nullopt;
  if (!time) return reader.fail(invalid(reader.field(name), "must be a time as RFC 3339 has it, or null"));
  target = *time;
}

void write_optional_time(JsonWriter& json, std::string_view name, const std::optional<Timestamp>& time) {
  if (time) {
    json.time(name, *time);
  } else {
    json.null(name);
  }
}

Result<Account> read_account(const Services& services, const RequestContext& context, Account account) {
  const auto object = read_object(context.request.body);
  if (!object) return object.error();
  json::ObjectReader reader(*object, "");
  const bool is_new = !account.id.key;
  if (is_new) {
    const auto owner = read_owner(services, context, reader);
    if (!owner) return owner.error();
    account.tenant = *owner;
    reader.required("name").required("roles");
  }
  reader.string("name", account.name, kNameBytesMax, 1);
  read_roles(reader, account.roles);
  read_optional_time(reader, "expiresAt", account.expires);
  reader.only_these();
  if (!reader.ok()) return reader.error();
  return account;
}

void append_account(std::string& body, const Services& services, const Account& account, std::string_view secret) {
  JsonWriter json(body);
  json.begin_object();
  json.string("id", to_text(account.id));
  if (!secret.empty()) json.string(account.kind == AccountKind::client ? "secret" : "key", secret);
  json.string("name", account.name);
  write_owner(json, services, account.tenant);
  write_roles(json, account.roles);
  write_optional_time(json, "expiresAt", account.expires);
  write_optional_time(json, "lastUsedAt", services.access.accounts.last_used(account.id.key));
  if (account.kind == AccountKind::client) {
    write_optional_time(json, "previousSecretUntil",
                        account.previous_hash ? std::optional(account.previous_until) : std::nullopt);
  }
  json.integer("revision", account.revision);
  json.time("createdAt", account.created_at);
  json.time("updatedAt", account.updated_at);
  json.end_object();
}

Result<AccountPtr> find_account(const Services& services, const RequestContext& context, AccountKind kind) {
  const auto id = parse_id<AccountId>(context.parameters[0]);
  auto found = id ? services.access.accounts.find(*id) : nullptr;
  if (!found || found->kind != kind || !oversees(context, found->tenant)) return unknown_account(kind);
  return found;
}

net::Task<Answer> list_accounts(Services services, RequestContext& context, AccountKind kind) {
  const auto page = read_page(context);
  if (!page) co_return page.error();
  const auto after = key_position(*page);
  if (!after) co_return after.error();
  const auto found =
      services.access.accounts.list(kind, context.principal->tenant, AccountKey{*after}, std::size_t{page->limit} + 1);
  std::string body = R"({"items":[)";
  std::string position;
  for (std::size_t i = 0; i < found.size() && i < page->limit; ++i) {
    append_account(body, services, *found[i]);
    if (i + 1 == page->limit && found.size() > page->limit) position = std::to_string(found[i]->id.key.value);
  }
  finish_page(body, context, position);
  co_return json_answer(200, std::move(body));
}

net::Task<Answer> get_account(Services services, RequestContext& context, AccountKind kind) {
  const auto account = find_account(services, context, kind);
  if (!account) co_return account.error();
  std::string body;
  append_account(body, services, **account);
  co_return json_answer(200, std::move(body), (*account)->revision);
}

net::Task<Answer> post_account(Services services, RequestContext& context, AccountKind kind) {
  Account fresh;
  fresh.kind = kind;
  auto account = read_account(services, context, std::move(fresh));
  if (!account) co_return std::move(account).error();
  auto made = co_await services.access.accounts.make(services.session, std::move(*account), context.author());
  if (!made) co_return std::move(made).error();
  std::string body;
  append_account(body, services, *made->account, made->secret);
  net::HttpResponse response = json_answer(201, std::move(body), made->account->revision);
  response.headers.push_back({"Location", std::string(context.request.path) + '/' + to_text(made->account->id)});
  co_return response;
}

net::Task<Answer> patch_account(Services services, RequestContext& context, AccountKind kind) {
  const auto current = find_account(services, context, kind);
  if (!current) co_return current.error();
  const std::int64_t revision = (*current)->revision;
  if (auto holds = check_preconditions(context.request.headers, revision); !holds) co_return std::move(holds).error();
  auto account = read_account(services, context, **current);
  if (!account) co_return std::move(account).error();
  auto changed = co_await services.access.accounts.change(services.session, std::move(*account), context.author());
  if (!changed) co_return explain_lost_race(std::move(changed).error(), context.request.headers);
  std::string body;
  append_account(body, services, **changed);
  co_return json_answer(200, std::move(body), (*changed)->revision);
}

net::Task<Answer> remove_account(Services services, RequestContext& context, AccountKind kind) {
  const auto account = find_account(services, context, kind);
  if (!account) co_return account.error();
  const std::int64_t revision = (*account)->revision;
  if (auto holds = check_preconditions(context.request.headers, revision); !holds) co_return std::move(holds).error();
  auto removed = co_await services.access.accounts.remove(services.session, *account, revision, context.author());
  if (!removed) co_return explain_lost_race(std::move(removed).error(), context.request.headers);
  co_return no_content();
}

}  // namespace posthorn::api::native
