/**
 * What saving and loading are doing, for INFO. Persistence writes it; a server without persistence never does.
 */

/** The dataset is being loaded. */
export interface LoadingProgress {
  readonly startedAtMs: number;
  readonly totalBytes: number;
  loadedBytes: number;
  /** Clients still see the old dataset meanwhile (diskless load beside it). */
  readonly isAsync: boolean;
}

export class PersistenceStatus {
  loading: LoadingProgress | null = null;
  /** Keys of the running save: written so far, and in all. */
  saveKeysProcessed = 0;
  saveKeysTotal = 0;
  /** Memory of the values that the running save, and the last one, had to put aside because they changed. */
  saveCopiedBytes = 0;
  lastSaveCopiedBytes = 0;

  /** The keyspace's count of changes at the last save. */
  dirtyAtLastSave = 0;
  backgroundSaveInProgress = false;
  lastSaveAtMs = 0;
  lastBackgroundSaveOk = true;
  lastBackgroundSaveSeconds = -1;
  backgroundSaveStartedAtMs = 0;
  saves = 0;
  lastLoadKeysExpired = 0;
  lastLoadKeysLoaded = 0;

  aofEnabled = false;
  aofRewriteInProgress = false;
  aofRewriteScheduled = false;
  aofLastRewriteSeconds = -1;
  aofRewriteStartedAtMs = 0;
  aofLastRewriteOk = true;
  aofRewrites = 0;
  aofRewriteFailuresInARow = 0;
  aofLastWriteOk = true;
  aofCurrentSizeBytes = 0;
  aofBaseSizeBytes = 0;
  aofBufferedBytes = 0;
  aofPendingSyncs = 0;
  aofDelayedSyncs = 0;
}
