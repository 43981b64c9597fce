/**
 * The connection to a master that was verified: it notices when the master is gone, hangs, or is no master any more,
 * and says so once.
 */
import type { Timer } from '../platform/platform.js';
import { formatAddress, type HostAndPort } from './address.js';
import type { ClientConnection, ClientPlatform } from './connection.js';
import { ClientError } from './errors.js';
import { roleProblem } from './master-check.js';

export interface LivenessPing {
  readonly intervalMs: number;
  readonly deadlineMs: number;
}

export class MasterLink {
  private readonly ping: Timer | null;
  private isClosed = false;

  /**
   * @param connection to a server that has just said that it is a master
   * @param livenessPing without it a master that hangs without closing TCP is not noticed
   * @param onLost called at most once, and not after {@link close}
   */
  constructor(
    platform: ClientPlatform,
    private readonly address: HostAndPort,
    private readonly connection: ClientConnection,
    livenessPing: LivenessPing | undefined,
    private readonly onLost: (reason: Error) => void,
  ) {
    const closed = new ClientError('CLOSED', `${formatAddress(address)} closed the connection`);
    connection.once('close', (error) => this.lose(error ?? closed));
    this.ping =
      livenessPing === undefined
        ? null
        : platform.timers.every(livenessPing.intervalMs, () =>
            connection.ask(['PING'], () => undefined, livenessPing.deadlineMs),
          );
  }

  /** A master that was made a replica by hand may leave our connection open. No deadline: see `livenessPing`. */
  recheckRole(): void {
    if (this.connection.hasQuestions) return;
    this.connection.ask(['ROLE'], (error, reply) => {
      if (error !== null) return;
      const problem = roleProblem(this.address, reply);
      // An error reply (BUSY, LOADING) says nothing of the role.
      if (problem instanceof ClientError) this.lose(problem);
    });
  }

  close(): void {
    this.isClosed = true;
    this.ping?.cancel();
    this.connection.close();
  }

  private lose(reason: Error): void {
    if (this.isClosed) return;
    this.close();
    this.onLost(reason);
  }
}
