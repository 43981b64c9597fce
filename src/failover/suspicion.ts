/**
 * Suspicion of one peer: since when it has owed us a sign of life.
 *
 * The window opens with the first probe that stays unanswered or with the break of the connection, whichever
 * is earlier, and only a sign of life closes it: further probes and failed reconnections do not move it.
 * Whoever is silent for the whole window is suspected, never earlier: a peer that was blocked for less has
 * answered that first probe by then. (The `act_ping_time` of Redis Sentinel, the `ping_sent` of Redis Cluster.)
 *
 * Owns no timer: {@link Suspicion.deadlineMs} says when to look again.
 */
export class Suspicion {
  #silentSinceMs: number | null;
  #lastSignMs: number;
  #lastDataMs = -Infinity;

  /** A new peer owes its first sign of life from the start. */
  constructor(nowMs: number) {
    this.#silentSinceMs = nowMs;
    this.#lastSignMs = nowMs;
  }

  /** A probe went out. */
  probed(nowMs: number): void {
    this.#silentSinceMs ??= nowMs;
  }

  /** The connection to the peer broke. */
  broken(nowMs: number): void {
    this.#silentSinceMs ??= nowMs;
  }

  /**
   * Something came from the peer that answers no probe (data_received in Redis Cluster): the window stays open, but the
   * peer is not suspected while such things keep coming.
   */
  heard(nowMs: number): void {
    this.#lastDataMs = nowMs;
  }

  /** The peer gave a sign of life. */
  alive(nowMs: number): void {
    this.#silentSinceMs = null;
    this.#lastSignMs = nowMs;
  }

  /** The acquaintance begins anew: the first sign of life is owed from now on. */
  restart(nowMs: number): void {
    this.#silentSinceMs = nowMs;
    this.#lastSignMs = nowMs;
  }

  /** When the window opened; null while nothing is owed. */
  get silentSinceMs(): number | null {
    return this.#silentSinceMs;
  }

  /** The last sign of life, or the start of the acquaintance. */
  get lastSignMs(): number {
    return this.#lastSignMs;
  }

  /** When the peer becomes suspected if nothing is heard; null while nothing is owed. */
  deadlineMs(toleranceMs: number): number | null {
    if (this.#silentSinceMs === null) return null;
    return Math.max(this.#silentSinceMs, this.#lastDataMs) + toleranceMs;
  }

  isOverdue(nowMs: number, toleranceMs: number): boolean {
    const deadlineMs = this.deadlineMs(toleranceMs);
    return deadlineMs !== null && nowMs >= deadlineMs;
  }
}
