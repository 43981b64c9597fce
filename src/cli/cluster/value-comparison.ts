/** Whether keys that exist at two nodes have the same values there: what may be overwritten without loss. */
import { ReplyError, type Reply } from '../../client/reply.js';
import { NodeReplyError } from './errors.js';
import type { ClusterNode } from './node.js';

type ComparedNode = Pick<ClusterNode, 'address' | 'ask'>;

/** What DEBUG DIGEST-VALUE says of a key that does not exist. */
const DIGEST_OF_NOTHING = '0'.repeat(40);

/** @returns the keys that both have, with different values. @throws NodeReplyError when a node does not tell */
export async function findDifferentValues(
  source: ComparedNode,
  target: ComparedNode,
  keys: readonly string[],
): Promise<string[]> {
  const [here, there] = await Promise.all([fingerprints(source, keys), fingerprints(target, keys)]);
  return keys.filter((_, index) => {
    const [one, other] = [here[index], there[index]];
    return one !== null && other !== null && one !== other;
  });
}

/** What is the same for the same value; null for a key that a node does not have. */
async function fingerprints(node: ComparedNode, keys: readonly string[]): Promise<(string | null)[]> {
  const digests = await node.ask('DEBUG', 'DIGEST-VALUE', ...keys);
  if (Array.isArray(digests)) {
    return digests.map((digest) => (digest === DIGEST_OF_NOTHING ? null : String(digest)));
  }
  // DEBUG is not allowed unless it was configured. Equal serialisations are equal values.
  return Promise.all(keys.map((key) => serialisation(node, key)));
}

async function serialisation(node: ComparedNode, key: string): Promise<string | null> {
  // For the node that is importing the slot, ASKING; the other takes no notice.
  const [, dump] = await Promise.all([node.ask('ASKING'), node.ask('DUMP', key)]);
  return dumpOf(node, dump);
}

function dumpOf(node: ComparedNode, dump: Reply): string | null {
  if (!(dump instanceof ReplyError)) return typeof dump === 'string' ? dump : null;
  // The source of a slot that is migrating sends whoever asks for a key it does not have to the target.
  if (dump.code === 'ASK') return null;
  throw new NodeReplyError(node.address, dump.message);
}
