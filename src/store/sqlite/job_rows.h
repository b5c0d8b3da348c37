// A job's row, and back.
#pragma once

#include <string>

#include "domain/outbound/job.h"
#include "store/sqlite/database.h"

namespace posthorn::store::sqlite {

#define POSTHORN_JOB_COLUMNS                                                                                              \
  "key, salt, tenant, erased, kind, state, subscription, subscription_salt, wanted_state, topics, since, until, cursor, " \
  "end, examined, changed, skipped, total, error, created, updated"

domain::Job read_job(const Cursor& row);
std::string join_topics(const std::vector<std::string>& topics);

}  // namespace posthorn::store::sqlite
