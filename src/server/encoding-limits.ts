/** Hands the thresholds of the configuration to the keyspace, which knows no configuration. */
import type { ServerConfig } from '../config/server-config.js';
import type { EncodingLimits } from '../keyspace/values/value.js';

/**
 * A live view: a threshold changed by CONFIG SET holds from the next write on, as in Redis.
 * @param hashSeed random, so that clients cannot choose keys that collide.
 */
export function encodingLimitsOf(config: ServerConfig, hashSeed: number): EncodingLimits {
  const { values } = config;
  return {
    hashSeed,
    get listMaxListpackSize() {
      return values['list-max-listpack-size'];
    },
    get hashMaxListpackEntries() {
      return values['hash-max-listpack-entries'];
    },
    get hashMaxListpackValue() {
      return values['hash-max-listpack-value'];
    },
    get setMaxIntsetEntries() {
      return values['set-max-intset-entries'];
    },
    get setMaxListpackEntries() {
      return values['set-max-listpack-entries'];
    },
    get setMaxListpackValue() {
      return values['set-max-listpack-value'];
    },
    get zsetMaxListpackEntries() {
      return values['zset-max-listpack-entries'];
    },
    get zsetMaxListpackValue() {
      return values['zset-max-listpack-value'];
    },
    get streamNodeMaxBytes() {
      return values['stream-node-max-bytes'];
    },
    get streamNodeMaxEntries() {
      return values['stream-node-max-entries'];
    },
  };
}
