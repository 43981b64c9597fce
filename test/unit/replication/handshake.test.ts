import { describe, expect, it } from 'vitest';
import { Handshake, type HandshakeOptions, type Remark } from '../../../src/replication/handshake.js';
import { toOffset, type ReplicationId } from '../../../src/replication/identity.js';

const REPLID = '0123456789abcdef0123456789abcdef01234567' as ReplicationId;

const plain: HandshakeOptions = {
  password: null,
  user: null,
  listeningPort: 6380,
  announcedAddress: null,
  resumeFrom: null,
  failover: false,
};
const resuming = { ...plain, resumeFrom: { replid: REPLID, offset: toOffset(41) } };

/** Feeds the lines; returns the commands sent, as text, and the last step. */
function converse(options: HandshakeOptions, lines: string[]) {
  const remarks: Remark[] = [];
  const handshake = new Handshake(options, (remark) => remarks.push(remark));
  const sent: string[][] = [];
  let step = handshake.start();
  const note = (): void => {
    if (step.kind === 'send') sent.push(step.commands.map((command) => command.join(' ')));
  };
  note();
  for (const line of lines) {
    step = handshake.receive(line);
    note();
  }
  return { sent, step, warnings: remarks.filter((r) => r.level === 'warning').map((r) => r.text), remarks };
}

const UP_TO_PSYNC = ['+PONG', '+OK', '+OK'];

describe('the replica side of the handshake', () => {
  it('introduces itself in the order of the reference and asks for everything', () => {
    const { sent, step } = converse(plain, UP_TO_PSYNC);
    expect(sent).toEqual([
      ['PING'],
      ['REPLCONF listening-port 6380', 'REPLCONF capa eof capa psync2'],
      ['PSYNC ? -1'],
    ]);
    expect(step.kind).toBe('send');
  });

  it('authenticates and announces an address when configured', () => {
    const options = { ...plain, password: 'secret', user: 'replicator', announcedAddress: '10.0.0.7' };
    const { sent } = converse(options, ['+PONG', '+OK', '+OK', '+OK', '+OK']);
    expect(sent[1]).toEqual([
      'AUTH replicator secret',
      'REPLCONF listening-port 6380',
      'REPLCONF ip-address 10.0.0.7',
      'REPLCONF capa eof capa psync2',
    ]);
    expect(converse({ ...plain, password: 'secret' }, ['+PONG']).sent[1][0]).toBe('AUTH secret');
  });

  it('asks to continue one past the last offset applied', () => {
    expect(converse(resuming, UP_TO_PSYNC).sent[2]).toEqual([`PSYNC ${REPLID} 42`]);
    expect(converse({ ...resuming, failover: true }, UP_TO_PSYNC).sent[2]).toEqual([
      `PSYNC ${REPLID} 42 FAILOVER`,
    ]);
  });

  it.each([
    '-NOAUTH Authentication required.',
    "-NOPERM this user has no permissions to run the 'ping' command",
  ])('goes on when PING is answered %s', (line) => {
    expect(converse(plain, [line]).step.kind).toBe('send');
  });

  it.each(['-MASTERDOWN Link with MASTER is down', '-LOADING Redis is loading', 'garbage', '$5'])(
    'gives up when PING is answered %s',
    (line) => {
      expect(converse(plain, [line]).step.kind).toBe('give-up');
    },
  );

  it('gives up when the password is refused', () => {
    const { step, warnings } = converse({ ...plain, password: 'x' }, ['+PONG', '-WRONGPASS invalid']);
    expect(step.kind).toBe('give-up');
    expect(warnings).toEqual(['Unable to AUTH to MASTER: -WRONGPASS invalid']);
  });

  it('does not mind a master that does not know a REPLCONF option', () => {
    const { sent } = converse(plain, ['+PONG', '-ERR Unrecognized REPLCONF option', '-ERR what']);
    expect(sent[2]).toEqual(['PSYNC ? -1']);
  });

  it('skips the blank lines of a master that is busy', () => {
    const { step } = converse(plain, [...UP_TO_PSYNC, '', '', `+FULLRESYNC ${REPLID} 7`]);
    expect(step).toEqual({ kind: 'full', replid: REPLID, offset: 7 });
  });

  it.each([
    { line: `+CONTINUE ${REPLID}`, step: { kind: 'continue', replid: REPLID } },
    { line: '+CONTINUE', step: { kind: 'continue', replid: null } },
    { line: `+FULLRESYNC ${REPLID} 0`, step: { kind: 'full', replid: REPLID, offset: 0 } },
    { line: "-ERR unknown command 'PSYNC'", step: { kind: 'legacy' } },
    { line: '-NOAUTH Authentication required.', step: { kind: 'legacy' } },
  ])('understands the answer $line', ({ line, step }) => {
    expect(converse(resuming, [...UP_TO_PSYNC, line]).step).toEqual(step);
  });

  it.each([
    "-NOMASTERLINK Can't SYNC while not connected with my master",
    '-LOADING Redis is loading the dataset in memory',
    '+FULLRESYNC',
    `+FULLRESYNC ${REPLID}`,
    `+FULLRESYNC ${REPLID} -5`,
    `+FULLRESYNC ${REPLID} 99999999999999999999`,
    '+FULLRESYNC short 5',
    '+CONTINUE nonsense',
  ])('tries again later after the answer %s', (line) => {
    expect(converse(resuming, [...UP_TO_PSYNC, line]).step.kind).toBe('give-up');
  });

  it('does not continue when it has asked for everything', () => {
    expect(converse(plain, [...UP_TO_PSYNC, `+CONTINUE ${REPLID}`]).step.kind).toBe('give-up');
  });
});
