/** What all ways of taking in a snapshot share: giving up the dataset that it replaces. */
import type { Server } from '../server/server.js';

/** What intakes need of the rest of replication. */
export interface IntakeSurroundings {
  readonly server: Server;
  /** Our dataset is about to be replaced: whoever follows us must ask anew, and our stream is of no more use. */
  readonly detachFollowers: () => void;
}

/** Empties the dataset, because the one that comes is known to be whole, or there was nothing. */
export function giveUpDataset({ server, detachFollowers }: IntakeSurroundings): void {
  detachFollowers();
  server.log.notice('MASTER <-> REPLICA sync: Flushing old data');
  for (const database of server.keyspace.databases) database.flush();
}
