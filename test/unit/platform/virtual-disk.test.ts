/** The virtual disk: what survives which kind of death, and errors on demand. */
import { describe, expect, test } from 'vitest';
import type { FileHandle, OpenMode } from '../../../src/platform/platform.js';
import { VirtualWorld, type VirtualProcess, type WorldOptions } from '../../../src/platform/virtual/index.js';

const PATH = '/a/file';

function fixture(options: WorldOptions = {}): { world: VirtualWorld; process: VirtualProcess } {
  const world = new VirtualWorld(options);
  return { world, process: world.createProcess('a') };
}

type Done = (error: Error | null) => void;

/** Runs a callback-style operation to its end; gives the error's code, or null. */
function run(process: VirtualProcess, operation: (callback: Done) => void): string | null {
  let outcome: { code: string | null } | null = null;
  operation((error) => (outcome = { code: (error as NodeJS.ErrnoException | null)?.code ?? null }));
  process.world.runUntil(() => outcome !== null, 10_000);
  return outcome!.code;
}

function open(process: VirtualProcess, path: string, mode: OpenMode): FileHandle {
  let opened: FileHandle | null = null;
  process.disk.open(path, mode, (error, file) => {
    if (error !== null) throw error;
    opened = file;
  });
  process.world.runUntil(() => opened !== null, 10_000);
  return opened!;
}

function write(process: VirtualProcess, file: FileHandle, text: string): string | null {
  return run(process, (callback) => file.write(Buffer.from(text, 'latin1'), callback));
}

function sync(process: VirtualProcess, file: FileHandle): string | null {
  return run(process, (callback) => file.sync(callback));
}

function syncDirectory(process: VirtualProcess, path = '/a'): string | null {
  return run(process, (callback) => process.disk.syncDirectory(path, callback));
}

describe('after a power failure', () => {
  test('content is there that was synced, in a file whose directory was synced', () => {
    const { process } = fixture();
    const file = open(process, PATH, 'append');
    write(process, file, 'synced');
    sync(process, file);
    syncDirectory(process);
    write(process, file, ', and not');
    expect(process.host.disk.text(PATH)).toBe('synced, and not');
    process.host.powerLoss();
    expect(process.host.disk.text(PATH)).toBe('synced');
  });

  test('a new file is gone when only its content was synced', () => {
    const { process } = fixture();
    const file = open(process, PATH, 'write');
    write(process, file, 'content');
    sync(process, file);
    process.host.powerLoss();
    expect(process.host.disk.text(PATH)).toBeNull();
  });

  test('a new file is empty when only its directory was synced', () => {
    const { process } = fixture();
    write(process, open(process, PATH, 'write'), 'content');
    syncDirectory(process);
    process.host.powerLoss();
    expect(process.host.disk.text(PATH)).toBe('');
  });

  test('a rename is undone until the directory was synced', () => {
    const { world, process } = fixture();
    process.host.disk.put(PATH, 'old');
    process.host.disk.put('/a/new', 'new');
    run(process, (callback) => process.disk.rename('new', 'file', callback));
    expect(process.host.disk.text(PATH)).toBe('new');
    process.host.powerLoss();
    expect([process.host.disk.text(PATH), process.host.disk.text('/a/new')]).toEqual(['old', 'new']);

    const restarted = world.createProcess('a');
    run(restarted, (callback) => restarted.disk.rename('/a/new', '/a/file', callback));
    syncDirectory(restarted);
    restarted.host.powerLoss();
    expect([restarted.host.disk.text(PATH), restarted.host.disk.text('/a/new')]).toEqual(['new', null]);
  });

  test('a removed file is back until the directory was synced', () => {
    const { process } = fixture();
    process.host.disk.put(PATH, 'content');
    run(process, (callback) => process.disk.unlink(PATH, callback));
    process.host.powerLoss();
    expect(process.host.disk.text(PATH)).toBe('content');
  });

  test('emptying and cutting a file is undone, too', () => {
    const { world, process } = fixture();
    process.host.disk.put(PATH, 'long content');
    const file = open(process, PATH, 'append');
    run(process, (callback) => file.truncate(4, callback));
    write(process, file, '!');
    expect(process.host.disk.text(PATH)).toBe('long!');
    process.host.powerLoss();
    expect(process.host.disk.text(PATH)).toBe('long content');
    const restarted = world.createProcess('a');
    restarted.disk.writeFileSync(PATH, Buffer.from('short'));
    restarted.host.powerLoss();
    expect(restarted.host.disk.text(PATH)).toBe('long content');
  });

  test('a torn crash leaves a random part of what was appended, and never touches what was synced', () => {
    const survivors = new Set<string>();
    for (let seed = 0; seed < 50; seed++) {
      const { process } = fixture({ seed });
      process.host.disk.put(PATH, 'synced|');
      write(process, open(process, PATH, 'append'), '0123456789');
      process.host.powerLoss({ torn: true });
      survivors.add(process.host.disk.text(PATH) ?? 'gone');
    }
    for (const survivor of survivors) expect('synced|0123456789'.startsWith(survivor)).toBe(true);
    for (const survivor of survivors) expect(survivor.startsWith('synced|')).toBe(true);
    expect(survivors.size).toBeGreaterThan(5);
  });

  test('a torn crash may or may not undo a rename', () => {
    const outcomes = new Set<string | null>();
    for (let seed = 0; seed < 20; seed++) {
      const { process } = fixture({ seed });
      process.host.disk.put(PATH, 'old');
      process.host.disk.put('/a/new', 'new');
      run(process, (callback) => process.disk.rename('/a/new', PATH, callback));
      process.host.powerLoss({ torn: true });
      outcomes.add(process.host.disk.text(PATH));
    }
    expect(outcomes).toEqual(new Set(['old', 'new']));
  });
});

test('a killed process leaves what it wrote, synced or not, and leaves undone what was under way', () => {
  const { world, process } = fixture({ diskLatency: 5 });
  const file = open(process, PATH, 'append');
  write(process, file, 'written');
  let told = false;
  file.write(Buffer.from(', under way'), () => (told = true));
  world.advance(1);
  process.kill();
  world.advance(100);
  expect(told).toBe(false);
  expect(process.host.disk.text(PATH)).toBe('written');
});

describe('replacing a file', () => {
  test('leaves the old or the new content after a power failure at any moment', () => {
    const seen = new Set<string>();
    for (let crashAtMs = 0; crashAtMs <= 50; crashAtMs++) {
      for (const torn of [false, true]) {
        const { world, process } = fixture({ seed: crashAtMs, syncLatency: 10, diskLatency: 10 });
        process.host.disk.put(PATH, 'old');
        let acknowledged = false;
        process.disk.replaceFile(PATH, Buffer.from('new'), 0o644, () => (acknowledged = true));
        world.advance(crashAtMs);
        process.host.powerLoss({ torn });
        const content = process.host.disk.text(PATH);
        expect(['old', 'new']).toContain(content);
        if (acknowledged) expect(content).toBe('new');
        seen.add(`${content} ${acknowledged}`);
      }
    }
    expect(seen).toEqual(new Set(['old false', 'new false', 'new true']));
  });

  test.each(['write', 'sync', 'rename'] as const)(
    'leaves the old content and no temporary file when the %s fails',
    (operation) => {
      const { process } = fixture();
      process.host.disk.put(PATH, 'old');
      process.host.disk.faults.add({ operation, code: 'EIO', path: PATH, times: 2 });
      const replace = (callback: Done): void =>
        process.disk.replaceFile(PATH, Buffer.from('new'), 0o600, callback);
      expect(run(process, replace)).toBe('EIO');
      expect(() => process.disk.replaceFileSync(PATH, Buffer.from('new'), 0o600)).toThrow('EIO');
      expect(process.disk.listDirectorySync('/a')).toEqual(['file']);
      expect(process.host.disk.text(PATH)).toBe('old');
      expect(run(process, replace)).toBeNull();
      expect(process.host.disk.durableText(PATH)).toBe('new');
      expect(process.disk.statusSync(PATH)?.mode).toBe(0o600);
    },
  );
});

describe('an open file', () => {
  test('does what it is asked in that order, in the time that it takes', () => {
    const { world, process } = fixture({ diskLatency: 1, syncLatency: 20 });
    const file = open(process, PATH, 'write');
    const startMs = world.nowMs;
    const times: [string, number][] = [];
    const note = (name: string) => (): number => times.push([name, world.nowMs - startMs]);
    file.write(Buffer.from('abcdef'), note('write'));
    file.truncate(2, note('truncate'));
    file.sync(note('sync'));
    file.write(Buffer.from('X'), note('write again'));
    file.close(note('close'));
    world.advance(100);
    expect(times).toEqual([
      ['write', 1],
      ['truncate', 2],
      ['sync', 22],
      ['write again', 23],
      ['close', 24],
    ]);
    expect(process.host.disk.text(PATH)).toBe('abX');
    expect(write(process, file, 'late')).toBe('EBADF');
  });

  test('calls back a paused process when it is resumed', () => {
    const { world, process } = fixture({ syncLatency: 5 });
    const file = open(process, PATH, 'write');
    let synced = false;
    file.sync(() => (synced = true));
    process.pause();
    world.advance(100);
    expect(synced).toBe(false);
    process.resume();
    world.advance(0);
    expect(synced).toBe(true);
  });

  test('is read piece by piece up to an empty one at the end', () => {
    const { world, process } = fixture();
    process.host.disk.put(PATH, 'abcde');
    const file = open(process, PATH, 'read');
    const pieces: string[] = [];
    for (let count = 0; count < 3; count++)
      file.read(3, (_error, bytes) => pieces.push(bytes.toString('latin1')));
    world.advance(0);
    expect(pieces).toEqual(['abc', 'de', '']);
    expect(write(process, file, 'x')).toBe('EBADF');
  });

  test('grows large in small steps, with syncs in between', () => {
    const { process } = fixture();
    const file = open(process, PATH, 'append');
    syncDirectory(process);
    let expected = '';
    for (let count = 0; count < 300; count++) {
      write(process, file, `line ${count}\n`);
      expected += `line ${count}\n`;
      if (count % 7 === 0) {
        sync(process, file);
        expect(process.host.disk.durableText(PATH)).toBe(expected);
      }
    }
    expect(process.host.disk.text(PATH)).toBe(expected);
  });
});

describe('errors on demand', () => {
  test('apply to an operation and a path, as often as asked for', () => {
    const { process } = fixture();
    const { faults } = process.host.disk;
    const file = open(process, PATH, 'append');
    const lift = faults.add({ operation: 'sync', code: 'EIO', path: 'file' });
    faults.add({ operation: 'write', code: 'ENOSPC', times: 1 });
    expect(write(process, file, 'full')).toBe('ENOSPC');
    expect(write(process, file, 'x')).toBeNull();
    expect([sync(process, file), sync(process, file), syncDirectory(process, '/')]).toEqual([
      'EIO',
      'EIO',
      null,
    ]);
    lift();
    expect(sync(process, file)).toBeNull();
    faults.add({ operation: 'open', code: 'EMFILE' });
    expect(() => process.disk.readFileSync(PATH)).toThrow('EMFILE');
    faults.clear();
    expect(() => process.disk.readFileSync(PATH)).not.toThrow();
  });

  test('a failed write may have written a part', () => {
    const lengths = new Set<number>();
    for (let seed = 0; seed < 20; seed++) {
      const { process } = fixture({ seed });
      process.host.disk.faults.add({ operation: 'write', code: 'ENOSPC' });
      write(process, open(process, PATH, 'append'), '0123456789');
      const content = process.host.disk.text(PATH) ?? '';
      expect('0123456789'.startsWith(content)).toBe(true);
      lengths.add(content.length);
    }
    expect(lengths.size).toBeGreaterThan(3);
    expect(lengths.has(10)).toBe(false);
  });
});

describe('files by path', () => {
  test('report missing files and directories as the system does', () => {
    const { process } = fixture();
    process.disk.makeDirectorySync('sub/deeper');
    const code = (operation: () => void): unknown => {
      try {
        operation();
        return null;
      } catch (error) {
        return (error as NodeJS.ErrnoException).code;
      }
    };
    expect(code(() => process.disk.readFileSync('missing'))).toBe('ENOENT');
    expect(code(() => process.disk.readFileSync('sub'))).toBe('EISDIR');
    expect(code(() => process.disk.writeFileSync('no/file', Buffer.alloc(0)))).toBe('ENOENT');
    expect(code(() => process.disk.renameSync('missing', 'x'))).toBe('ENOENT');
    expect(code(() => process.disk.unlinkSync('missing'))).toBe('ENOENT');
    expect(code(() => process.disk.listDirectorySync('missing'))).toBe('ENOENT');
    expect(code(() => process.processes.changeDirectory('missing'))).toBe('ENOENT');
    process.disk.writeFileSync('plain', Buffer.from('x'));
    expect(code(() => process.disk.makeDirectorySync('plain'))).toBe('EEXIST');
    expect(code(() => process.disk.listDirectorySync('plain'))).toBe('ENOTDIR');
    expect(code(() => process.processes.changeDirectory('plain'))).toBe('ENOTDIR');
  });

  test('are relative to the working directory, and shared by the processes of a host', () => {
    const { world, process } = fixture();
    process.disk.makeDirectorySync('sub');
    process.processes.changeDirectory('./sub');
    expect(process.processes.workingDirectory).toBe('/a/sub');
    process.disk.writeFileSync('../file', Buffer.from('12'));
    process.disk.appendFileSync(PATH, Buffer.from('34'));
    const neighbour = world.createProcess('b', { host: 'a' });
    expect(neighbour.disk.readFileSync('../a/file').toString()).toBe('1234');
    expect(neighbour.disk.absolutePath('x/./y//../z')).toBe('/b/x/z');
    expect(neighbour.disk.listDirectorySync('/')).toEqual(['a', 'b']);
    process.disk.renameSync(PATH, '/b/moved');
    expect(neighbour.disk.listDirectorySync('/b')).toEqual(['moved']);
  });

  test('go with their directory when that is removed', () => {
    const { process } = fixture();
    process.host.disk.put('/a/sub/deeper/file', 'x');
    process.host.disk.put('/a/subway', 'y');
    process.disk.removeTreeSync('sub');
    process.disk.removeTreeSync('missing');
    expect(process.disk.listDirectorySync('/a')).toEqual(['subway']);
    process.host.powerLoss();
    expect(process.host.disk.text('/a/sub/deeper/file')).toBeNull();
  });

  test('have a status, and modes that count', () => {
    const { process } = fixture();
    process.host.disk.put('/scripts/notify.sh', '#!', 0o555);
    expect(process.disk.statusSync('/scripts/notify.sh')).toEqual({
      isFile: true,
      isDirectory: false,
      sizeBytes: 2,
      mode: 0o555,
      isExecutable: true,
    });
    expect(process.disk.statusSync('/scripts')).toMatchObject({ isDirectory: true });
    expect(process.disk.statusSync('/missing')).toBeNull();
    expect(process.disk.isWritableSync('/scripts/notify.sh')).toBe(false);
    expect(process.disk.isWritableSync('/scripts')).toBe(true);
    expect(() => process.disk.writeFileSync('/scripts/notify.sh', Buffer.alloc(0))).toThrow('EACCES');
    process.host.disk.setMode('/scripts/notify.sh', 0o644);
    expect(process.disk.isWritableSync('/scripts/notify.sh')).toBe(true);
  });
});

test('blocking operations keep their process busy for as long as the disk takes', () => {
  const { world, process } = fixture({ syncLatency: 30 });
  let firedMs = 0;
  process.timers.after(1, () => {
    process.disk.replaceFileSync(PATH, Buffer.from('x'), 0o644);
    process.timers.endOfTurn(() => (firedMs = world.nowMs));
  });
  world.advance(100);
  expect(firedMs).toBe(61);
  expect(process.host.disk.durableText(PATH)).toBe('x');
});
