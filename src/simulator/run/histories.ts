/**
 * Every history of writes that any server had, byte by byte: the book that replicas, promotions and losses are judged by.
 *
 * At the end of each turn of a data server it reads what was added to the server's stream. Whoever comes first to an
 * offset of a history writes the page; everybody else must have the same bytes there. A promotion begins a history that
 * continues another one up to where they part.
 *
 * What a master took while nobody followed it is in no stream. Others get it with a snapshot, so it is noted who loaded
 * a snapshot that has it.
 */
import type { DataService } from '../../launch/data-server.js';
import { toOffset } from '../../replication/identity.js';
import type { Member } from '../world/member.js';
import type { Scene } from './scene.js';
import { SHARED_KEY_PREFIX } from '../workload/mixed-commands.js';
import { KEY_PREFIX, type Write } from '../workload/write-ledger.js';

/** A point in a history. */
export interface Position {
  readonly replid: string;
  readonly offset: number;
}

/** A key in a history: written there, or removed again. */
export interface Place extends Position {
  readonly isRemoval: boolean;
}

interface History {
  /** The history this one continues, and the first offset that they do not share. */
  readonly parent: { readonly replid: string; readonly end: number } | null;
  /** Offset of the first byte in the book, and the bytes from there on, as far as anybody has seen them. */
  firstOffset: number;
  pages: Buffer;
  length: number;
}

/** How far a server's stream was read. */
interface Reader extends Position {
  readonly incarnation: number;
}

const INITIAL_BYTES = 4096;
/** A command and its first arguments, as many as are keys. */
const COMMANDS = new RegExp(
  `\\r\\n([A-Za-z-]+)((?:\\r\\n\\$\\d+\\r\\n(?:${KEY_PREFIX}\\d|${SHARED_KEY_PREFIX})\\S*)+)\\r\\n`,
  'g',
);
const KEYS = new RegExp(`\\n(${KEY_PREFIX}\\d+)`, 'g');
const REMOVALS: ReadonlySet<string> = new Set(['DEL', 'UNLINK']);

export class Histories {
  private readonly histories = new Map<string, History>();
  private readonly readers = new Map<string, Reader>();
  /** By key: everywhere it was written. */
  private readonly places = new Map<string, Place[]>();
  /** By process and history: the furthest offset it ever had. */
  private readonly reached = new Map<string, Map<string, number>>();
  /** By process: the writes that came to it with a snapshot and are in no stream. */
  private readonly loaded = new Map<string, Set<number>>();
  /** Told when two servers differ in what a history says. */
  onDifference: (member: Member, position: Position, text: string) => void = () => undefined;

  constructor(private readonly scene: Scene) {
    scene.on('turn', (member, service) => this.read(member, service));
    // Who ends itself may have told others of what it took in during its last turn.
    scene.on('ending', (member) => {
      if (member.dataService !== null) this.read(member, member.dataService);
    });
  }

  /** Where a write's key is in any history; offsets are at or before the end of the command. */
  placesOf({ number }: Write): readonly Place[] {
    return this.places.get(`${KEY_PREFIX}${number}`) ?? [];
  }

  /** All processes that ever had a write in their past, or loaded a snapshot that has it. */
  processesThatHad(write: Write): Set<string> {
    const processes = new Set<string>();
    for (const [process, loaded] of this.loaded) if (loaded.has(write.number)) processes.add(process);
    const places = this.placesOf(write);
    for (const [process, reached] of this.reached) {
      for (const [replid, offset] of reached) {
        const present = { replid, offset };
        if (places.some((past) => this.includes(present, past))) processes.add(process);
      }
    }
    return processes;
  }

  /** Whether who stands at a point has another point in its past. */
  includes(present: Position, past: Position): boolean {
    let current: Position | null = present;
    const seen = new Set<string>();
    while (current !== null && !seen.has(current.replid)) {
      if (current.replid === past.replid) return current.offset >= past.offset;
      seen.add(current.replid);
      const parent: History['parent'] = this.histories.get(current.replid)?.parent ?? null;
      current =
        parent === null ? null : { replid: parent.replid, offset: Math.min(parent.end - 1, current.offset) };
    }
    return false;
  }

  /** Reads what a server has added since the last time. */
  read(member: Member, service: DataService): void {
    const { history } = service.replication;
    const { stream, identity } = history;
    const { replid, previous } = identity;
    const { offset } = stream;
    const { incarnation } = member.process;
    const last = this.readers.get(member.name);
    const isSame = last !== undefined && last.incarnation === incarnation && last.replid === replid;
    if (isSame && last.offset === offset) return;
    this.readers.set(member.name, { replid, offset, incarnation });
    const known = this.historyOf(replid, previous, offset);
    this.noteReached(processName(member), replid, offset);
    // A promoted replica's stream goes on where it was read to; after a snapshot it begins anew.
    const isContinued =
      isSame || (last !== undefined && last.incarnation === incarnation && last.replid === previous?.replid);
    const { backlog } = stream;
    if (!isContinued || offset < last.offset || (backlog?.first ?? offset) > last.offset + 1) {
      this.noteLoaded(member, service);
    }
    if (backlog === null || backlog.length === 0) return;
    const from = Math.max(isContinued ? last.offset + 1 : 0, backlog.first);
    if (from > offset) return;
    const cursor = backlog.open(toOffset(from));
    const pieces: Buffer[] = [];
    for (let piece = cursor.read(Infinity); piece !== null; piece = cursor.read(Infinity)) pieces.push(piece);
    cursor.close();
    const bytes = Buffer.concat(pieces);
    const parted = previous === null ? from : Math.min(Math.max(from, previous.end), offset + 1);
    if (previous !== null && parted > from) {
      const parent = this.historyOf(previous.replid, null, parted - 1);
      this.compare(member, previous.replid, parent, from, bytes.subarray(0, parted - from));
    }
    this.compare(member, replid, known, parted, bytes.subarray(parted - from));
  }

  private compare(member: Member, replid: string, history: History, from: number, bytes: Buffer): void {
    if (bytes.length === 0) return;
    if (history.length === 0) history.firstOffset = from;
    const end = history.firstOffset + history.length;
    // What was never seen by anybody cannot be judged: the book goes on behind the gap.
    if (from > end) {
      history.length = 0;
      history.firstOffset = from;
    }
    const skipped = Math.max(0, history.firstOffset - from);
    const start = from + skipped - history.firstOffset;
    const shared = bytes.subarray(skipped, skipped + Math.max(0, history.length - start));
    if (!shared.equals(history.pages.subarray(start, start + shared.length))) {
      const at = firstDifference(shared, history.pages.subarray(start));
      const offset = from + skipped + at;
      const text = `${quote(shared, at)} where the history has ${quote(history.pages.subarray(start), at)}`;
      this.onDifference(member, { replid, offset }, text);
    }
    const fresh = bytes.subarray(skipped + shared.length);
    if (fresh.length > 0) this.append(replid, history, fresh);
  }

  private append(replid: string, history: History, bytes: Buffer): void {
    const length = history.length + bytes.length;
    if (length > history.pages.length) {
      const larger = Buffer.alloc(length * 2);
      history.pages.copy(larger, 0, 0, history.length);
      history.pages = larger;
    }
    bytes.copy(history.pages, history.length);
    const base = history.firstOffset + history.length;
    history.length = length;
    for (const match of bytes.latin1Slice().matchAll(COMMANDS)) {
      const [whole, command, keys] = match;
      const isRemoval = REMOVALS.has(command.toUpperCase());
      const place = { replid, offset: base + match.index + whole.length - 1, isRemoval };
      for (const [, key] of keys.matchAll(KEYS)) {
        const places = this.places.get(key) ?? [];
        places.push(place);
        this.places.set(key, places);
      }
    }
  }

  private historyOf(
    replid: string,
    parent: { readonly replid: string; readonly end: number } | null,
    offset: number,
  ): History {
    const known = this.histories.get(replid);
    if (known !== undefined) {
      // A replica that was resynchronised names no past; who was promoted does.
      if (known.parent !== null || parent === null) return known;
    }
    const history: History = {
      parent,
      firstOffset: known?.firstOffset ?? offset + 1,
      pages: known?.pages ?? Buffer.alloc(INITIAL_BYTES),
      length: known?.length ?? 0,
    };
    this.histories.set(replid, history);
    return history;
  }

  private noteLoaded(member: Member, { server }: DataService): void {
    const [database] = server.keyspace.databases;
    const isInNoStream = (write: Write): boolean => this.placesOf(write).length === 0;
    const loaded = this.scene.writes.all.filter((write) => isInNoStream(write) && database.exists(write.key));
    const process = processName(member);
    const before = this.loaded.get(process) ?? [];
    this.loaded.set(process, new Set([...before, ...loaded.map(({ number }) => number)]));
  }

  private noteReached(process: string, replid: string, offset: number): void {
    const reached = this.reached.get(process) ?? new Map<string, number>();
    reached.set(replid, Math.max(offset, reached.get(replid) ?? 0));
    this.reached.set(process, reached);
  }
}

/** One of the processes that a member has had: `server-1 3`. */
export function processName({ name, process }: Member): string {
  return `${name} ${process.incarnation}`;
}

function firstDifference(a: Buffer, b: Buffer): number {
  for (let index = 0; index < a.length; index++) if (a[index] !== b[index]) return index;
  return a.length;
}

function quote(bytes: Buffer, at: number): string {
  return JSON.stringify(bytes.latin1Slice(Math.max(0, at - 30), at + 30));
}
