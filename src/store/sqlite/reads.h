// Reads: every query, over one connection.
#pragma once

#include "store/sqlite/access_reads.h"
#include "store/sqlite/catalogue_reads.h"
#include "store/sqlite/engine_reads.h"
#include "store/sqlite/list_reads.h"

namespace posthorn::store::sqlite {

struct Reads {
  explicit Reads(Connection& connection) : access(connection), catalogue(connection), engine(connection), lists(connection) {}

  AccessReads access;
  CatalogueReads catalogue;
  EngineReads engine;
  ListReads lists;
};

}  // namespace posthorn::store::sqlite
