/** Subcommands that show what the sentinel knows and change nothing. */
import { describeRefusal } from '../../failover/replica-ranking.js';
import type { Client } from '../../server/client.js';
import { announcedHost } from '../address.js';
import type { MonitoredMaster } from '../master.js';
import type { Sentinel } from '../sentinel.js';
import { writeInstance, writeInstances } from './instance-maps.js';
import { subcommand, withMaster, type SubcommandGroup } from './subcommand.js';

export const inspectionSubcommands: SubcommandGroup = (sentinel) => {
  const writeReplicas = withMaster(sentinel, ({ reply }, master) => {
    const announced = [...master.replicas.values()].filter((replica) => replica.announced);
    writeInstances(reply, sentinel, announced);
  });
  return [
    subcommand('masters', 2, 'Shows all monitored masters.', ({ reply }) =>
      writeInstances(reply, sentinel, [...sentinel.masters.values()]),
    ),
    subcommand(
      'master',
      3,
      'Shows one monitored master.',
      withMaster(sentinel, ({ reply }, master) => writeInstance(reply, sentinel, master)),
    ),
    subcommand('replicas', 3, 'Shows the replicas of a master.', writeReplicas),
    subcommand('slaves', 3, 'Shows the replicas of a master.', writeReplicas),
    subcommand(
      'sentinels',
      3,
      'Shows the other sentinels of a master.',
      withMaster(sentinel, ({ reply }, master) =>
        writeInstances(reply, sentinel, [...master.peers.values()]),
      ),
    ),
    subcommand('get-master-addr-by-name', 3, 'Tells where a master is now.', (client, args) =>
      writeMasterAddress(client, sentinel, args[2]),
    ),
    subcommand('myid', 2, 'Tells the id of this sentinel.', ({ reply }) => reply.bulk(sentinel.myId)),
    subcommand(
      'ckquorum',
      3,
      'Checks whether quorum and majority can be reached.',
      withMaster(sentinel, writeQuorumCheck),
    ),
    subcommand(
      'ranking',
      3,
      'Tells which replica would be promoted now, in order, and why the others would not.',
      withMaster(sentinel, (client, master) => writeRanking(client, sentinel, master)),
    ),
    subcommand('info-cache', -3, 'Shows the last INFO of masters and their replicas.', (client, args) =>
      writeInfoCache(client, sentinel, args.slice(2)),
    ),
    subcommand('pending-scripts', 2, 'Shows scripts that run or wait.', (client) =>
      writeScripts(client, sentinel),
    ),
  ];
};

function writeMasterAddress({ reply }: Client, sentinel: Sentinel, name: string): void {
  const master = sentinel.masters.get(name);
  if (master === undefined) {
    reply.nullArray();
    return;
  }
  const address = master.currentAddress;
  reply.arrayHeader(2);
  reply.bulk(announcedHost(address, sentinel.options.announceHostnames));
  reply.bulkInteger(address.port);
}

function writeQuorumCheck({ reply }: Client, master: MonitoredMaster): void {
  const peers = [...master.peers.values()];
  const usable = 1 + peers.filter(({ suspected }) => !suspected).length;
  const majority = Math.floor((peers.length + 1) / 2) + 1;
  const problems: string[] = [];
  if (usable < master.settings.quorum) {
    problems.push('Not enough available Sentinels to reach the specified quorum for this master');
  }
  if (usable < majority) {
    problems.push('Not enough available Sentinels to reach the majority and authorize a failover');
  }
  if (problems.length === 0) {
    reply.simple(`OK ${usable} usable Sentinels. Quorum and failover authorization can be reached`);
  } else {
    reply.error(`NOQUORUM ${usable} usable Sentinels. ${problems.join('. ')}`);
  }
}

/** One map per replica: those that may be promoted in their order, then those that may not. */
function writeRanking({ reply }: Client, sentinel: Sentinel, master: MonitoredMaster): void {
  const { ranked, refused } = sentinel.failovers.ranking(master);
  const rows = [
    ...ranked.map((facts, index) => ({ facts, rank: index + 1, reason: '' })),
    ...refused.map(({ replica, refusal }) => ({ facts: replica, rank: 0, reason: describeRefusal(refusal) })),
  ];
  reply.arrayHeader(rows.length);
  for (const { facts, rank, reason } of rows) {
    const fields: [string, string][] = [
      ['name', facts.name],
      // 0: would not be promoted, for the reason given.
      ['rank', String(rank)],
      ['reason', reason],
      ['runid', facts.runId],
      ['slave-priority', String(facts.priority)],
      ['slave-repl-offset', String(facts.offset)],
      ['master-link-down-time', String(facts.masterLinkDownMs)],
      ['info-refresh', facts.infoAgeMs === null ? '-1' : String(Math.round(facts.infoAgeMs))],
    ];
    reply.mapHeader(fields.length);
    for (const [name, value] of fields) {
      reply.bulk(name);
      reply.bulk(value);
    }
  }
}

function writeInfoCache({ reply }: Client, sentinel: Sentinel, names: readonly string[]): void {
  const nowMs = sentinel.nowMs();
  const masters = names.flatMap((name) => sentinel.masters.get(name) ?? []);
  reply.arrayHeader(masters.length * 2);
  for (const master of masters) {
    reply.bulk(master.name);
    const servers = [master, ...master.replicas.values()];
    reply.arrayHeader(servers.length);
    for (const { infoAtMs, infoText } of servers) {
      reply.arrayHeader(2);
      reply.integer(infoAtMs === null ? 0 : Math.round(nowMs - infoAtMs));
      if (infoAtMs === null) reply.nullBulk();
      else reply.bulk(infoText);
    }
  }
}

function writeScripts({ reply }: Client, sentinel: Sentinel): void {
  const nowMs = sentinel.nowMs();
  reply.arrayHeader(sentinel.scripts.jobs.length);
  for (const { argv, running, dueMs, tries } of sentinel.scripts.jobs) {
    reply.mapHeader(5);
    reply.bulk('argv');
    reply.arrayHeader(argv.length);
    for (const word of argv) reply.bulk(word);
    const fields: [string, string | number][] = [
      ['flags', running === null ? 'scheduled' : 'running'],
      ['pid', running?.pid ?? 0],
      running === null
        ? ['run-delay', Math.max(0, Math.round(dueMs - nowMs))]
        : ['run-time', Math.round(nowMs - running.sinceMs)],
      ['retry-num', tries],
    ];
    for (const [name, value] of fields) {
      reply.bulk(name);
      reply.bulk(String(value));
    }
  }
}
