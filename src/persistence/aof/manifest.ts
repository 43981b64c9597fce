/**
 * The manifest of an append-only log: which files it consists of. Pure: text to a manifest and back, and the changes
 * that a rewrite makes to it. The format is Redis's.
 *
 * A manifest is never changed: every step makes a new one, which counts when it is on disk.
 */
import { quoteBytes, splitWords, toLowerAscii } from '../../resp/ascii.js';
import { parseSafeInteger } from '../../resp/numbers.js';

export interface LogFile {
  /** Its name within the log's directory. */
  readonly name: string;
  readonly sequence: number;
}

export interface Manifest {
  /** The dataset at the last rewrite; null when the log began empty. */
  readonly base: LogFile | null;
  /** Commands since then, in the order in which they are loaded. */
  readonly increments: readonly LogFile[];
  /** Files that a rewrite has replaced, to be deleted. */
  readonly history: readonly LogFile[];
  /** Highest sequence numbers so far. */
  readonly baseSequence: number;
  readonly incrementSequence: number;
}

export const EMPTY_MANIFEST: Manifest = {
  base: null,
  increments: [],
  history: [],
  baseSequence: 0,
  incrementSequence: 0,
};

/** Longer lines are refused. */
const LINE_LIMIT_BYTES = 1024;

/** A manifest that cannot be read: why and, unless it is about the whole, in which line. */
export class ManifestError extends Error {
  override readonly name = 'ManifestError';

  constructor(
    readonly reason: string,
    readonly lineNumber: number,
    readonly line: string,
  ) {
    super(reason);
  }

  /** What the log says of it, in Redis's words. */
  get report(): string[] {
    const where =
      this.lineNumber === 0
        ? []
        : [`Reading the manifest file, at line ${this.lineNumber}`, `>>> '${this.line}'`];
    return ['*** FATAL AOF MANIFEST FILE ERROR ***', ...where, this.reason];
  }
}

/**
 * Reads a manifest.
 * @throws ManifestError
 */
export function parseManifest(text: string): Manifest {
  let manifest = EMPTY_MANIFEST;
  let lineNumber = 0;
  for (let start = 0; start < text.length;) {
    const newline = text.indexOf('\n', start);
    lineNumber++;
    if (newline === -1 || newline - start >= LINE_LIMIT_BYTES) {
      throw new ManifestError('The AOF manifest file contains too long line', lineNumber, text.slice(start));
    }
    const line = text.slice(start, newline);
    start = newline + 1;
    if (line.startsWith('#')) continue;
    const fail = (reason: string): never => {
      throw new ManifestError(reason, lineNumber, line);
    };
    manifest = withLine(manifest, line, fail);
  }
  if (lineNumber === 0) throw new ManifestError('Found an empty AOF manifest', 0, '');
  return manifest;
}

function withLine(manifest: Manifest, line: string, fail: (reason: string) => never): Manifest {
  const words = splitWords(line);
  if (words === null || words.length < 6 || words.length % 2 !== 0) {
    return fail('Invalid AOF manifest file format');
  }
  const fields = new Map<string, string>();
  for (let i = 0; i < words.length; i += 2) fields.set(toLowerAscii(words[i]), words[i + 1]);
  const name = fields.get('file') ?? '';
  const sequence = parseSafeInteger(fields.get('seq') ?? '');
  const type = fields.get('type') ?? '';
  if (name.includes('/') || name.includes('\\')) return fail("File can't be a path, just a filename");
  if (name === '' || !(sequence > 0) || type === '') return fail('Invalid AOF manifest file format');
  const file: LogFile = { name, sequence };
  switch (type) {
    case 'b':
      if (manifest.base !== null) return fail('Found duplicate base file information');
      return { ...manifest, base: file, baseSequence: sequence };
    case 'h':
      return { ...manifest, history: [...manifest.history, file] };
    case 'i':
      if (sequence <= manifest.incrementSequence) return fail('Found a non-monotonic sequence number');
      return withIncrement(manifest, file);
    default:
      return fail('Unknown AOF file type');
  }
}

/** The text of a manifest. */
export function formatManifest(manifest: Manifest): string {
  const line = ({ name, sequence }: LogFile, type: string): string =>
    `file ${/^[!-~]+$/.test(name) && !/["'\\]/.test(name) ? name : quoteBytes(name)} seq ${sequence} type ${type}\n`;
  return [
    ...(manifest.base === null ? [] : [line(manifest.base, 'b')]),
    ...manifest.history.map((file) => line(file, 'h')),
    ...manifest.increments.map((file) => line(file, 'i')),
  ].join('');
}

/** The base and the increments: what is loaded, in order. */
export function filesToLoad({ base, increments }: Manifest): readonly LogFile[] {
  return base === null ? increments : [base, ...increments];
}

export function isEmptyManifest(manifest: Manifest): boolean {
  return manifest.base === null && manifest.increments.length === 0;
}

/** The base that the next rewrite makes. */
export function nextBase(manifest: Manifest, baseName: string, format: 'rdb' | 'aof'): LogFile {
  const sequence = manifest.baseSequence + 1;
  return { name: `${baseName}.${sequence}.base.${format}`, sequence };
}

/** The increment that comes after the last one. */
export function nextIncrement(manifest: Manifest, baseName: string): LogFile {
  const sequence = manifest.incrementSequence + 1;
  return { name: `${baseName}.${sequence}.incr.aof`, sequence };
}

/** The log goes on in another file. */
export function withIncrement(manifest: Manifest, file: LogFile): Manifest {
  return {
    ...manifest,
    increments: [...manifest.increments, file],
    incrementSequence: file.sequence,
  };
}

/**
 * A rewrite has made a new base: what it replaces is history.
 * @param kept how many of the last increments are not in the new base
 */
export function withBase(manifest: Manifest, base: LogFile, kept: number): Manifest {
  const { increments } = manifest;
  const replaced = increments.slice(0, increments.length - kept);
  return {
    ...manifest,
    base,
    baseSequence: base.sequence,
    increments: increments.slice(increments.length - kept),
    history: [...replaced, ...(manifest.base === null ? [] : [manifest.base]), ...manifest.history],
  };
}

export function withoutHistory(manifest: Manifest): Manifest {
  return { ...manifest, history: [] };
}
