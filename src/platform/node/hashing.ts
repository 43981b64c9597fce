/** Digests by Node's crypto module. They depend on nothing but their input, so the virtual platform uses them too. */
import { createHash } from 'node:crypto';
import type { Hashing } from '../platform.js';

export class NodeHashing implements Hashing {
  sha256Hex(bytes: string): string {
    return createHash('sha256').update(bytes, 'latin1').digest('hex');
  }

  sha1(bytes: string): Buffer {
    return createHash('sha1').update(bytes, 'latin1').digest();
  }
}
