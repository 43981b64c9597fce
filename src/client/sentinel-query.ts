/**
 * What one sentinel says about one master: its address, the epoch of that configuration, and the other sentinels.
 *
 * The connection to a sentinel that answered is kept for the next question; a failure closes it.
 */
import { parseSafeInteger } from '../resp/numbers.js';
import type { HostAndPort } from './address.js';
import type { ClientPlatform, Credentials } from './connection.js';
import { ClientError } from './errors.js';
import { KeptConnection } from './kept-connection.js';
import { fieldsOf, ReplyError, type Reply } from './reply.js';
import type { ReportedSentinel } from './sentinel-list.js';

export interface SentinelAnswer {
  /** As announced: not yet translated by an address map. */
  readonly master: HostAndPort;
  readonly configEpoch: number;
  /** Null before Redis 6.2. */
  readonly runId: string | null;
  /** The other sentinels of this master, without those it takes for down or has no address of. */
  readonly others: readonly ReportedSentinel[];
}

type AnswerCallback = (error: Error | null, answer: SentinelAnswer | null) => void;

export class SentinelQuery {
  private readonly connection: KeptConnection;

  constructor(
    platform: ClientPlatform,
    address: HostAndPort,
    credentials: Credentials,
    /** For connecting and answering together. */
    private readonly timeoutMs: number,
  ) {
    this.connection = new KeptConnection(platform, address, credentials, timeoutMs);
  }

  /** Asks and calls back exactly once. One question at a time. */
  ask(masterName: string, callback: AnswerCallback): void {
    const connection = this.connection.open();
    const replies: Reply[] = [];
    let answered = false;
    const questions = [
      // The address before the epoch: if the configuration changes between the two, an old address may pass for
      // new until the next question, but no new one for old, which would let a lagging sentinel win over it.
      ['SENTINEL', 'GET-MASTER-ADDR-BY-NAME', masterName],
      ['SENTINEL', 'MASTER', masterName],
      ['SENTINEL', 'SENTINELS', masterName],
      ['SENTINEL', 'MYID'],
    ];
    for (const question of questions) {
      connection.ask(
        question,
        (error, reply) => {
          if (answered) return;
          if (error === null) replies.push(reply);
          if (error === null && replies.length < questions.length) return;
          answered = true;
          const result = error ?? readAnswer(masterName, replies);
          if (result instanceof Error) callback(result, null);
          else callback(null, result);
        },
        this.timeoutMs,
      );
    }
  }

  close(): void {
    this.connection.close();
  }
}

function readAnswer(masterName: string, replies: readonly Reply[]): SentinelAnswer | Error {
  const [address, master, others, runId] = replies as [Reply, Reply, Reply, Reply];
  if (address instanceof ReplyError) return address;
  if (address === null) return new ClientError('UNKNOWN_MASTER', `No master named ${masterName}`);
  if (master instanceof ReplyError) return master;
  const [host, port] = Array.isArray(address) ? address : [];
  const announced = typeof host === 'string' && typeof port === 'string' ? readAddress(host, port) : null;
  if (announced === null) return new ClientError('BAD_ANSWER', `No address in ${JSON.stringify(address)}`);
  const epochText = fieldsOf(master)?.get('config-epoch') ?? '';
  const configEpoch = parseSafeInteger(epochText);
  if (!(configEpoch >= 0)) {
    return new ClientError('BAD_ANSWER', `No config-epoch, but ${JSON.stringify(epochText)}`);
  }
  return {
    master: announced,
    configEpoch,
    runId: typeof runId === 'string' ? runId : null,
    others: Array.isArray(others) ? others.flatMap(readSentinel) : [],
  };
}

function readSentinel(reply: Reply): ReportedSentinel[] {
  const fields = fieldsOf(reply);
  const address = readAddress(fields?.get('ip') ?? '', fields?.get('port') ?? '');
  const isDown = (fields?.get('flags') ?? '').split(',').includes('s_down');
  return address === null || isDown ? [] : [{ address, runId: fields?.get('runid') ?? '' }];
}

function readAddress(host: string, portText: string): HostAndPort | null {
  const port = parseSafeInteger(portText);
  return host !== '' && port > 0 && port <= 65535 ? { host, port } : null;
}
