/**
 * The directives that rule how values are encoded, and the defaults of Redis 7.2.
 *
 * Values get this object when they are made and read it whenever they grow, so a CONFIG SET acts on values that
 * exist already, as in stock. It holds no state of its own.
 */

export interface EncodingLimits {
  /** Secret of the server's dictionaries: a random 32-bit integer. */
  readonly hashSeed: number;
  /** `list-max-listpack-size`: -1 to -5 for 4 to 64 KiB per node, positive for a count of elements. */
  readonly listMaxListpackSize: number;
  readonly hashMaxListpackEntries: number;
  readonly hashMaxListpackValue: number;
  readonly setMaxIntsetEntries: number;
  readonly setMaxListpackEntries: number;
  readonly setMaxListpackValue: number;
  readonly zsetMaxListpackEntries: number;
  readonly zsetMaxListpackValue: number;
  /** 0 means no limit. */
  readonly streamNodeMaxBytes: number;
  /** 0 means no limit. */
  readonly streamNodeMaxEntries: number;
}

export const DEFAULT_ENCODING_LIMITS: EncodingLimits = {
  hashSeed: 0,
  listMaxListpackSize: -2,
  hashMaxListpackEntries: 512,
  hashMaxListpackValue: 64,
  setMaxIntsetEntries: 512,
  setMaxListpackEntries: 128,
  setMaxListpackValue: 64,
  zsetMaxListpackEntries: 128,
  zsetMaxListpackValue: 64,
  streamNodeMaxBytes: 4096,
  streamNodeMaxEntries: 100,
};
