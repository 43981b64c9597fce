/** The configuration files that members of a topology begin with. */
import { bytesFromText, quoteBytes } from '../resp/ascii.js';
import type { HostAndPort } from '../client/address.js';
import { LOG_FILE } from './member.js';

export interface ServerConfiguration {
  readonly address: HostAndPort;
  readonly directory: string;
  /** Null for the master. */
  readonly master: HostAndPort | null;
  readonly password: string | undefined;
  /** Further lines; they win over what is here. */
  readonly directives: readonly string[];
}

export function serverConfiguration(server: ServerConfiguration): string[] {
  const { master, password } = server;
  return [
    ...commonLines(server),
    'save ""',
    'appendonly no',
    // A replica that is waited for must not wait for others to join it.
    'repl-diskless-sync yes',
    'repl-diskless-sync-delay 0',
    ...(master === null ? [] : [`replicaof ${master.host} ${master.port}`]),
    ...(password === undefined ? [] : [`requirepass ${quote(password)}`, `masterauth ${quote(password)}`]),
    ...server.directives,
  ];
}

export interface SentinelConfiguration {
  readonly address: HostAndPort;
  readonly directory: string;
  readonly masterName: string;
  readonly master: HostAndPort;
  readonly quorum: number;
  readonly downAfterMs: number;
  readonly failoverTimeoutMs: number;
  readonly parallelSyncs: number;
  /** Of the servers. */
  readonly password: string | undefined;
  readonly directives: readonly string[];
}

export function sentinelConfiguration(sentinel: SentinelConfiguration): string[] {
  const { masterName: name, master, password } = sentinel;
  return [
    ...commonLines(sentinel),
    `sentinel monitor ${name} ${master.host} ${master.port} ${sentinel.quorum}`,
    `sentinel down-after-milliseconds ${name} ${sentinel.downAfterMs}`,
    `sentinel failover-timeout ${name} ${sentinel.failoverTimeoutMs}`,
    `sentinel parallel-syncs ${name} ${sentinel.parallelSyncs}`,
    ...(password === undefined ? [] : [`sentinel auth-pass ${name} ${password}`]),
    ...sentinel.directives,
  ];
}

function commonLines({ address, directory }: { address: HostAndPort; directory: string }): string[] {
  return [`port ${address.port}`, `bind ${address.host}`, `dir ${quote(directory)}`, `logfile ${LOG_FILE}`];
}

/** The file is written as UTF-8; quoting works on bytes. */
function quote(text: string): string {
  return quoteBytes(bytesFromText(text));
}
