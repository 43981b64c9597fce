/** Connections to targets that rest between two moves: 64 at most, for ten seconds, as in Redis. */
import { TargetLink } from './target-link.js';
import type { Network } from '../platform/platform.js';

const MAX_RESTING_LINKS = 64;
const MAX_REST_MS = 10_000;

interface RestingLink {
  readonly link: TargetLink;
  readonly sinceMs: number;
}

export class LinkCache {
  /** In the order in which they came to rest. */
  private resting: RestingLink[] = [];

  constructor(
    private readonly network: Network,
    private readonly monotonicMs: () => number,
  ) {}

  get size(): number {
    return this.resting.length;
  }

  /** The link to a target that rests for the shortest time, or else a new one. */
  take(host: string, port: number): TargetLink {
    const position = this.resting.findLastIndex(({ link }) => link.host === host && link.port === port);
    if (position === -1) return this.open(host, port);
    return this.resting.splice(position, 1)[0].link;
  }

  open(host: string, port: number): TargetLink {
    return new TargetLink(this.network, host, port);
  }

  /** Keeps a link that nobody uses any more. */
  give(link: TargetLink): void {
    link.rest(() => {
      this.resting = this.resting.filter((other) => other.link !== link);
    });
    this.resting.push({ link, sinceMs: this.monotonicMs() });
    if (this.resting.length > MAX_RESTING_LINKS) this.resting.shift()?.link.close();
  }

  closeIdle(): void {
    const limitMs = this.monotonicMs() - MAX_REST_MS;
    while (this.resting.length > 0 && this.resting[0].sinceMs < limitMs) this.resting.shift()?.link.close();
  }

  closeAll(): void {
    for (const { link } of this.resting.splice(0)) link.close();
  }
}
