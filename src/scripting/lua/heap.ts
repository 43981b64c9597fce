/**
 * Keeps the memory of scripts within bounds. JavaScript does not tell what a script holds, so tables and strings
 * are counted as they are made, and whenever much has been made the machine takes a census of what can still be
 * reached. Between two censuses a script cannot make more than a fixed share of the limit.
 */

/** A share of the limit may be made between two looks at what is still alive. */
const CENSUS_SHARE = 0.25;

export class Heap {
  /** Bytes made since the last census. */
  madeBytes = 0;
  /** What the last census found alive. */
  liveBytes = 0;
  private addresses = new WeakMap<object, number>();
  private lastAddress = 0x55d0_0000_0000;

  constructor(readonly limitBytes: number) {}

  get needsCensus(): boolean {
    return this.madeBytes > this.limitBytes * CENSUS_SHARE;
  }

  /** What `collectgarbage('count')` shows: nothing is collected on demand, so what was made counts as held. */
  get shownBytes(): number {
    return this.liveBytes + this.madeBytes;
  }

  /** A number that stays the same for an object, as the addresses that Lua shows do. */
  addressOf(object: object): string {
    let address = this.addresses.get(object);
    if (address === undefined) {
      address = this.lastAddress += 32;
      this.addresses.set(object, address);
    }
    return `0x${address.toString(16)}`;
  }
}
