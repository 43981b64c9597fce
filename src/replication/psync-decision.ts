/**
 * Whether a replica may go on with what it has, or must be sent everything. Pure.
 */
import { toLowerAscii } from '../resp/ascii.js';
import type { Identity, Offset } from './identity.js';

/** What PSYNC asked for; the id is as the replica sent it, `?` asks for a full resynchronisation. */
export interface PsyncRequest {
  readonly replid: string;
  /** The first byte that the replica does not have. */
  readonly offset: number;
}

/** What a backlog holds: `length` bytes from offset `first` on. */
export interface BacklogWindow {
  readonly first: number;
  readonly length: number;
}

export type FullResyncReason =
  /** The replica asked for it. */
  | 'requested'
  /** Neither id is the one the replica follows. */
  | 'unknown-history'
  /** The previous history is known, but the replica has more of it than we share. */
  | 'diverged'
  /** The bytes are gone, or were never there. */
  | 'out-of-backlog'
  /** The replica claims to have more than we do. */
  | 'ahead';

export type PsyncDecision =
  | { readonly kind: 'continue'; readonly from: Offset }
  | { readonly kind: 'full'; readonly reason: FullResyncReason };

/** @param window null when there is no backlog */
export function decidePsync(
  request: PsyncRequest,
  identity: Identity,
  window: BacklogWindow | null,
): PsyncDecision {
  const asked = toLowerAscii(request.replid);
  if (asked !== toLowerAscii(identity.replid)) {
    if (request.replid.startsWith('?')) return { kind: 'full', reason: 'requested' };
    const { previous } = identity;
    if (previous === null || asked !== toLowerAscii(previous.replid)) {
      return { kind: 'full', reason: 'unknown-history' };
    }
    if (request.offset > previous.end) return { kind: 'full', reason: 'diverged' };
  }
  if (window === null || request.offset < window.first) return { kind: 'full', reason: 'out-of-backlog' };
  // One past the end is fine: the replica has everything and nothing is missing.
  if (request.offset > window.first + window.length) return { kind: 'full', reason: 'ahead' };
  return { kind: 'continue', from: request.offset as Offset };
}
