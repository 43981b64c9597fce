/** Subcommands of failovers: what other sentinels ask, and what operators order. */
import { NO_EPOCH, parseEpoch, type Epoch } from '../../failover/epoch.js';
import { toNodeId } from '../../failover/identity.js';
import { isWord } from '../../resp/ascii.js';
import { parseInt64, parseSafeInteger } from '../../resp/numbers.js';
import type { Client } from '../../server/client.js';
import { NOT_AN_INTEGER, wrongArgumentCount } from '../../commands/error-texts.js';
import { NOBODY, type DownAnswer } from '../asker.js';
import { describeRefusals } from '../events.js';
import type { MonitoredMaster } from '../master.js';
import type { Sentinel } from '../sentinel.js';
import { answerWhenReady, subcommand, withMaster, type SubcommandGroup } from './subcommand.js';

export const failoverSubcommands: SubcommandGroup = (sentinel) => [
  subcommand(
    'is-master-down-by-addr',
    6,
    'Tells whether a master is down for us, and votes.',
    (client, args) => answerQuestion(client, sentinel, args),
  ),
  subcommand('standing', 5, 'Takes note that another sentinel stands for election.', (client, args) => {
    const [, , host, port, runId] = args;
    const master = sentinel.findMaster(host, parseSafeInteger(port));
    if (master !== null) sentinel.dialect.takeAnnouncement(master, toNodeId(runId));
    client.reply.ok();
  }),
  subcommand(
    'stand-down',
    6,
    'Takes note that another sentinel gives up leading a failover.',
    (client, args) => takeStandDown(client, sentinel, args),
  ),
  subcommand(
    'failover',
    -3,
    'Fails over without asking other sentinels, or, COORDINATED, with the help of the master.',
    withMaster(sentinel, (client, master, args) => orderFailover(client, sentinel, master, args)),
  ),
];

/** What IS-MASTER-DOWN-BY-ADDR and STAND-DOWN are about. */
interface Subject {
  readonly master: MonitoredMaster | null;
  readonly epoch: Epoch;
  readonly sender: string;
}

/** Reads `ip port epoch runid`; null when a number is none, which has been answered. */
function readSubject(client: Client, sentinel: Sentinel, args: string[]): Subject | null {
  const [, , host, portText, epochText, sender] = args;
  const port = parseSafeInteger(portText);
  const epoch = parseEpoch(epochText);
  if (Number.isNaN(port) || epoch === null) {
    if (parseInt64(epochText) !== null) {
      sentinel.log.warning(`An epoch that cannot be one was refused: ${epochText} from sentinel ${sender}`);
    }
    client.reply.error(NOT_AN_INTEGER);
    return null;
  }
  return { master: sentinel.findMaster(host, port), epoch, sender };
}

function answerQuestion(client: Client, sentinel: Sentinel, args: string[]): void {
  const subject = readSubject(client, sentinel, args);
  if (subject === null) return;
  const { master, epoch, sender } = subject;
  if (master === null) {
    writeAnswer(client, { down: false, leader: null, epoch: NO_EPOCH });
    return;
  }
  answerWhenReady<DownAnswer>(
    client,
    (ready) => sentinel.asker.answer(master, epoch, sender === NOBODY ? null : toNodeId(sender), ready),
    (answer) => writeAnswer(client, answer),
  );
  sentinel.asker.prompt(master, sentinel.nowMs());
}

function writeAnswer({ reply }: Client, { down, leader, epoch }: DownAnswer): void {
  reply.arrayHeader(3);
  reply.integer(down ? 1 : 0);
  reply.bulk(leader ?? NOBODY);
  reply.bigInteger(epoch);
}

function takeStandDown(client: Client, sentinel: Sentinel, args: string[]): void {
  const subject = readSubject(client, sentinel, args);
  if (subject === null) return;
  if (subject.master !== null) {
    sentinel.dialect.takeStandDown(subject.master, toNodeId(subject.sender), subject.epoch);
  }
  client.reply.ok();
}

function orderFailover({ reply }: Client, sentinel: Sentinel, master: MonitoredMaster, args: string[]): void {
  const coordinated = args.length === 4 && isWord(args[3], 'coordinated');
  if (args.length > 3 && !coordinated) {
    reply.error(wrongArgumentCount('sentinel|failover'));
    return;
  }
  if (master.failoverInProgress) {
    reply.error('INPROG Failover already in progress');
    return;
  }
  const { ranked } = sentinel.failovers.ranking(master);
  if (ranked.length === 0) {
    const reasons = describeRefusals(sentinel.failovers.refusals(master));
    reply.error(`NOGOODSLAVE No suitable replica to promote (${reasons})`);
    return;
  }
  sentinel.log.notice(`Executing user requested FAILOVER of '${master.name}'`);
  sentinel.failovers.order(master, coordinated ? 'coordinated' : 'forced');
  reply.ok();
}
