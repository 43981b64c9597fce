/**
 * Where a server listens: the TCP port on every address of `bind`, and the Unix socket. Follows CONFIG SET of
 * `port` and `bind`.
 *
 * It only ever makes what is open agree with what is configured, so that going back after a failure is the same
 * operation as going forward.
 */

import type { Applier, ServerConfig } from '../config/server-config.js';
import type { Logger } from '../log/logger.js';
import type { Address, Connection, Listener, Network } from '../platform/platform.js';
import { systemErrorText } from '../platform/system-errors.js';
import { textFromBytes } from '../resp/ascii.js';

/** Address families that this machine may lack; an address of theirs is passed over. */
const UNSUPPORTED_FAMILY: ReadonlySet<string> = new Set([
  'EAFNOSUPPORT',
  'ENOPROTOOPT',
  'EPFNOSUPPORT',
  'EPROTONOSUPPORT',
  'ESOCKTNOSUPPORT',
]);

/** A kind of listener, as the log names it. */
export type ListenerKind = 'tcp' | 'unix';

interface Wanted {
  readonly kind: ListenerKind;
  readonly address: Address;
  /** What makes two of them the same: opened once, kept as long as it is wanted. */
  readonly key: string;
  /** May be missing on this machine. */
  readonly optional: boolean;
}

interface Open {
  readonly wanted: Wanted;
  readonly listener: Listener;
}

/** Turns a `bind` address into one to listen on: `*` is any IPv4 address, `::*` any IPv6 one. */
function hostOf(bindAddress: string): string {
  if (bindAddress === '*') return '0.0.0.0';
  return bindAddress === '::*' ? '::' : textFromBytes(bindAddress);
}

export class Listeners {
  private open: Open[] = [];

  constructor(
    private readonly network: Pick<Network, 'listen'>,
    private readonly config: ServerConfig,
    private readonly log: Logger,
    private readonly onConnection: (connection: Connection) => void,
  ) {}

  /** The kinds that are open, each once. */
  get kinds(): ListenerKind[] {
    return [...new Set(this.open.map(({ wanted }) => wanted.kind))];
  }

  /**
   * Starts listening everywhere the configuration says, and follows it from now on.
   * @param done called with null, or with the line for the log that says what failed
   */
  start(done: (problem: string | null) => void): void {
    const follow: Applier = (changed, applied) => {
      const problem = changed.has('port')
        ? 'Unable to listen on this port. Check server logs.'
        : 'Failed to bind to specified addresses.';
      this.agree((failed) => applied(failed === null ? null : problem));
    };
    this.config.applyWith(['port', 'bind'], follow, { takesTime: true });
    this.agree((failed) => {
      if (failed !== null) {
        this.close();
        done(`Failed listening on port ${this.config.values.port} (${failed.kind}), aborting.`);
      } else {
        done(this.open.length === 0 ? 'Configured to not listen anywhere, exiting.' : null);
      }
    });
  }

  /** Stops accepting. Connections that were accepted live on. */
  close(): void {
    for (const { listener } of this.open) listener.close();
    this.open = [];
  }

  private wanted(): Wanted[] {
    const { port, bind, unixsocket } = this.config.values;
    const all: Wanted[] = [];
    if (port !== 0) {
      for (const entry of bind) {
        const optional = entry.startsWith('-');
        const host = hostOf(optional ? entry.slice(1) : entry);
        all.push({ kind: 'tcp', address: { host, port }, key: `${host} ${port}`, optional });
      }
    }
    if (unixsocket !== '') {
      const path = textFromBytes(unixsocket);
      all.push({ kind: 'unix', address: { path }, key: path, optional: false });
    }
    return all;
  }

  /** Opens what is missing and closes what is not wanted; stops at the first that cannot be opened. */
  private agree(done: (failed: Wanted | null) => void): void {
    const wanted = this.wanted();
    const keys = new Set(wanted.map(({ key }) => key));
    const stale = this.open.filter((each) => !keys.has(each.wanted.key));
    // On the same port the new addresses may overlap the old ones, which must make way first.
    this.closeAll(
      stale.filter(({ wanted: { address } }) => 'port' in address && this.isPortKept(address.port)),
    );
    const missing = wanted.filter(({ key }) => !this.open.some((each) => each.wanted.key === key));
    const next = (index: number): void => {
      const one = missing[index];
      if (one === undefined) {
        this.closeAll(stale);
        done(null);
        return;
      }
      this.openOne(one, (opened) => {
        if (opened) next(index + 1);
        else done(one);
      });
    };
    next(0);
  }

  private isPortKept(port: number): boolean {
    return port === this.config.values.port;
  }

  private openOne(wanted: Wanted, done: (opened: boolean) => void): void {
    const { values } = this.config;
    const mode = wanted.kind === 'unix' && values.unixsocketperm !== 0 ? values.unixsocketperm : undefined;
    const options = { backlog: values['tcp-backlog'], ...(mode === undefined ? {} : { mode }) };
    this.network.listen(wanted.address, options, this.onConnection, (error, listener) => {
      if (listener !== null) {
        this.open.push({ wanted, listener });
        done(true);
        return;
      }
      const code = error?.code ?? '';
      const place = 'path' in wanted.address ? wanted.address.path : wanted.key.replace(' ', ':');
      const reason = systemErrorText(error);
      this.log.warning(`Warning: Could not create server listening socket ${place}: ${reason}`);
      done(UNSUPPORTED_FAMILY.has(code) || (wanted.optional && code === 'EADDRNOTAVAIL'));
    });
  }

  private closeAll(unwanted: readonly Open[]): void {
    for (const { listener } of this.open.filter((each) => unwanted.includes(each))) listener.close();
    this.open = this.open.filter((each) => !unwanted.includes(each));
  }
}
