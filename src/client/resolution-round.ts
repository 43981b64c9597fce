/**
 * One round of questions: the sentinels in turn, until one names a master that can be verified.
 *
 * Rules (Redis's guidelines for Sentinel clients, and what real clients got wrong): a sentinel that does not answer
 * in time is passed over; one that answers is asked first next time; an answer with an older configuration epoch
 * than one already seen is refused; the named server must itself say that it is a master.
 */
import { textFromBytes } from '../resp/ascii.js';
import { formatAddress, type HostAndPort } from './address.js';
import type { ClientConnection, ClientPlatform, Credentials } from './connection.js';
import type { Refusal, ResolvedMaster } from './discovery.js';
import { ClientError } from './errors.js';
import { checkMaster } from './master-check.js';
import type { ListedSentinel, SentinelList } from './sentinel-list.js';
import type { SentinelAnswer, SentinelQuery } from './sentinel-query.js';

export type RoundOutcome =
  /** `connection` is null when the master was held already and not checked again. */
  | {
      readonly kind: 'verified';
      readonly master: ResolvedMaster;
      readonly connection: ClientConnection | null;
    }
  | { readonly kind: 'failed'; readonly refusals: readonly Refusal[] };

/** What a round asks of the discovery that it belongs to. */
export interface RoundContext {
  readonly platform: ClientPlatform;
  /** As bytes. */
  readonly masterName: string;
  readonly masterCredentials: Credentials;
  readonly masterTimeoutMs: number;
  readonly list: SentinelList;
  /** The newest configuration epoch that any sentinel has told of. */
  newestEpoch(): number;
  queryOf(sentinel: ListedSentinel): SentinelQuery;
  /** Where an announced address is reached from here. */
  toReachable(announced: HostAndPort): HostAndPort;
  /** An answer that is not outdated, before its master is verified. */
  onAnswer(named: ResolvedMaster): void;
  /** True when this master is verified by a connection that stands. */
  isHeld(address: HostAndPort): boolean;
}

export class ResolutionRound {
  private readonly refusals: Refusal[] = [];
  /** Masters that failed the check in this round; several sentinels naming one do not make it better. */
  private readonly failedChecks = new Map<string, Error>();
  private check: ClientConnection | null = null;
  private asked: SentinelQuery | null = null;
  private ended = false;

  constructor(
    private readonly context: RoundContext,
    private readonly callback: (outcome: RoundOutcome) => void,
  ) {}

  start(): void {
    this.askNext(this.context.list.inOrder(), 0);
  }

  /** Gives up; the callback is not called any more. */
  abort(): void {
    this.ended = true;
    this.check?.close();
    this.asked?.close();
  }

  private askNext(sentinels: readonly ListedSentinel[], index: number): void {
    const sentinel = sentinels[index];
    if (sentinel === undefined) {
      this.end({ kind: 'failed', refusals: this.refusals });
      return;
    }
    const refuse = (error: Error): void => {
      this.refusals.push({ source: sentinel.address, error });
      this.askNext(sentinels, index + 1);
    };
    this.asked = this.context.queryOf(sentinel);
    this.asked.ask(this.context.masterName, (error, answer) => {
      if (this.ended) return;
      this.asked = null;
      if (answer === null) refuse(error ?? new ClientError('BAD_ANSWER', 'No answer'));
      else this.consider(sentinel, answer, refuse);
    });
  }

  private consider(sentinel: ListedSentinel, answer: SentinelAnswer, refuse: (error: Error) => void): void {
    const { context } = this;
    const newestEpoch = context.newestEpoch();
    if (answer.configEpoch < newestEpoch) {
      const text = `Names ${formatAddress(answer.master)} by config epoch ${answer.configEpoch}, older than ${newestEpoch}`;
      refuse(new ClientError('OLD_EPOCH', text));
      return;
    }
    context.list.moveToFront(sentinel);
    context.list.learn(
      sentinel,
      answer.runId,
      answer.others.map((other) => ({ ...other, address: context.toReachable(other.address) })),
    );
    const named: ResolvedMaster = {
      name: textFromBytes(context.masterName),
      address: context.toReachable(answer.master),
      announced: answer.master,
      configEpoch: answer.configEpoch,
      source: sentinel.address,
    };
    context.onAnswer(named);
    if (!this.ended) this.verify(named, refuse);
  }

  private verify(named: ResolvedMaster, refuse: (error: Error) => void): void {
    const { context } = this;
    if (context.isHeld(named.address)) {
      this.end({ kind: 'verified', master: named, connection: null });
      return;
    }
    const key = formatAddress(named.address);
    const failed = this.failedChecks.get(key);
    if (failed !== undefined) {
      refuse(failed);
      return;
    }
    const { platform, masterCredentials, masterTimeoutMs } = context;
    this.check = checkMaster(
      platform,
      named.address,
      masterCredentials,
      masterTimeoutMs,
      (error, connection) => {
        if (this.ended) return;
        this.check = null;
        if (error === null) {
          this.end({ kind: 'verified', master: named, connection });
          return;
        }
        this.failedChecks.set(key, error);
        refuse(error);
      },
    );
  }

  private end(outcome: RoundOutcome): void {
    this.ended = true;
    this.callback(outcome);
  }
}
