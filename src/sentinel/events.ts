/**
 * What happens in a sentinel, and how it is told: every event is a log line, and most are a pub/sub message whose
 * channel is the event's name, in Redis Sentinel's names, levels and texts.
 *
 * Steps of a failover come as {@link FailoverOccurrence}; what else happens as {@link SentinelOccurrence}. Texts
 * that Redis Sentinel does not have follow a `#`, as its `#quorum` does.
 */
import type { AbortReason, FailoverOccurrence, HoldReason, NamedRefusal } from '../failover/events.js';
import type { PeerReference } from '../failover/identity.js';
import { describeRefusal } from '../failover/replica-ranking.js';
import type { LineLevel } from '../log/levels.js';

/** What happens besides the steps of a failover. */
export type SentinelOccurrence =
  | { readonly kind: 'monitoring'; readonly master: PeerReference; readonly quorum: number }
  | { readonly kind: 'monitoring-ended'; readonly master: PeerReference }
  | { readonly kind: 'setting-changed'; readonly master: PeerReference; readonly words: readonly string[] }
  | { readonly kind: 'master-reset'; readonly master: PeerReference }
  | { readonly kind: 'replica-found'; readonly master: PeerReference; readonly peer: PeerReference }
  | { readonly kind: 'sentinel-found'; readonly master: PeerReference; readonly peer: PeerReference }
  | {
      readonly kind: 'sentinel-moved';
      readonly master: PeerReference;
      readonly host: string;
      readonly port: number;
      readonly runId: string;
    }
  | { readonly kind: 'sentinel-replaced'; readonly master: PeerReference; readonly peer: PeerReference }
  | {
      readonly kind: 'sentinel-address-shared';
      readonly master: PeerReference;
      readonly peer: PeerReference;
      readonly count: number;
    }
  | { readonly kind: 'rebooted'; readonly master: PeerReference; readonly peer: PeerReference }
  | {
      readonly kind: 'role-reported';
      readonly master: PeerReference;
      readonly peer: PeerReference;
      readonly role: 'master' | 'slave';
      readonly expected: boolean;
    }
  | {
      readonly kind: 'corrected';
      readonly master: PeerReference;
      readonly peer: PeerReference;
      readonly how: 'convert-to-slave' | 'fix-slave-config';
    }
  | { readonly kind: 'tilt'; readonly entered: boolean }
  | {
      readonly kind: 'script-failed';
      readonly path: string;
      readonly signal: number;
      readonly exitCode: number;
    }
  | { readonly kind: 'script-timed-out'; readonly path: string; readonly pid: number }
  | { readonly kind: 'script-started'; readonly pid: number }
  | {
      readonly kind: 'script-ended';
      readonly pid: number;
      readonly exitCode: number;
      readonly signal: number;
    };

export type Occurrence = FailoverOccurrence | SentinelOccurrence;

/** An event as it is logged and published. */
export interface Rendering {
  readonly level: LineLevel;
  /** The event's name. Null: a log line only. */
  readonly channel: string | null;
  readonly payload: string;
}

const STAGE_CHANNELS = {
  selecting: '+failover-state-select-slave',
  'sending-promotion': '+failover-state-send-slaveof-noone',
  'awaiting-promotion': '+failover-state-wait-promotion',
  reconfiguring: '+failover-state-reconf-slaves',
} as const;

const RECONFIGURATION_CHANNELS = {
  sent: '+slave-reconf-sent',
  'in-progress': '+slave-reconf-inprog',
  done: '+slave-reconf-done',
  'timed-out': '-slave-reconf-sent-timeout',
  'sent-best-effort': '+slave-reconf-sent-be',
} as const;

const ABORT_CHANNELS = {
  'not-elected': '-failover-abort-not-elected',
  'no-good-replica': '-failover-abort-no-good-slave',
  'promotion-failed': '-failover-abort-slave-timeout',
} as const;

/**
 * @param epoch the current epoch, which some texts name
 * @param localMs local time in milliseconds
 */
export function renderEvent(event: Occurrence, epoch: bigint, localMs: number): Rendering {
  switch (event.kind) {
    case 'suspected':
      return warning('+sdown', nameOf(event));
    case 'cleared':
      return warning('-sdown', nameOf(event));
    case 'confirmed':
      return warning('+odown', `${nameOf(event)} #quorum ${event.agreeing}/${event.quorum}`);
    case 'lapsed':
      return warning('-odown', nameOf(event));
    case 'epoch-advanced':
      return warning('+new-epoch', String(epoch));
    case 'held-back':
      return warning('-failover-refused', `${nameOf(event)} #${describeHold(event.reason)}`);
    case 'delayed':
      return line(
        `Next failover delay: I will not start a failover before ${calendarTime(localMs + event.forMs)}`,
      );
    case 'attempt-started':
      return warning('+try-failover', nameOf(event));
    case 'vote-cast':
      return warning('+vote-for-leader', `${event.candidate} ${event.votedEpoch}`);
    case 'vote-received':
      return line(`${event.voter} voted for ${event.candidate} ${event.votedEpoch}`);
    case 'elected':
      return warning('+elected-leader', nameOf(event));
    case 'stage-entered': {
      const ofMaster = event.stage === 'selecting' || event.stage === 'reconfiguring';
      const payload =
        ofMaster || event.peer === null
          ? nameOf({ master: event.master })
          : fullName(event.peer, event.master);
      return { level: ofMaster ? 'warning' : 'notice', channel: STAGE_CHANNELS[event.stage], payload };
    }
    case 'replica-chosen':
      return warning('+selected-slave', nameOf(event));
    case 'promoted':
      return warning('+promoted-slave', nameOf(event));
    case 'reconfiguration':
      return notice(RECONFIGURATION_CHANNELS[event.stage], nameOf(event));
    case 'ended':
      return warning(event.timedOut ? '+failover-end-for-timeout' : '+failover-end', nameOf(event));
    case 'aborted':
      return warning(ABORT_CHANNELS[event.reason.cause], `${nameOf(event)} #${describeAbort(event.reason)}`);
    case 'switched': {
      const { master, to } = event;
      return warning('+switch-master', `${master.name} ${master.host} ${master.port} ${to.host} ${to.port}`);
    }
    case 'configuration-adopted':
      return warning('+config-update-from', nameOf(event));
    case 'monitoring':
      return warning('+monitor', `${nameOf(event)} quorum ${event.quorum}`);
    case 'monitoring-ended':
      return warning('-monitor', nameOf(event));
    case 'setting-changed':
      return warning('+set', [nameOf(event), ...event.words].join(' '));
    case 'master-reset':
      return warning('+reset-master', nameOf(event));
    case 'replica-found':
      return notice('+slave', nameOf(event));
    case 'sentinel-found':
      return notice('+sentinel', nameOf(event));
    case 'sentinel-moved':
      return notice(
        '+sentinel-address-switch',
        `${nameOf(event)} ip ${event.host} port ${event.port} for ${event.runId}`,
      );
    case 'sentinel-replaced':
      return notice('+sentinel-invalid-addr', nameOf(event));
    case 'sentinel-address-shared':
      return notice(
        '+sentinel-address-update',
        `${nameOf(event)} ${event.count} additional matching instances`,
      );
    case 'rebooted':
      return notice('+reboot', nameOf(event));
    case 'role-reported':
      return {
        level: 'verbose',
        channel: event.expected ? '+role-change' : '-role-change',
        payload: `${nameOf(event)} new reported role is ${event.role}`,
      };
    case 'corrected':
      return notice(`+${event.how}`, nameOf(event));
    case 'tilt':
      return event.entered ? warning('+tilt', '#tilt mode entered') : warning('-tilt', '#tilt mode exited');
    case 'script-failed':
      return warning('-script-error', `${event.path} ${event.signal} ${event.exitCode}`);
    case 'script-timed-out':
      return warning('-script-timeout', `${event.path} ${event.pid}`);
    case 'script-started':
      return { level: 'debug', channel: '+script-child', payload: String(event.pid) };
    case 'script-ended':
      return {
        level: 'debug',
        channel: '-script-child',
        payload: `${event.pid} ${event.exitCode} ${event.signal}`,
      };
  }
}

/** The master whose notification script hears of the event; null when none does. */
export function masterOf(event: Occurrence): string | null {
  return 'master' in event ? event.master.name : null;
}

/** Why no failover is begun, in words. */
export function describeHold(reason: HoldReason): string {
  switch (reason.cause) {
    case 'no-quorum': {
      const unreachable =
        reason.unreachable === 0 ? '' : `, ${reason.unreachable} known sentinels unreachable`;
      return `no quorum: ${reason.agreeing} of ${reason.quorum} needed sentinels agree that the master is down${unreachable}`;
    }
    case 'no-majority':
      return `no majority: ${reason.reachable} of ${reason.known} known sentinels reachable, ${reason.needed} needed to authorize a failover`;
    case 'no-good-replica':
      return describeRefusals(reason.refusals);
    case 'epochs-exhausted':
      return 'no epoch is left after 9223372036854775807';
    case 'own-candidacy':
      return reason.why;
  }
}

/** Why a failover ended without a new master, in words. */
export function describeAbort(reason: AbortReason): string {
  switch (reason.cause) {
    case 'not-elected': {
      const tally = `${reason.votes} of ${reason.needed} needed votes`;
      switch (reason.why) {
        case 'split':
          return `${tally}: nobody can win this election`;
        case 'rival':
          return `${tally}: another sentinel leads`;
        case 'timeout':
          return `${tally} in time`;
        case 'superseded':
          return 'a newer election was begun by another sentinel';
        case 'not-recorded':
          return 'our own vote could not be saved on disk';
      }
      return tally;
    }
    case 'no-good-replica':
      return describeRefusals(reason.refusals);
    case 'promotion-failed':
      return reason.text;
  }
}

/** One reason per replica. */
export function describeRefusals(refusals: readonly NamedRefusal[]): string {
  if (refusals.length === 0) return 'no replica is known';
  return refusals.map(({ replica, refusal }) => `${replica} ${describeRefusal(refusal)}`).join('; ');
}

function warning(channel: string, payload: string): Rendering {
  return { level: 'warning', channel, payload };
}

function notice(channel: string, payload: string): Rendering {
  return { level: 'notice', channel, payload };
}

function line(payload: string): Rendering {
  return { level: 'notice', channel: null, payload };
}

/** The prefix that names the instance an event is about. */
function nameOf({ master, peer }: { readonly master: PeerReference; readonly peer?: PeerReference }): string {
  return peer === undefined ? oneName(master) : fullName(peer, master);
}

function fullName(peer: PeerReference, master: PeerReference): string {
  if (peer.role === 'master') return oneName(peer);
  return `${oneName(peer)} @ ${master.name} ${master.host} ${master.port}`;
}

function oneName({ role, name, host, port }: PeerReference): string {
  return `${role === 'replica' ? 'slave' : role} ${name} ${host} ${port}`;
}

/** A local time as C's ctime writes it, without the line end. */
function calendarTime(localMs: number): string {
  const [weekday, day, month, year, time] = new Date(localMs).toUTCString().split(' ');
  return `${weekday.slice(0, 3)} ${month} ${day.replace(/^0/, ' ')} ${time} ${year}`;
}
