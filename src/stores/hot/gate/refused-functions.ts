/**
 * The functions that a query may not call, in groups, each with its reason. Together with
 * allowed-functions.ts they are all functions of the engine, which a test holds against it.
 */

export interface RefusedGroup {
  /** Completes "the function f() …". */
  readonly reason: string
  readonly names: readonly string[]
}

function group(reason: string, names: string): RefusedGroup {
  return { reason, names: names.split(/\s+/).filter((name) => name !== "") }
}

export const REFUSED_GROUPS: readonly RefusedGroup[] = [
  group(
    "reads files of the server",
    `
    catboostEvaluate file formatRow formatRowNoNewline groupFormat naiveBayesClassifier
    naiveBayesClassifierWithAllProbs naiveBayesClassifierWithProb structureToCapnProtoSchema
    structureToProtobufSchema`,
  ),
  group(
    "sends data to services outside",
    `
    AIClassify AIExtract AIGenerate AITranslate aiClassify aiEmbed aiExtract aiGenerate aiTranslate`,
  ),
  group(
    "reads tables and dictionaries by a name in a string, which no check of the statement sees",
    `
    dictGet dictGetAll dictGetChildren dictGetDate dictGetDateOrDefault dictGetDateTime
    dictGetDateTimeOrDefault dictGetDescendants dictGetFloat32 dictGetFloat32OrDefault dictGetFloat64
    dictGetFloat64OrDefault dictGetHierarchy dictGetIPv4 dictGetIPv4OrDefault dictGetIPv6
    dictGetIPv6OrDefault dictGetInt16 dictGetInt16OrDefault dictGetInt32 dictGetInt32OrDefault dictGetInt64
    dictGetInt64OrDefault dictGetInt8 dictGetInt8OrDefault dictGetKeys dictGetOrDefault dictGetOrNull
    dictGetRoot dictGetString dictGetStringOrDefault dictGetUInt16 dictGetUInt16OrDefault dictGetUInt32
    dictGetUInt32OrDefault dictGetUInt64 dictGetUInt64OrDefault dictGetUInt8 dictGetUInt8OrDefault
    dictGetUUID dictGetUUIDOrDefault dictHas dictIsIn hasColumnInTable joinGet joinGetOrNull regionHierarchy
    regionIn regionToArea regionToCity regionToContinent regionToCountry regionToDistrict regionToName
    regionToPopulation regionToTopContinent`,
  ),
  group(
    "tells settings of the server",
    `
    getMacro getMaxTableNameLengthForDatabase getMergeTreeSetting getServerSetting getSetting
    getSettingOrDefault globalVariable`,
  ),
  group(
    "tells about the server and not about data",
    `
    FQDN buildId chdb connectionId connection_id displayName filesystemAvailable filesystemCapacity
    filesystemUnreserved fullHostName generateSerialID getClientHTTPHeader getOSKernelVersion getServerPort
    hasThreadFuzzer hostName hostname revision serverTimeZone serverTimezone serverUUID shardCount shardNum
    showCertificate tcpPort transactionID transactionLatestSnapshot transactionOldestSnapshot uptime version
    zookeeperSessionUptime`,
  ),
  group(
    "tells about users and sessions of the server",
    `
    DATABASE SCHEMA authUser authenticatedUser currentDatabase currentProfiles currentQueryID currentRoles
    currentSchemas currentUser current_database current_query_id current_schemas current_user
    defaultProfiles defaultRoles enabledProfiles enabledRoles initialQueryID initialQueryStartTime
    initial_query_id initial_query_start_time queryID query_id session_user user`,
  ),
  group(
    "looks into the running program",
    `
    addressToLine addressToLineWithInlines addressToSymbol demangle dumpColumnStructure errorCodeToName
    flameGraph getTypeSerializationStreams isMergeTreePartCoveredBy logTrace mergeTreePartInfo partitionID
    partitionId tid`,
  ),
  group(
    "waits or fails on purpose",
    `
    aggThrow sleep sleepEachRow throwIf timeSeriesThrowDuplicateSeriesIf`,
  ),
  group(
    "works on the text of statements and not on data",
    `
    formatQuery formatQueryOrNull formatQuerySingleLine formatQuerySingleLineOrNull fuzzQuery
    generateRandomStructure highlightQuery normalizeQuery normalizeQueryKeepNames normalizedQueryHash
    normalizedQueryHashKeepNames obfuscateQuery obfuscateQueryWithSeed tokenizeQuery`,
  ),
  group(
    "depends on how rows happen to be cut into blocks, so its answer is not a property of the data",
    `
    blockNumber blockSerializedSize blockSize neighbor nowInBlock nowInBlock64 rowNumberInAllBlocks
    rowNumberInBlock runningAccumulate runningConcurrency runningDifference
    runningDifferenceStartingWithFirstValue`,
  ),
  group(
    "is a part of the engine that statements do not need",
    `
    _CAST __actionName __applyFilter __bitBoolMaskAnd __bitBoolMaskOr __bitSwapLastTwo __bitWrapperFunc
    __getScalar __patchPartitionID __scalarSubqueryResult __toYearCalendarOnly globalInIgnoreSet
    globalNotInIgnoreSet globalNotNullInIgnoreSet globalNullInIgnoreSet inIgnoreSet initializeAggregation
    nested notInIgnoreSet notNullInIgnoreSet nothing nothingNull nothingUInt64 nullInIgnoreSet
    timeSeriesCopyTag timeSeriesCopyTags timeSeriesExtractTag timeSeriesGroupToSamplingKey
    timeSeriesGroupToTags timeSeriesIdToGroup timeSeriesIdToTags timeSeriesIdToTagsGroup timeSeriesJoinTags
    timeSeriesRemoveAllTagsExcept timeSeriesRemoveTag timeSeriesRemoveTags timeSeriesReplaceTag
    timeSeriesStoreTags timeSeriesTagsGroupToTags timeSeriesTagsToGroup validateNestedArraySizes`,
  ),
]

/** The reason by name in lower case, because the engine takes many names in any case. */
export const REFUSED_FUNCTIONS: ReadonlyMap<string, string> = new Map(
  REFUSED_GROUPS.flatMap(({ reason, names }) => names.map((name) => [name.toLowerCase(), reason] as const)),
)
