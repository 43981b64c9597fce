/** Taking a snapshot from a master into a file: both ways of marking its end, and everything that can go wrong. */
import { existsSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import { downloadRdb } from '../../../../src/cli/cluster/rdb-download.js';
import type { Credentials } from '../../../../src/client/connection.js';
import { createNodePlatform } from '../../../../src/platform/node/index.js';
import type { PayloadFrame } from '../../../../src/replication/payload-framing.js';
import { ScriptedNetwork, type ScriptedConnection } from '../../client/scripted-network.js';

const { disk } = createNodePlatform();
const MARK = 'm'.repeat(40);
let directory: string;
let path: string;
let network: ScriptedNetwork;
let frames: PayloadFrame[];

beforeEach(() => {
  directory = mkdtempSync(join(tmpdir(), 'vedette-rdb-'));
  path = join(directory, 'node.rdb');
  network = new ScriptedNetwork();
  frames = [];
});

afterEach(() => rmSync(directory, { recursive: true, force: true }));

/** Begins a download; the connection is there when the file is. */
async function begin(credentials: Credentials = {}): Promise<[Promise<number>, ScriptedConnection]> {
  const source = { host: '127.0.0.1', port: 7000, credentials };
  const outcome = downloadRdb({ network, disk }, source, path, (frame) => frames.push(frame));
  outcome.catch(() => undefined);
  while (network.connections.length === 0) await new Promise((resolve) => setTimeout(resolve, 1));
  network.last.establish();
  return [outcome, network.last];
}

/** Resolves when the snapshot is asked for. */
function asked(master: ScriptedConnection): Promise<void> {
  return vi.waitFor(() => expect(master.sent).toContain('SYNC'), 20_000);
}

/** The master knows `rdb-only` and is asked for the snapshot. */
async function accept(master: ScriptedConnection): Promise<void> {
  await vi.waitFor(() => expect(master.sent).toContain('rdb-only'), 20_000);
  expect(master.sent).not.toContain('SYNC');
  master.receive('+OK\r\n');
  await asked(master);
}

function content(): string {
  return readFileSync(path, 'latin1');
}

describe('a snapshot', () => {
  test('with its length before it ends when that many bytes have come', async () => {
    const [outcome, master] = await begin();
    await accept(master);
    master.receive('\n\n$10\r\n01234');
    master.receive('56789*1\r\n$4\r\nPING\r\n');
    expect(await outcome).toBe(10);
    expect(content()).toBe('0123456789');
    expect(frames).toEqual([{ kind: 'length', bytes: 10 }]);
    expect(master.destroyed).toBe(true);
  });

  test('with a mark behind it ends at the mark, in however many pieces it comes', async () => {
    const [outcome, master] = await begin();
    await accept(master);
    master.receive(`$EOF:${MARK}\r\nabc`);
    for (const byte of `def${MARK}`) master.receive(byte);
    expect(await outcome).toBe(6);
    expect(content()).toBe('abcdef');
    expect(frames).toEqual([{ kind: 'mark', mark: MARK }]);
  });

  test('is whole also when the master closes right behind it', async () => {
    const [outcome, master] = await begin();
    await accept(master);
    master.receive('$3\r\nabc');
    master.handler.onEnd();
    expect(await outcome).toBe(3);
    expect(content()).toBe('abc');
  });

  test('comes after the password, and from a master that knows no rdb-only', async () => {
    const [outcome, master] = await begin({ username: 'me', password: 'pw' });
    await vi.waitFor(() => expect(master.sent).not.toBe(''), 20_000);
    expect(master.sent).toContain('$4\r\nAUTH\r\n$2\r\nme\r\n$2\r\npw\r\n');
    master.receive('+OK\r\n-ERR Unrecog');
    expect(master.sent).not.toContain('SYNC');
    master.receive('nized REPLCONF option\r\n');
    await asked(master);
    master.receive('$1\r\nx');
    expect(await outcome).toBe(1);
  });
});

describe('no file is left when', () => {
  test.each<[string, (master: ScriptedConnection) => void | Promise<void>, RegExp]>([
    ['the master breaks off', (master) => master.handler.onClose(null), /I\/O Error reading RDB payload/],
    [
      'the snapshot is cut short',
      async (master) => {
        await accept(master);
        master.receive('$10\r\n0123');
        master.handler.onEnd();
      },
      /closed the connection/,
    ],
    [
      'the master refuses',
      async (master) => {
        await accept(master);
        master.receive("-NOMASTERLINK Can't SYNC\r\n");
      },
      /NOMASTERLINK/,
    ],
  ])('%s', async (_, act, reason) => {
    const [outcome, master] = await begin();
    await act(master);
    await expect(outcome).rejects.toThrow(reason);
    expect(existsSync(path)).toBe(false);
  });

  test('the password is wrong', async () => {
    const [outcome, master] = await begin({ password: 'pw' });
    await vi.waitFor(() => expect(master.sent).not.toBe(''), 20_000);
    master.receive('-WRONGPASS invalid\r\n-NOAUTH\r\n');
    await expect(outcome).rejects.toThrow(/WRONGPASS invalid/);
    expect(existsSync(path)).toBe(false);
  });

  test('there is no such directory, and nobody is asked', async () => {
    const source = { host: '127.0.0.1', port: 7000, credentials: {} };
    const nowhere = join(directory, 'nosuch', 'node.rdb');
    await expect(downloadRdb({ network, disk }, source, nowhere, () => undefined)).rejects.toThrow(
      /No such file or directory/,
    );
    expect(network.connections).toEqual([]);
  });
});
