/**
 * How long a command took, as a histogram of relative precision: values within an octave share 64 buckets, so a
 * reading is off by at most 1/64, like HDR histograms with two significant figures. Recording costs a few integer
 * operations; a histogram is 6 KiB.
 */

const SUB_BUCKET_BITS = 6;
const SUB_BUCKETS = 1 << SUB_BUCKET_BITS;
/** Values below this have a bucket each. */
const LINEAR_LIMIT = SUB_BUCKETS * 2;
/** As in Redis, longer times count as one second. */
const MAX_NANOSECONDS = 1_000_000_000;
const BUCKETS = bucketOf(MAX_NANOSECONDS) + 1;

export class LatencyHistogram {
  private readonly counts = new Uint32Array(BUCKETS);
  private total = 0;

  get count(): number {
    return this.total;
  }

  /** Adds `count` values of this size. */
  record(milliseconds: number, count = 1): void {
    const nanoseconds = milliseconds * 1e6;
    const bounded = nanoseconds >= MAX_NANOSECONDS ? MAX_NANOSECONDS : nanoseconds < 1 ? 1 : nanoseconds | 0;
    const bucket = bucketOf(bounded);
    this.counts[bucket] = (this.counts[bucket] ?? 0) + count;
    this.total += count;
  }

  /** The time in microseconds that `percentile` (0..100) of the values do not exceed. */
  microsecondsAt(percentile: number): number {
    const wanted = Math.max(1, Math.ceil((this.total * percentile) / 100));
    let seen = 0;
    for (let bucket = 0; bucket < BUCKETS; bucket++) {
      seen += this.counts[bucket] ?? 0;
      if (seen >= wanted) return highestOf(bucket) / 1000;
    }
    return 0;
  }

  /**
   * How many values do not exceed 1, 2, 4, ... microseconds, from the first of these that has any to the one
   * that has all.
   */
  byPowersOfTwo(): { readonly microseconds: number; readonly count: number }[] {
    const rows: { microseconds: number; count: number }[] = [];
    let seen = 0;
    let bucket = 0;
    for (let microseconds = 1; seen < this.total; microseconds *= 2) {
      const before = seen;
      while (bucket < BUCKETS && highestOf(bucket) < microseconds * 1024) {
        seen += this.counts[bucket] ?? 0;
        bucket++;
      }
      if (seen > before) rows.push({ microseconds, count: seen });
    }
    return rows;
  }
}

function bucketOf(nanoseconds: number): number {
  if (nanoseconds < LINEAR_LIMIT) return nanoseconds;
  const shift = 31 - Math.clz32(nanoseconds) - SUB_BUCKET_BITS;
  return shift * SUB_BUCKETS + (nanoseconds >>> shift);
}

/** The largest value that falls into a bucket. */
function highestOf(bucket: number): number {
  if (bucket < LINEAR_LIMIT) return bucket;
  const shift = Math.floor(bucket / SUB_BUCKETS) - 1;
  const leading = bucket - shift * SUB_BUCKETS;
  return (leading + 1) * 2 ** shift - 1;
}
