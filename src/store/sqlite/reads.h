// Reads: every query, over one connection.
#pragma once

#include "store/sqlite/access_reads.h"
#include "store/sqlite/catalogue_reads.h"
#include "store/sqlite/engine_reads.h"
#include "store/sqlite/job_reads.h"
#include "store/sqlite/list_reads.h"
#include "store/sqlite/poll_reads.h"
#include "store/sqlite/statistics_rows.h"

namespace posthorn::store::sqlite {

struct Reads {
  explicit Reads(Connection& connection)
      : access(connection),
        catalogue(connection),
        engine(connection),
        lists(connection),
        jobs(connection),
        polling(connection),
        statistics(connection) {}

  AccessReads access;
  CatalogueReads catalogue;
  EngineReads engine;
  ListReads lists;
  JobReads jobs;
  PollReads polling;
  StatisticsReads statistics;
};

}  // namespace posthorn::store::sqlite
