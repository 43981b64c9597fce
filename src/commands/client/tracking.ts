/** CLIENT TRACKING, CACHING, GETREDIR and TRACKINGINFO: what a client asks of client-side caching. */
import { isWord } from '../../resp/ascii.js';
import type { Client } from '../../server/client.js';
import type { TrackingMode, TrackingState } from '../../server/tracking.js';
import { integerArgument } from '../arguments.js';
import { SYNTAX_ERROR } from '../error-texts.js';

interface Request {
  broadcast: boolean;
  optIn: boolean;
  optOut: boolean;
  noLoop: boolean;
  redirectTo: number;
  readonly prefixes: string[];
}

export function setTracking(client: Client, args: string[]): void {
  const { server, reply } = client;
  const request = readRequest(client, args);
  if (request === null) return;
  if (isWord(args[2], 'off')) {
    server.tracking.disable(client);
    reply.ok();
    return;
  }
  if (!isWord(args[2], 'on')) {
    reply.error(SYNTAX_ERROR);
    return;
  }
  const problem = problemOf(request, client.tracking);
  if (problem !== null) {
    reply.error(problem);
    return;
  }
  const { noLoop, redirectTo, prefixes } = request;
  server.tracking.enable(client, { mode: modeOf(request), noLoop, redirectTo }, prefixes);
  reply.ok();
}

function readRequest(client: Client, args: readonly string[]): Request | null {
  const request: Request = {
    broadcast: false,
    optIn: false,
    optOut: false,
    noLoop: false,
    redirectTo: 0,
    prefixes: [],
  };
  for (let i = 3; i < args.length; i++) {
    const hasMore = i + 1 < args.length;
    if (isWord(args[i], 'redirect') && hasMore) {
      if (request.redirectTo !== 0) {
        client.reply.error('ERR A client can only redirect to a single other client');
        return null;
      }
      request.redirectTo = integerArgument(client, args[++i]);
      if (Number.isNaN(request.redirectTo)) return null;
      if (client.server.clients.find(request.redirectTo) === undefined) {
        client.reply.error('ERR The client ID you want redirect to does not exist');
        return null;
      }
    } else if (isWord(args[i], 'bcast')) {
      request.broadcast = true;
    } else if (isWord(args[i], 'optin')) {
      request.optIn = true;
    } else if (isWord(args[i], 'optout')) {
      request.optOut = true;
    } else if (isWord(args[i], 'noloop')) {
      request.noLoop = true;
    } else if (isWord(args[i], 'prefix') && hasMore) {
      request.prefixes.push(args[++i]);
    } else {
      client.reply.error(SYNTAX_ERROR);
      return null;
    }
  }
  return request;
}

/** Why the options do not go together, or not with what is on already; null: they do. */
function problemOf(request: Request, current: TrackingState | null): string | null {
  const { broadcast, optIn, optOut, prefixes } = request;
  const mode = current?.options.mode;
  if (!broadcast && prefixes.length > 0) return 'ERR PREFIX option requires BCAST mode to be enabled';
  if (mode !== undefined && (mode === 'broadcast') !== broadcast) {
    return (
      "ERR You can't switch BCAST mode on/off before disabling tracking for this client, and then re-enabling it " +
      'with a different mode.'
    );
  }
  if (broadcast && (optIn || optOut)) return 'ERR OPTIN and OPTOUT are not compatible with BCAST';
  if (optIn && optOut) return "ERR You can't specify both OPTIN mode and OPTOUT mode";
  if ((optIn && mode === 'opt-out') || (optOut && mode === 'opt-in')) {
    return (
      "ERR You can't switch OPTIN/OPTOUT mode before disabling tracking for this client, and then re-enabling it " +
      'with a different mode.'
    );
  }
  return broadcast ? problemOfPrefixes(prefixes, current?.prefixes ?? new Set()) : null;
}

/** The prefixes of one client must not overlap: it would be told of a key more than once. */
function problemOfPrefixes(prefixes: readonly string[], existing: ReadonlySet<string>): string | null {
  const rule = 'Prefixes for a single client must not overlap.';
  for (const [index, prefix] of prefixes.entries()) {
    for (const other of existing) {
      if (overlap(prefix, other)) {
        return `ERR Prefix '${prefix}' overlaps with an existing prefix '${other}'. ${rule}`;
      }
    }
    for (const other of prefixes.slice(index + 1)) {
      if (overlap(prefix, other)) {
        return `ERR Prefix '${prefix}' overlaps with another provided prefix '${other}'. ${rule}`;
      }
    }
  }
  return null;
}

function overlap(a: string, b: string): boolean {
  return a.startsWith(b) || b.startsWith(a);
}

function modeOf({ broadcast, optIn, optOut }: Request): TrackingMode {
  return broadcast ? 'broadcast' : optIn ? 'opt-in' : optOut ? 'opt-out' : 'default';
}

/** CLIENT CACHING: what the next command reads is (or is not) to be remembered. */
export function setCaching(client: Client, args: string[]): void {
  const { tracking, reply } = client;
  const wanted = isWord(args[2], 'yes');
  if (tracking === null) {
    reply.error(
      'ERR CLIENT CACHING can be called only when the client is in tracking mode with OPTIN or OPTOUT mode enabled',
    );
  } else if (!wanted && !isWord(args[2], 'no')) {
    reply.error(SYNTAX_ERROR);
  } else if (wanted && tracking.options.mode !== 'opt-in') {
    reply.error('ERR CLIENT CACHING YES is only valid when tracking is enabled in OPTIN mode.');
  } else if (!wanted && tracking.options.mode !== 'opt-out') {
    reply.error('ERR CLIENT CACHING NO is only valid when tracking is enabled in OPTOUT mode.');
  } else {
    tracking.caching = true;
    reply.ok();
  }
}

export function getRedirection(client: Client): void {
  client.reply.integer(client.tracking?.options.redirectTo ?? -1);
}

export function trackingInfo(client: Client): void {
  const { reply, tracking } = client;
  const flags = tracking === null ? ['off'] : flagsOf(tracking);
  reply.mapHeader(3);
  reply.bulk('flags');
  reply.setHeader(flags.length);
  for (const flag of flags) reply.bulk(flag);
  reply.bulk('redirect');
  getRedirection(client);
  reply.bulk('prefixes');
  reply.arrayHeader(tracking?.prefixes.size ?? 0);
  for (const prefix of tracking?.prefixes ?? []) reply.bulk(prefix);
}

function flagsOf({ options, caching, redirectionBroken }: TrackingState): string[] {
  const flags = ['on'];
  if (options.mode === 'broadcast') flags.push('bcast');
  if (options.mode === 'opt-in') flags.push('optin', ...(caching ? ['caching-yes'] : []));
  if (options.mode === 'opt-out') flags.push('optout', ...(caching ? ['caching-no'] : []));
  if (options.noLoop) flags.push('noloop');
  if (redirectionBroken) flags.push('broken_redirect');
  return flags;
}
