/**
 * What a replica says to its master before the stream begins, and what it makes of the answers. Pure: lines in, steps out;
 * the link sends and waits.
 */
import { isWord, toLowerAscii } from '../resp/ascii.js';
import { parseSafeInteger } from '../resp/numbers.js';
import { parseReplicationId, type Offset, type ReplicationId } from './identity.js';

export interface HandshakeOptions {
  /** `masterauth`, null when none is set. */
  readonly password: string | null;
  /** `masteruser`, null for the default user. */
  readonly user: string | null;
  /** The port that the master shows to others. */
  readonly listeningPort: number;
  /** `replica-announce-ip`, null when unset. */
  readonly announcedAddress: string | null;
  /** What to continue: the history followed so far and the last offset applied; null asks for everything. */
  readonly resumeFrom: { readonly replid: ReplicationId; readonly offset: Offset } | null;
  /** Asks the master-to-be to promote itself first (FAILOVER). */
  readonly failover: boolean;
}

/** A remark for the log. */
export interface Remark {
  readonly level: 'notice' | 'warning';
  readonly text: string;
}

export type HandshakeStep =
  /** Wait for the next line. */
  | { readonly kind: 'wait' }
  /** Send these commands, then wait. */
  | { readonly kind: 'send'; readonly commands: readonly (readonly string[])[] }
  /** The stream goes on where it broke off; `replid` is the master's, null if it did not say. */
  | { readonly kind: 'continue'; readonly replid: ReplicationId | null }
  /** A payload follows; then the stream from `offset` on. */
  | { readonly kind: 'full'; readonly replid: ReplicationId; readonly offset: Offset }
  /** The master does not know PSYNC: send SYNC, a payload follows, offsets are unknown. */
  | { readonly kind: 'legacy' }
  /** The master refuses for now: close, try again later. */
  | { readonly kind: 'give-up'; readonly reason: string };

const WAIT: HandshakeStep = { kind: 'wait' };

/** Answers to PING that come from a master which merely wants a password. */
const PING_ERRORS_TO_GO_ON = ['-NOAUTH', '-NOPERM', '-ERR operation not permitted'];

type Expected = 'pong' | 'auth' | 'listening-port' | 'ip-address' | 'capa' | 'psync';

export class Handshake {
  /** Answers still to come, in order. */
  private expected: Expected[] = ['pong'];

  constructor(
    private readonly options: HandshakeOptions,
    private readonly remark: (remark: Remark) => void,
  ) {}

  /** The first command, sent when the connection is there. */
  start(): HandshakeStep {
    return { kind: 'send', commands: [['PING']] };
  }

  /** Takes one line from the master, without its line end. Empty lines are keepalives. */
  receive(line: string): HandshakeStep {
    if (line === '') return WAIT;
    const step = this.expected[0];
    switch (step) {
      case 'pong':
        return this.receivePong(line);
      case 'auth':
        if (line.startsWith('-')) return this.giveUp(`Unable to AUTH to MASTER: ${line}`);
        return this.proceed();
      case 'listening-port':
      case 'ip-address':
      case 'capa':
        if (line.startsWith('-')) {
          this.notice(`(Non critical) Master does not understand REPLCONF ${step}: ${line}`);
        }
        return this.proceed();
      case 'psync':
        return this.receivePsyncReply(line);
      case undefined:
        return this.giveUp(`Unexpected line from master after the handshake: ${line}`);
    }
  }

  /** True once PSYNC has been sent. */
  get hasAskedToSync(): boolean {
    return this.expected[0] === 'psync';
  }

  private receivePong(line: string): HandshakeStep {
    if (!line.startsWith('+') && !PING_ERRORS_TO_GO_ON.some((start) => line.startsWith(start))) {
      return this.giveUp(`Error reply to PING from master: '${line}'`);
    }
    this.notice('Master replied to PING, replication can continue...');
    return this.introduce();
  }

  /** Authentication and REPLCONF, in one go. */
  private introduce(): HandshakeStep {
    const { password, user, listeningPort, announcedAddress } = this.options;
    const commands: string[][] = [];
    this.expected = [];
    const add = (expected: Expected, command: string[]): void => {
      this.expected.push(expected);
      commands.push(command);
    };
    if (password !== null) add('auth', user === null ? ['AUTH', password] : ['AUTH', user, password]);
    add('listening-port', ['REPLCONF', 'listening-port', String(listeningPort)]);
    if (announcedAddress !== null) add('ip-address', ['REPLCONF', 'ip-address', announcedAddress]);
    add('capa', ['REPLCONF', 'capa', 'eof', 'capa', 'psync2']);
    return { kind: 'send', commands };
  }

  private proceed(): HandshakeStep {
    this.expected.shift();
    if (this.expected.length > 0) return WAIT;
    this.expected = ['psync'];
    return { kind: 'send', commands: [this.psync()] };
  }

  private psync(): string[] {
    const { resumeFrom, failover } = this.options;
    const command = ['PSYNC', '?', '-1'];
    if (resumeFrom === null) {
      this.notice('Partial resynchronization not possible (no cached master)');
    } else {
      command[1] = resumeFrom.replid;
      command[2] = String(resumeFrom.offset + 1);
      this.notice(`Trying a partial resynchronization (request ${command[1]}:${command[2]}).`);
    }
    if (failover) command.push('FAILOVER');
    return command;
  }

  private receivePsyncReply(line: string): HandshakeStep {
    if (line.startsWith('+FULLRESYNC')) return this.receiveFullResync(line);
    if (line.startsWith('+CONTINUE')) return this.receiveContinue(line);
    if (line.startsWith('-NOMASTERLINK') || line.startsWith('-LOADING')) {
      return this.giveUp(
        `Master is currently unable to PSYNC but should be in the future: ${line}`,
        'notice',
      );
    }
    if (line.startsWith('-ERR')) {
      this.notice(`Master does not support PSYNC or is in error state (reply: ${line})`);
    } else {
      this.remark({ level: 'warning', text: `Unexpected reply to PSYNC from master: ${line}` });
    }
    this.expected = [];
    return { kind: 'legacy' };
  }

  private receiveFullResync(line: string): HandshakeStep {
    this.expected = [];
    const [, id, offsetText] = line.split(' ');
    const replid = parseReplicationId(id ?? '');
    const offset = parseSafeInteger(offsetText ?? '');
    if (replid === null || !(offset >= 0)) {
      return this.giveUp('Master replied with wrong +FULLRESYNC syntax.');
    }
    this.notice(`Full resync from master: ${replid}:${offset}`);
    return { kind: 'full', replid, offset: offset as Offset };
  }

  private receiveContinue(line: string): HandshakeStep {
    // Only who asked to continue can: there is nothing that a fresh replica could go on with.
    if (this.options.resumeFrom === null) return this.giveUp('Master replied +CONTINUE to a full request.');
    this.expected = [];
    const blank = line.indexOf(' ');
    const rest = blank === -1 ? '' : line.slice(blank + 1);
    const replid = rest === '' ? null : parseReplicationId(rest);
    if (rest !== '' && replid === null) return this.giveUp('Master replied with wrong +CONTINUE syntax.');
    return { kind: 'continue', replid };
  }

  private notice(text: string): void {
    this.remark({ level: 'notice', text });
  }

  private giveUp(reason: string, level: Remark['level'] = 'warning'): HandshakeStep {
    this.remark({ level, text: reason });
    return { kind: 'give-up', reason };
  }
}

/** True when both name the same history; ids compare without regard to case. */
export function isSameHistory(a: string, b: string): boolean {
  return isWord(a, toLowerAscii(b));
}
