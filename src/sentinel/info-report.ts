/**
 * What an INFO reply says about an instance: the few fields a sentinel goes by.
 *
 * Pure parsing of bytes that a peer sent: fields that are missing or make no sense are left out, never guessed.
 */
import { parsePort } from './address.js';

/** A replica as its master lists it. */
export interface ListedReplica {
  readonly host: string;
  readonly port: number;
}

export interface InfoReport {
  readonly runId: string | null;
  readonly role: 'master' | 'replica' | null;
  readonly replicas: readonly ListedReplica[];
  readonly masterHost: string | null;
  readonly masterPort: number | null;
  readonly masterLinkUp: boolean | null;
  /** How long the link to the master has been down; 0 when nothing is said of it, negative when it never was up. */
  readonly masterLinkDownMs: number;
  readonly priority: number | null;
  /** How much of the stream it has: what a replica has processed, what a master has produced. */
  readonly offset: bigint | null;
  readonly announced: boolean | null;
}

export function parseInfo(text: string): InfoReport {
  const fields = new Map<string, string>();
  const replicas: ListedReplica[] = [];
  for (const line of text.split('\n')) {
    const colon = line.indexOf(':');
    if (colon <= 0) continue;
    const name = line.slice(0, colon);
    const value = line.endsWith('\r') ? line.slice(colon + 1, -1) : line.slice(colon + 1);
    if (/^slave[0-9]+$/.test(name)) {
      const replica = parseListedReplica(value);
      if (replica !== null) replicas.push(replica);
    } else {
      fields.set(name, value);
    }
  }
  const role = parseRole(fields.get('role'));
  return {
    runId: fields.get('run_id') ?? null,
    role,
    replicas,
    masterHost: fields.get('master_host') ?? null,
    masterPort: parsePort(fields.get('master_port') ?? ''),
    masterLinkUp: parseWord(fields.get('master_link_status'), 'up'),
    masterLinkDownMs: (parseNumber(fields.get('master_link_down_since_seconds')) ?? 0) * 1000,
    priority: parseNumber(fields.get('slave_priority')),
    offset: parseOffset(fields.get(role === 'master' ? 'master_repl_offset' : 'slave_repl_offset')),
    announced: parseWord(fields.get('replica_announced'), '1'),
  };
}

/** `ip=1.2.3.4,port=6379,...` or, from old servers, `1.2.3.4,6379,online`. */
function parseListedReplica(value: string): ListedReplica | null {
  const parts = value.split(',');
  const named = new Map(parts.map((part) => splitAt(part, '=')));
  const host = named.get('ip') ?? parts[0];
  const port = parsePort(named.get('port') ?? parts[1] ?? '');
  return host === '' || port === null ? null : { host, port };
}

function splitAt(text: string, separator: string): [string, string] {
  const at = text.indexOf(separator);
  return at === -1 ? [text, ''] : [text.slice(0, at), text.slice(at + 1)];
}

function parseRole(value: string | undefined): InfoReport['role'] {
  if (value === 'master') return 'master';
  return value === 'slave' ? 'replica' : null;
}

function parseWord(value: string | undefined, yes: string): boolean | null {
  return value === undefined ? null : value === yes;
}

function parseNumber(value: string | undefined): number | null {
  return value !== undefined && /^-?[0-9]{1,15}$/.test(value) ? Number(value) : null;
}

function parseOffset(value: string | undefined): bigint | null {
  return value !== undefined && /^[0-9]{1,19}$/.test(value) ? BigInt(value) : null;
}
