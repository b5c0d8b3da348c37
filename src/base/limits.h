// Every bound of the server, by name. Relations between bounds are asserted here.
#pragma once

#include <chrono>
#include <cstddef>
#include <cstdint>

namespace posthorn {

using namespace std::chrono_literals;

// --- incoming HTTP -------------------------------------------------------------------------------------------------
inline constexpr std::size_t kRequestHeadBytesMax = 32 * 1024;
inline constexpr std::size_t kRequestHeaderCountMax = 100;
inline constexpr std::size_t kRequestTargetBytesMax = 8 * 1024;
inline constexpr auto kRequestHeadTime = 10s;  // from the first byte of a head to its last
inline constexpr auto kRequestBodyTime = 60s;  // from the head to the body's last byte
inline constexpr std::size_t kRequestBodyBytesPerSecondMin = 1024;
inline constexpr auto kConnectionIdleTime = 60s;
inline constexpr std::size_t kConnectionsMax = 10'000;  // per server; beyond, the longest idle one makes room
// One peer has no more than a share of them when the server is nearly full.
inline constexpr std::size_t kConnectionsOfPeerPart = 4;      // a quarter of all
inline constexpr std::size_t kConnectionsNearlyFullPart = 8;  // when less than an eighth is left
inline constexpr std::size_t kDescriptorsReserved = 4096;     // for outgoing connections and files, not for incoming ones
inline constexpr std::size_t kRequestBodiesBytesMax = 256 * 1024 * 1024;  // of all requests in memory; beyond: 503
inline constexpr auto kRequestBodiesRetryAfter = 1s;

// --- events --------------------------------------------------------------------------------------------------------
inline constexpr std::size_t kEventBodyBytesMaxDefault = 1024 * 1024;  // configurable
inline constexpr std::size_t kEventBodyBytesCeiling = 16 * 1024 * 1024;
inline constexpr std::size_t kBatchEventsMax = 1000;
inline constexpr std::size_t kBatchBodyBytesMax = 16 * 1024 * 1024;
inline constexpr auto kBatchTurnTime = 5ms;  // a batch keeps the loop no longer at once, but for one event
inline constexpr std::size_t kIdempotencyKeyBytesMax = 256;
inline constexpr std::size_t kExternalIdBytesMax = 128;
inline constexpr std::size_t kTopicBytesMax = 256;
inline constexpr std::size_t kTopicSegmentsMax = 16;
inline constexpr std::size_t kNameBytesMax = 128;  // tenants, scopes
inline constexpr std::size_t kUserBytesMax = 256;
inline constexpr std::size_t kJsonDepthMax = 64;

// --- subscriptions -------------------------------------------------------------------------------------------------
inline constexpr std::size_t kUrlBytesMax = 2048;
inline constexpr std::size_t kTopicPatternsMax = 100;
inline constexpr std::size_t kCustomHeadersMax = 50;
inline constexpr std::size_t kCustomHeaderBytesMax = 4096;
inline constexpr std::size_t kSignatureHeaderBytesMax = 64;
inline constexpr std::size_t kDescriptionBytesMax = 2048;
inline constexpr std::size_t kMetadataMembersMax = 50;
inline constexpr std::size_t kMetadataBytesMax = 1024;  // of a name, and of a value
inline constexpr std::size_t kSecretBytesMin = 16;
inline constexpr std::size_t kSecretBytesMax = 128;
inline constexpr std::size_t kCredentialBytesMax = 4096;        // one name, password, token or OAuth scope
inline constexpr std::size_t kCertificateBytesMax = 32 * 1024;  // a client certificate with its chain; its key likewise
inline constexpr std::size_t kRetriesMax = 50;
inline constexpr auto kRetryDelayMax = 7 * 24h;
inline constexpr auto kRetryAfterMax = 24h;  // what an endpoint may ask for
inline constexpr std::size_t kEndStatusesMax = 64;
inline constexpr auto kSecretOverlapDefault = 24h;  // both secrets sign after a rotation
inline constexpr auto kSecretOverlapMax = 7 * 24h;
inline constexpr auto kAttemptTimeoutDefault = 15s;
inline constexpr auto kAttemptTimeoutMax = 60s;
inline constexpr auto kAttemptTimeoutMin = 100ms;

// --- outgoing HTTP -------------------------------------------------------------------------------------------------
inline constexpr auto kConnectTimeout = 5s;
inline constexpr std::size_t kResponseHeadBytesMax = 32 * 1024;
inline constexpr std::size_t kResponseBodyBytesKept = 16 * 1024;  // what an attempt records
inline constexpr std::size_t kResponseBodyBytesRead = 64 * 1024;  // what is read before the connection is given up
inline constexpr auto kPooledConnectionIdleTime = 30s;
inline constexpr std::size_t kPooledConnectionsPerOriginMax = 2048;  // many lanes may share an origin
inline constexpr std::size_t kNameCacheEntriesMax = 10'000;
inline constexpr auto kNameCacheTime = 30s;  // an answer's own time to live shortens it

// --- lanes ---------------------------------------------------------------------------------------------------------
inline constexpr std::size_t kFanoutInlineMax = 256;               // deliveries written together with their event
inline constexpr std::size_t kFanoutStepMax = 256;                 // deliveries written by one later step
inline constexpr std::size_t kFanoutBytesMax = 128 * 1024 * 1024;  // of unfinished ones in memory; beyond: unavailable
inline constexpr auto kFanoutBusyRetryAfter = 5s;
inline constexpr std::size_t kLaneReadyMax = 8192;    // due deliveries of one healthy lane in memory
inline constexpr std::size_t kLaneReadySickMax = 32;  // the same while its endpoint is sick
inline constexpr std::size_t kLaneReloadAt = 256;     // a healthy lane reads its next page when so few are left
inline constexpr std::size_t kLanePageMax = 1024;     // new deliveries that one page may bring
inline constexpr auto kLaneReloadPause = 20ms;
inline constexpr std::size_t kLaneWaitingMax = 64;               // later retries of one lane in memory
inline constexpr std::size_t kLaneSequencesLeftMax = 16 * 1024;  // sequences in the store that an ordered lane knows of
inline constexpr std::size_t kLaneWindowBytesMax = 8 * 1024 * 1024;
inline constexpr std::size_t kLanesIdleMax = 4096;  // lanes without work that are kept ready
inline constexpr auto kLaneIdleTime = 10s;
inline constexpr std::size_t kLaneConcurrencyFirst = 4;  // attempts at once of a new lane; grows with successes
inline constexpr std::size_t kLaneConcurrencyMax = 16;
inline constexpr int kBreakerFailures = 10;  // unreachable in a row: the lane pauses and probes
inline constexpr auto kBreakerPauseFirst = 1s;
inline constexpr auto kBreakerPauseMax = 30s;
inline constexpr auto kPaceIntervalFirst = 10ms;  // between two requests to an endpoint that asked for fewer; doubles
inline constexpr auto kPaceIntervalMax = 60s;
inline constexpr std::uint32_t kFailingTold = 10;  // failures in a row after which a tenant is told of its endpoint,
inline constexpr auto kFailingTime = 60s;          // or so long after the first
inline constexpr auto kDisableAfterDefault = 5 * 24h;
// Attempts that start before the loop gets a turn: few, so that a busy loop ends what is out before it starts more. With 1,600
// connections out a delivery costs a third more than with 64.
inline constexpr int kStartsPerTurn = 32;
inline constexpr auto kRampTime = 150s;             // an endpoint that was away is led back to full speed
inline constexpr auto kPacePauseMax = 15min;        // for what Retry-After asks of a whole lane
inline constexpr auto kLaneStallTime = 250ms;       // attempts out and no answer for so long: its queue counts as stalled
inline constexpr std::size_t kLoadsAtOnceMax = 16;  // store pages being read for lanes
inline constexpr std::size_t kRunnableMax = 4096;   // above this, answers to publishers are held
inline constexpr std::size_t kRunnableResume = 2048;
inline constexpr auto kPublishHoldMax = 5s;
inline constexpr std::size_t kUnrecordedAttemptsMax = 4096;  // above this, lanes pause

// --- jobs and recovery -----------------------------------------------------------------------------------------------
inline constexpr std::size_t kJobsUnfinishedMax = 100;  // of one tenant
inline constexpr std::size_t kJobStepMax = 256;         // rows that one step looks at
inline constexpr std::size_t kJobStepBytesMax = 8 * 1024 * 1024;
inline constexpr auto kJobStepPause = 10ms;              // between steps, so that jobs do not fill the store's writer
inline constexpr auto kJobWaitTime = 200ms;              // before a step that cannot be made yet is tried again
inline constexpr std::ptrdiff_t kJobRunnableMax = 1024;  // jobs make no more work runnable while so much waits already

// --- polling -----------------------------------------------------------------------------------------------------------
inline constexpr auto kPollWaitMax = 30s;                          // how long one read may wait for something to read
inline constexpr std::size_t kPollWaitersMax = 4096;               // reads that wait, of all subscriptions
inline constexpr std::size_t kPollWaitersPerSubscriptionMax = 16;  // of one
inline constexpr std::size_t kPollPageBytesMax = 4 * 1024 * 1024;  // payloads of one page (never less than one item)
inline constexpr std::size_t kPollAcknowledgeStepMax = 500;        // deliveries that one write acknowledges

// --- privacy -------------------------------------------------------------------------------------------------------------
inline constexpr std::size_t kExpungedRememberedMax = 64;            // events that lanes leave out of pages read before
inline constexpr std::size_t kExportPageBytesMax = 4 * 1024 * 1024;  // a page of an export ends after it

// --- statistics ----------------------------------------------------------------------------------------------------------
inline constexpr std::size_t kStatisticsLogBytesMax = 4 * 1024 * 1024;  // counted but not folded into the rows that are read
inline constexpr std::size_t kStatisticsFoldMax = 8 * 1024;             // finest series that one transaction folds (about)
inline constexpr int kStatisticsFoldsMax = 32;                          // transactions that one read waits for
inline constexpr std::int64_t kStatisticsHoursMax = 31 * 24;            // that one answer shows by the hour
inline constexpr std::int64_t kStatisticsDaysMax = 400;                 // that one answer shows by the day

// --- scripts -------------------------------------------------------------------------------------------------------
inline constexpr std::size_t kScriptSourceBytesMax = 64 * 1024;
inline constexpr std::size_t kScriptFunctionBytesMax = 64;
inline constexpr std::size_t kScriptInputBytesMax = 2 * kEventBodyBytesCeiling + 64 * 1024;  // an event beside its rendering
inline constexpr std::size_t kScriptOutputBytesMax = kEventBodyBytesCeiling + 256 * 1024;
inline constexpr std::size_t kScriptMessageBytesMax = 2048;
inline constexpr auto kScriptTimeDefault = 1s;
inline constexpr auto kScriptTimeMax = 30s;
inline constexpr auto kScriptKillGrace =
    500ms;  // a helper that has not ended its run by itself so long after its time is killed
inline constexpr auto kScriptHelperStartTime = 20s;
inline constexpr auto kTransformTime = 2s;                             // of one run of a subscription's script
inline constexpr auto kTransformWaitTime = 10s;                        // of a check or a try for a free helper
inline constexpr std::size_t kTransformEnvelopeBytesMax = 256 * 1024;  // of its result, beside the new body
inline constexpr std::size_t kScriptHelpersDefault = 2;
inline constexpr std::size_t kScriptHelpersMax = 64;
inline constexpr std::size_t kScriptHelperMemoryDefault = 128 * 1024 * 1024;  // beyond what an idle helper has
inline constexpr std::size_t kScriptHelperMemoryMin = 32 * 1024 * 1024;
inline constexpr std::size_t kScriptHelperMemoryMax = std::size_t{2} * 1024 * 1024 * 1024;
inline constexpr auto kScriptHelperIdleTime = 60s;           // a helper without work is stopped after it
inline constexpr std::size_t kScriptHelperCallsMax = 10000;  // then it is replaced
inline constexpr auto kScriptRestartPauseFirst = 50ms;       // doubles with every helper that dies in a row
inline constexpr auto kScriptRestartPauseMax = 5s;
inline constexpr std::size_t kScriptQueueMax = 16 * 1024;        // calls that wait
inline constexpr std::size_t kScriptQueueOfOwnerMax = 4 * 1024;  // of one owner
inline constexpr auto kScriptSlow = 50ms;  // a strand whose runs take so long may not have the last half of the helpers
inline constexpr std::size_t kScriptStrandsRemembered = 4096;  // quick ones without work

// --- store ---------------------------------------------------------------------------------------------------------
inline constexpr std::size_t kWriterQueueOpsMax = 8192;  // waiting writes; beyond: unavailable
inline constexpr std::size_t kWriterQueueBytesMax = 64 * 1024 * 1024;
inline constexpr std::size_t kTransactionRowsMax = 4096;  // rows of one merged transaction, about
inline constexpr std::size_t kReadQueueMax = 1024;
inline constexpr std::size_t kPageItemsMax = 250;
inline constexpr std::size_t kPageItemsDefault = 50;
inline constexpr std::uint32_t kExpiryStepMin = 500;     // rows of one step of retention, about, while the store is busy
inline constexpr std::uint32_t kExpiryStepMax = 16'000;  // while it has nothing else to do
inline constexpr auto kExpiryStepTime = 20ms;            // a step that took longer is followed by a smaller one
inline constexpr auto kExpiryStepPause = 50ms;           // after a step, while the store is busy
inline constexpr std::uint32_t kShardCount = 64;
inline constexpr auto kLeaseTime = 15s;

static_assert(kScriptTimeDefault <= kScriptTimeMax && kScriptQueueOfOwnerMax < kScriptQueueMax);
static_assert(kScriptHelperMemoryMin <= kScriptHelperMemoryDefault && kScriptHelperMemoryDefault <= kScriptHelperMemoryMax &&
              kScriptHelpersDefault <= kScriptHelpersMax);
static_assert(kRunnableResume < kRunnableMax);
// One lane alone may close the gate: what the last publishers add meanwhile must not have to be read back from the store.
static_assert(kLaneReadyMax >= 2 * kRunnableMax);
static_assert(kEventBodyBytesMaxDefault <= kEventBodyBytesCeiling);
static_assert(kBatchBodyBytesMax < kWriterQueueBytesMax);
static_assert(4 * kBatchBodyBytesMax <= kRequestBodiesBytesMax);
static_assert(kResponseBodyBytesKept <= kResponseBodyBytesRead);
static_assert(kBatchBodyBytesMax < kFanoutBytesMax && kExpiryStepMin <= kExpiryStepMax);
static_assert(kFanoutInlineMax <= kTransactionRowsMax && kFanoutStepMax <= kTransactionRowsMax);
static_assert(kAttemptTimeoutDefault <= kAttemptTimeoutMax);
static_assert(kLaneReadySickMax <= kLaneReadyMax && kLaneConcurrencyFirst <= kLaneConcurrencyMax);

}  // namespace posthorn
