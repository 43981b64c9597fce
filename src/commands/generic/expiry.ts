/** EXPIRE, TTL, PERSIST and their relatives. */
import { isWord } from '../../resp/ascii.js';
import type { Client } from '../../server/client.js';
import { applyExpiry, clearExpiry, expireTimeArgument, type ExpireForm } from '../expire-time.js';

interface Conditions {
  nx: boolean;
  xx: boolean;
  gt: boolean;
  lt: boolean;
}

/** EXPIRE, PEXPIRE, EXPIREAT and PEXPIREAT. */
export function expire(form: ExpireForm): (client: Client, args: string[]) => void {
  return (client, args) => {
    const conditions = args.length > 3 ? parseConditions(client, args) : null;
    if (args.length > 3 && conditions === null) return;
    const atMs = expireTimeArgument(client, args[2], form);
    if (Number.isNaN(atMs)) return;
    const entry = client.database.entryForWrite(args[1]);
    if (
      entry === undefined ||
      (conditions !== null && !areMet(conditions, atMs, entry.expiry?.atMs ?? null))
    ) {
      client.reply.integer(0);
      return;
    }
    applyExpiry(client, entry, atMs);
    client.reply.integer(1);
  };
}

function parseConditions(client: Client, args: readonly string[]): Conditions | null {
  const found: Conditions = { nx: false, xx: false, gt: false, lt: false };
  for (let i = 3; i < args.length; i++) {
    if (isWord(args[i], 'nx')) found.nx = true;
    else if (isWord(args[i], 'xx')) found.xx = true;
    else if (isWord(args[i], 'gt')) found.gt = true;
    else if (isWord(args[i], 'lt')) found.lt = true;
    else {
      client.reply.error(`ERR Unsupported option ${args[i]}`);
      return null;
    }
  }
  if (found.nx && (found.xx || found.gt || found.lt)) {
    client.reply.error('ERR NX and XX, GT or LT options at the same time are not compatible');
    return null;
  }
  if (found.gt && found.lt) {
    client.reply.error('ERR GT and LT options at the same time are not compatible');
    return null;
  }
  return found;
}

/** A key without expiry counts as living for ever: nothing is greater, everything is less. */
function areMet({ nx, xx, gt, lt }: Conditions, atMs: number, currentMs: number | null): boolean {
  if (currentMs === null) return !xx && !gt;
  if (nx) return false;
  if (gt && atMs <= currentMs) return false;
  return !(lt && atMs >= currentMs);
}

export function persist(client: Client, args: string[]): void {
  const entry = client.database.entryForWrite(args[1]);
  client.reply.integer(entry !== undefined && clearExpiry(client, entry) ? 1 : 0);
}

/** TTL, PTTL, EXPIRETIME and PEXPIRETIME: -2 for no key, -1 for no expiry. */
export function timeToLive({ inSeconds, isRelative }: ExpireForm): (client: Client, args: string[]) => void {
  return (client, args) => {
    const entry = client.database.readEntry(args[1]);
    if (entry === undefined || entry.expiry === null) {
      client.reply.integer(entry === undefined ? -2 : -1);
      return;
    }
    const { atMs } = entry.expiry;
    const shownMs = isRelative ? Math.max(0, atMs - client.server.keyspace.nowMs) : atMs;
    client.reply.integer(inSeconds ? Math.floor((shownMs + 500) / 1000) : shownMs);
  };
}
