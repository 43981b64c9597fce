/** Listens for other nodes: the bus port, on the addresses that clients are served on. */
import type { ServerConfig } from '../../config/server-config.js';
import type { Logger } from '../../log/logger.js';
import type { Connection, Listener, Network } from '../../platform/platform.js';
import { systemErrorText } from '../../platform/system-errors.js';
import { textFromBytes } from '../../resp/ascii.js';

/** Address families that a machine may lack, and addresses that it may not have: passed over where they are optional. */
const LACKING: ReadonlySet<string> = new Set(['EAFNOSUPPORT', 'EPROTONOSUPPORT', 'EADDRNOTAVAIL']);

export class BusListeners {
  private open: Listener[] = [];

  constructor(
    private readonly network: Network,
    private readonly config: ServerConfig,
    private readonly log: Logger,
  ) {}

  /** @param done null, or the line for the log that says why it does not listen */
  start(
    port: number,
    onConnection: (connection: Connection) => void,
    done: (problem: string | null) => void,
  ): void {
    const entries = this.config.values.bind.map(textFromBytes);
    const next = (index: number): void => {
      const entry = entries[index];
      if (entry === undefined) {
        done(this.open.length > 0 ? null : `Failed listening on port ${port} (cluster), aborting.`);
        return;
      }
      const host = hostOf(entry.startsWith('-') ? entry.slice(1) : entry);
      this.network.listen({ host, port }, {}, onConnection, (error, listener) => {
        if (listener !== null) {
          this.open.push(listener);
          next(index + 1);
        } else if (LACKING.has(error?.code ?? '') && entry.startsWith('-')) next(index + 1);
        else {
          const reason = systemErrorText(error);
          this.log.warning(
            `Warning: Could not create cluster bus listening socket ${host}:${port}: ${reason}`,
          );
          this.close();
          done(`Failed listening on port ${port} (cluster), aborting.`);
        }
      });
    };
    next(0);
  }

  close(): void {
    for (const listener of this.open) listener.close();
    this.open = [];
  }
}

/** `*` is any IPv4 address, `::*` any IPv6 one. */
function hostOf(entry: string): string {
  if (entry === '*') return '0.0.0.0';
  return entry === '::*' ? '::' : entry;
}
