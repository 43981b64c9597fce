/**
 * What can be wrong with a snapshot. Decoders throw these; the reader's owner gets one error with the offset and
 * stops. Nothing else may come out of the decoders, whatever bytes they are given.
 */

/**
 * - `signature`: the magic or the version is not one we read
 * - `corrupt`: the bytes break the format
 * - `unsupported`: well-formed, but holds something that this server cannot
 * - `duplicate`: a key appears twice in one database
 * - `checksum`: the trailing CRC-64 does not match
 * - `truncated`: the input ended before the snapshot did
 */
export type RdbErrorCode = 'signature' | 'corrupt' | 'unsupported' | 'duplicate' | 'checksum' | 'truncated';

/** A snapshot cannot be loaded: why, and where. */
export class RdbError extends Error {
  override readonly name = 'RdbError';

  constructor(
    readonly code: RdbErrorCode,
    readonly reason: string,
    /** Bytes from the start of the snapshot. */
    readonly offset: number,
  ) {
    super(`${reason} (at byte ${offset})`);
  }
}

/** Thrown by the decoders of parts, which do not know their place in the file; the reader adds it. */
export class MalformedPart extends Error {
  override readonly name = 'MalformedPart';

  constructor(
    readonly code: 'corrupt' | 'unsupported',
    readonly reason: string,
  ) {
    super(reason);
  }
}

export function corrupt(reason: string): never {
  throw new MalformedPart('corrupt', reason);
}

export function unsupported(reason: string): never {
  throw new MalformedPart('unsupported', reason);
}
