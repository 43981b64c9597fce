/** A node's flags as words (CLUSTER NODES, nodes.conf) and as bits (headers, gossip). One list for both. */
import { NodeFlag } from '../bus/message.js';
import type { ClusterNode } from './node.js';

/** In the order in which the words are written; null: not told in words. */
const FLAGS: readonly {
  readonly word: string | null;
  readonly bit: number;
  readonly isSet: (node: ClusterNode, isMyself: boolean) => boolean;
}[] = [
  { word: 'myself', bit: NodeFlag.myself, isSet: (_node, isMyself) => isMyself },
  { word: 'master', bit: NodeFlag.master, isSet: (node) => hasRole(node, 'master') },
  { word: 'slave', bit: NodeFlag.replica, isSet: (node) => hasRole(node, 'replica') },
  { word: 'fail?', bit: NodeFlag.suspected, isSet: (node) => node.health === 'suspected' },
  { word: 'fail', bit: NodeFlag.failed, isSet: (node) => node.health === 'failed' },
  { word: 'handshake', bit: NodeFlag.handshake, isSet: (node) => node.membership === 'handshake' },
  { word: 'noaddr', bit: NodeFlag.noAddress, isSet: (node) => node.hasNoAddress },
  { word: null, bit: NodeFlag.meet, isSet: (node) => node.sendsMeet },
  { word: null, bit: NodeFlag.acceptsMigration, isSet: (node) => node.acceptsMigration },
  { word: 'nofailover', bit: NodeFlag.neverFailsOver, isSet: (node) => node.neverFailsOver },
];

/** What a node is in handshake with is known when it is done. */
function hasRole({ membership, role }: ClusterNode, wanted: ClusterNode['role']): boolean {
  return membership === 'member' && role === wanted;
}

/** Comma-separated. */
export function flagWords(node: ClusterNode, isMyself: boolean): string {
  const words = FLAGS.filter(({ word, isSet }) => word !== null && isSet(node, isMyself));
  return words.length === 0 ? 'noflags' : words.map(({ word }) => word).join(',');
}

export function flagBits(node: ClusterNode, isMyself: boolean): number {
  let bits = 0;
  for (const { bit, isSet } of FLAGS) if (isSet(node, isMyself)) bits |= bit;
  return bits;
}
