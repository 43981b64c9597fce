/** Instances as SENTINEL MASTER, REPLICAS and SENTINELS show them: maps of strings, in Redis's order of fields. */
import type { Leadership } from '../../failover/leadership.js';
import { NO_EPOCH } from '../../failover/epoch.js';
import type { ReplySink } from '../../resp/reply-sink.js';
import type { WatchedInstance } from '../instance.js';
import type { MonitoredMaster } from '../master.js';
import type { Peer } from '../peer.js';
import type { Replica } from '../replica.js';
import type { Sentinel } from '../sentinel.js';

type Fields = [name: string, value: string | number | bigint][];

/** The states of a failover in Redis Sentinel's names. */
const STATE_NAMES: Readonly<Record<Leadership['stage'], string>> = {
  selecting: 'select_slave',
  'sending-promotion': 'send_slaveof_noone',
  'awaiting-promotion': 'wait_promotion',
  recording: 'wait_promotion',
  reconfiguring: 'reconf_slaves',
  over: 'update_config',
};
const STANDING = 'wait_start';

/** Answers of peers are shown for this many ask periods. */
const ANSWER_VALIDITY_PERIODS = 5;

export function writeInstance(reply: ReplySink, sentinel: Sentinel, instance: WatchedInstance): void {
  const fields = fieldsOf(sentinel, instance);
  reply.mapHeader(fields.length);
  for (const [name, value] of fields) {
    reply.bulk(name);
    reply.bulk(String(value));
  }
}

export function writeInstances(
  reply: ReplySink,
  sentinel: Sentinel,
  instances: readonly WatchedInstance[],
): void {
  reply.arrayHeader(instances.length);
  for (const instance of instances) writeInstance(reply, sentinel, instance);
}

function fieldsOf(sentinel: Sentinel, instance: WatchedInstance): Fields {
  const nowMs = sentinel.nowMs();
  const age = (sinceMs: number): number => Math.max(0, Math.round(nowMs - sinceMs));
  const { link } = instance;
  const fields: Fields = [
    ['name', instance.name],
    ['ip', instance.host],
    ['port', instance.address.port],
    ['runid', instance.runId],
    ['flags', flagsOf(sentinel, instance).join(',')],
    ['link-pending-commands', link.pendingCount],
    ['link-refcount', link.owners.size],
  ];
  if (instance.role === 'master' && instance.failoverInProgress) {
    fields.push(['failover-state', failoverState(instance)]);
  }
  fields.push(
    ['last-ping-sent', link.pingPendingSinceMs === null ? 0 : age(link.pingPendingSinceMs)],
    ['last-ok-ping-reply', age(link.suspicion.lastSignMs)],
    ['last-ping-reply', age(link.lastReplyMs)],
  );
  if (instance.suspectedSinceMs !== null) fields.push(['s-down-time', age(instance.suspectedSinceMs)]);
  if (instance.role === 'master' && instance.agreement.sinceMs !== null) {
    fields.push(['o-down-time', age(instance.agreement.sinceMs)]);
  }
  fields.push(['down-after-milliseconds', instance.downAfterMs]);
  if (instance.role !== 'sentinel') {
    fields.push(
      ['info-refresh', instance.infoAtMs === null ? 0 : age(instance.infoAtMs)],
      ['role-reported', instance.reportedRole === 'master' ? 'master' : 'slave'],
      ['role-reported-time', age(instance.reportedRoleSinceMs)],
    );
  }
  switch (instance.role) {
    case 'master':
      fields.push(...masterFields(instance));
      break;
    case 'replica':
      fields.push(...replicaFields(instance));
      break;
    case 'sentinel':
      fields.push(...peerFields(instance, sentinel, age));
      break;
  }
  return fields;
}

function masterFields({ settings, configEpoch, replicas, peers }: MonitoredMaster): Fields {
  const fields: Fields = [
    ['config-epoch', configEpoch],
    ['num-slaves', replicas.size],
    ['num-other-sentinels', peers.size],
    ['quorum', settings.quorum],
    ['failover-timeout', settings.failoverTimeoutMs],
    ['parallel-syncs', settings.parallelSyncs],
  ];
  if (settings.notificationScript !== '') fields.push(['notification-script', settings.notificationScript]);
  if (settings.clientReconfigScript !== '') {
    fields.push(['client-reconfig-script', settings.clientReconfigScript]);
  }
  return fields;
}

function replicaFields(replica: Replica): Fields {
  return [
    ['master-link-down-time', replica.masterLinkDownMs],
    ['master-link-status', replica.masterLinkUp ? 'ok' : 'err'],
    ['master-host', replica.masterHost === '' ? '?' : replica.masterHost],
    ['master-port', replica.masterPort],
    ['slave-priority', replica.priority],
    ['slave-repl-offset', replica.offset],
    ['replica-announced', replica.announced ? 1 : 0],
  ];
}

function peerFields(peer: Peer, sentinel: Sentinel, age: (sinceMs: number) => number): Fields {
  const validMs = ANSWER_VALIDITY_PERIODS * sentinel.periods.askMs;
  const isValid = peer.answeredMs !== null && age(peer.answeredMs) <= validMs;
  return [
    ['last-hello-message', age(peer.lastHelloReceivedMs)],
    ['voted-leader', (isValid ? peer.vote.candidate : null) ?? '?'],
    ['voted-leader-epoch', isValid ? peer.vote.epoch : NO_EPOCH],
  ];
}

function failoverState(master: MonitoredMaster): string {
  return master.leadership === null ? STANDING : STATE_NAMES[master.leadership.stage];
}

/** The state of an instance in words, in the order of Redis's flag bits. */
function flagsOf(sentinel: Sentinel, instance: WatchedInstance): string[] {
  const flags: [string, boolean][] = [
    ['s_down', instance.suspected],
    ['o_down', instance.role === 'master' && instance.agreement.holds],
    ['master', instance.role === 'master'],
    ['slave', instance.role === 'replica'],
    ['sentinel', instance.role === 'sentinel'],
    ['disconnected', !instance.link.isComplete],
    [
      'master_down',
      instance.role === 'sentinel' && instance.master.reports.has(instance.runId, sentinel.nowMs()),
    ],
    ['failover_in_progress', instance.role === 'master' && instance.failoverInProgress],
    ['promoted', instance.role === 'replica' && instance.master.leadership?.promoted === instance.name],
    ['reconf_sent', isReconfigured(instance, 'sent')],
    ['reconf_inprog', isReconfigured(instance, 'in-progress')],
    ['reconf_done', isReconfigured(instance, 'done')],
    ['force_failover', instance.role === 'master' && instance.election.forced],
    ['script_kill_sent', instance.scriptKillSent],
    ['master_reboot', instance.role === 'master' && instance.rebootedSinceMs !== null],
  ];
  return flags.filter(([, isSet]) => isSet).map(([flag]) => flag);
}

function isReconfigured(instance: WatchedInstance, stage: 'sent' | 'in-progress' | 'done'): boolean {
  return (
    instance.role === 'replica' && instance.master.leadership?.reconfigurationOf(instance.name) === stage
  );
}
