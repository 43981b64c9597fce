/** What all ways of taking in a snapshot share: giving up the old dataset, and what follows when the new one is in place. */
import type { Persistence } from '../persistence/persistence.js';
import type { Server } from '../server/server.js';

/** What intakes need of the rest of replication. */
export interface IntakeSurroundings {
  readonly server: Server;
  readonly persistence: Persistence;
  /** Our dataset is about to be replaced: whoever follows us must ask anew, and our stream is of no more use. */
  readonly detachFollowers: () => void;
}

/** Empties the dataset, because the one that comes is known to be whole, or there was nothing. */
export function giveUpDataset({ server, persistence, detachFollowers }: IntakeSurroundings): void {
  detachFollowers();
  persistence.aof.suspend();
  server.log.notice('MASTER <-> REPLICA sync: Flushing old data');
  for (const database of server.keyspace.databases) database.flush();
  server.tracking.flushed();
}

/** The new dataset is in place, its functions are taken over: clients that watch or wait for keys find out. */
export function welcomeDataset({ server, persistence }: IntakeSurroundings): void {
  for (const database of server.keyspace.databases) {
    database.touchAllWatchers();
    server.blocking.databaseReplaced(database);
  }
  // Another one begins when the place in the master's stream is known.
  persistence.aof.suspend();
  server.keyspace.dirty++;
  server.blocking.serveReadyKeys();
}
