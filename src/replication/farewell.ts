/** What replication has to say when the server is to end: it waits for replicas that lag, and tells who still does. */
import type { Server } from '../server/server.js';
import type { ShutdownParticipant } from '../server/shutdown.js';
import type { History } from './history.js';
import { lagSeconds, type Replicas } from './replicas.js';

/** @param isMaster a replica's replicas get everything from its master, so nobody waits for them */
export function replicationFarewell(
  server: Server,
  history: History,
  replicas: Replicas,
  isMaster: () => boolean,
): ShutdownParticipant {
  return {
    isReady() {
      if (!isMaster()) return true;
      for (const session of replicas.all()) {
        if (session.isOnline && session.ackOffset < history.stream.lastWriteOffset) return false;
      }
      return true;
    },
    // Also while writes are paused, which they are in a moment.
    hurry: () => history.stream.appendAckRequest(),
    report() {
      if (isMaster() && replicas.count > 0) describeReplicas(server, history, replicas);
    },
  };
}

function describeReplicas(server: Server, history: History, replicas: Replicas): void {
  let inSync = 0;
  for (const session of replicas.all()) {
    if (session.ackOffset >= history.stream.lastWriteOffset) {
      inSync++;
      continue;
    }
    const lag = session.isOnline ? lagSeconds(session, server.steadyNowMs) : 0;
    server.log.notice(
      `Lagging replica ${session.name} reported offset ${history.offset - session.ackOffset} behind master, ` +
        `lag=${lag}, state=${session.stateName}.`,
    );
  }
  server.log.notice(`${inSync} of ${replicas.count} replicas are in sync when shutting down.`);
}
