/** `--rdb`, `--replica` and SYNC as a command: the snapshot in both frames, the stream after it, and every way to fail. */
import { describe, expect, test } from 'vitest';
import { ModeWorld } from './mode-world.js';

const MARK = 'm'.repeat(40);
const COUNTED = '\n$6\r\nREDIS!';
const MARKED = `$EOF:${MARK}\r\nREDIS!${MARK}`;
const SELECT = '*2\r\n$6\r\nSELECT\r\n$1\r\n0\r\n';
const SET = '*3\r\n$3\r\nSET\r\n$1\r\nk\r\n$1\r\nv\r\n';

/** A master that answers SYNC so, and sends its stream when a replica has acknowledged the second time. */
function master(syncReply: string, stream = '') {
  let acknowledgements = 0;
  return ([command, option]: readonly string[]): string | null => {
    if (command === 'SYNC' || command === 'PSYNC') return syncReply;
    if (command !== 'REPLCONF') return '+OK\r\n';
    if (option === 'ACK') return ++acknowledgements === 2 ? stream : null;
    return option === 'rdb-filter-only' ? '-ERR Unrecognized REPLCONF option\r\n' : '+OK\r\n';
  };
}

describe('--rdb', () => {
  test.each([
    ['with its length', COUNTED, "writing 6 bytes to '/cli/x.rdb'\nTransfer finished with success.\n"],
    [
      'with a mark',
      MARKED,
      "writing bytes of bulk transfer until EOF marker to '/cli/x.rdb'\nTransfer finished with success after 6 bytes\n",
    ],
  ])('stores a snapshot %s', async (_, reply, told) => {
    const world = new ModeWorld(master(reply)).start('--rdb', '/cli/x.rdb');
    await world.pass(200);
    expect(world.terminal.errors).toBe(
      `sending REPLCONF capa eof\nsending REPLCONF rdb-only 1\nSYNC sent to master, ${told}`,
    );
    expect(world.cli.disk.readFileSync('/cli/x.rdb').latin1Slice()).toBe('REDIS!');
    expect(world.status).toBe(0);
  });

  test('writes to standard output when the name is -', async () => {
    const world = new ModeWorld(master(MARKED)).start('--rdb', '-');
    await world.pass(50);
    expect(world.terminal.output).toBe('REDIS!');
    expect(world.status).toBe(0);
  });

  test('leaves no file when the master refuses', async () => {
    const world = new ModeWorld(master("-NOMASTERLINK Can't SYNC\r\n")).start('--rdb', '/cli/x.rdb');
    await world.pass(200);
    expect(world.terminal.errors).toMatch(/SYNC with master failed: -NOMASTERLINK Can't SYNC\n$/);
    expect(world.status).toBe(1);
    expect(world.cli.disk.listDirectorySync('/cli')).toEqual([]);
  });

  test('leaves no file when the master dies in the middle', async () => {
    const world = new ModeWorld(master('$10\r\nREDIS')).start('--rdb', '/cli/x.rdb');
    await world.pass(50);
    world.killServer();
    await world.pass(200);
    expect(world.terminal.errors).toMatch(/I\/O Error reading RDB payload from socket\n$/);
    expect(world.status).toBe(1);
    expect(world.cli.disk.listDirectorySync('/cli')).toEqual([]);
  });

  test('does not ask for a snapshot that it could not store', async () => {
    const world = new ModeWorld(master(COUNTED)).start('--rdb', '/nosuch/x.rdb');
    await world.pass(50);
    expect(world.terminal.errors).toMatch(/Error opening '\/nosuch\/x\.rdb': No such file or directory\n$/);
    expect(world.server.received).not.toContain('SYNC');
    expect(world.status).toBe(1);
  });

  test('--functions-rdb needs a server that can leave out the keys', async () => {
    const world = new ModeWorld(master(COUNTED)).start('--functions-rdb', '/cli/x.rdb');
    await world.pass(50);
    expect(world.terminal.errors).toMatch(
      /REPLCONF rdb-filter-only error: ERR .*\nFailed requesting functions only RDB from server, aborting\n$/,
    );
    expect(world.status).toBe(1);
  });
});

describe('--replica', () => {
  test('prints the stream as CSV, and acknowledges until it begins', async () => {
    const world = new ModeWorld(master(MARKED, SELECT + SET)).start('--replica');
    await world.pass(900, 10);
    expect(world.terminal.output).toBe('');
    await world.pass(5000, 10);
    expect(world.terminal.output).toBe('"SELECT","0"\n"SET","k","v"\n');
    expect(world.server.received.filter((line) => line === 'REPLCONF ACK 0')).toHaveLength(2);
    expect(world.terminal.errors).toContain(
      'SYNC with master, discarding bytes of bulk transfer until EOF marker...\n' +
        'SYNC done after 6 bytes. Logging commands from master.\nsending REPLCONF ACK 0\n',
    );
    world.killServer();
    await world.pass(50);
    expect(world.terminal.errors).toMatch(
      /Error: (Server closed the connection|Connection reset by peer)\n$/,
    );
    expect(world.status).toBe(1);
  });

  test('acknowledges nothing where the stream comes right after a snapshot with its length', async () => {
    const world = new ModeWorld(master(COUNTED + SET)).start('--replica');
    await world.pass(3000, 10);
    expect(world.terminal.output).toBe('"SET","k","v"\n');
    expect(world.server.received).not.toContain('REPLCONF ACK 0');
    expect(world.terminal.errors).toContain('SYNC with master, discarding 6 bytes of bulk transfer...\n');
  });
});

describe('as a command', () => {
  test.each([
    ['SYNC', COUNTED, 'SYNC with master, discarding 6 bytes of bulk transfer...\nSYNC done.'],
    [
      'PSYNC ? -1',
      `+FULLRESYNC ${'a'.repeat(40)} 7\r\n${COUNTED}`,
      `PSYNC replied +FULLRESYNC ${'a'.repeat(40)} 7\nFull resync with master, discarding 6 bytes of bulk transfer...\nFull resync done.`,
    ],
    [
      `PSYNC ${'a'.repeat(40)} 7`,
      '+CONTINUE\r\n',
      'PSYNC replied +CONTINUE\nPartial resync with master...\nPartial resync done.',
    ],
  ])("%s makes the connection a replica's", async (command, reply, told) => {
    const world = new ModeWorld(master(reply + SET)).start(...command.split(' '));
    await world.pass(50);
    expect(world.terminal.output).toBe(
      'Entering replica output mode...  (press Ctrl-C to quit)\n"SET","k","v"\n',
    );
    expect(world.terminal.errors).toBe(`${told} Logging commands from master.\n`);
    world.killServer();
    await world.pass(50);
    expect(world.status).toBe(1);
  });
});
