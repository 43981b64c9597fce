/** The libraries of a server and their functions by name. */
import { toLowerAscii } from '../../resp/ascii.js';
import type { FunctionLibraries, RestorePolicy } from '../../server/function-libraries.js';
import type { Scripting, Workshop } from '../scripting.js';
import { loadLibrary, readMetadata, type Library, type LibraryFunction } from './library.js';

export type LoadOutcome =
  { readonly kind: 'loaded'; readonly name: string } | { readonly kind: 'refused'; readonly text: string };

/** What a function takes besides its library's source. */
const FUNCTION_OVERHEAD_BYTES = 150;

export class FunctionStore implements FunctionLibraries {
  private libraries = new Map<string, Library>();
  /** Names in lower case: they are found however they are spelled. */
  private byName = new Map<string, LibraryFunction>();
  private made: Workshop | null = null;

  constructor(private readonly scripting: Scripting) {}

  /** Where functions run. */
  get workshop(): Workshop {
    if (this.made !== null) return this.made;
    const workshop = this.scripting.openWorkshop();
    workshop.engine.seal();
    this.made = workshop;
    return workshop;
  }

  get libraryCount(): number {
    return this.libraries.size;
  }

  get functionCount(): number {
    return this.byName.size;
  }

  get bytes(): number {
    let bytes = this.byName.size * FUNCTION_OVERHEAD_BYTES;
    for (const { source } of this.libraries.values()) bytes += source.length;
    return bytes;
  }

  get machineBytes(): number {
    return this.made?.engine.usedBytes ?? 0;
  }

  find(name: string): LibraryFunction | undefined {
    return this.byName.get(toLowerAscii(name));
  }

  all(): Iterable<Library> {
    return this.libraries.values();
  }

  sources(): readonly string[] {
    return [...this.libraries.values()].map(({ source }) => source);
  }

  /** Loads a library; `replaces`: in place of one of the same name. */
  add(source: string, replaces: boolean, quotesName = true): LoadOutcome {
    const metadata = readMetadata(source);
    if (metadata.kind === 'wrong') return refused(metadata.text);
    const existing = this.libraries.get(metadata.name);
    if (existing !== undefined && !replaces)
      return refused(`ERR Library ${quotesName ? `'${metadata.name}'` : metadata.name} already exists`);
    const library = loadLibrary(this.workshop.engine, this.scripting, source, metadata);
    if (typeof library === 'string') return refused(library);
    for (const [key, { name }] of library.functions) {
      const other = this.byName.get(key);
      if (other !== undefined && other.library !== existing) {
        return refused(`ERR Function ${name} already exists`);
      }
    }
    if (existing !== undefined) this.remove(existing);
    this.libraries.set(library.name, library);
    for (const [name, registered] of library.functions) {
      this.byName.set(name, registered);
      this.workshop.engine.machine.roots.push(registered.callback);
    }
    return { kind: 'loaded', name: library.name };
  }

  delete(name: string): boolean {
    const library = this.libraries.get(name);
    if (library === undefined) return false;
    this.remove(library);
    return true;
  }

  clear(): void {
    this.libraries = new Map();
    this.byName = new Map();
    this.made = null;
  }

  /** Takes libraries in, all of them or none. Returns what is wrong, or null. */
  restore(sources: readonly string[], policy: RestorePolicy): string | null {
    const before = { libraries: this.libraries, byName: this.byName };
    this.libraries = policy === 'flush' ? new Map() : new Map(before.libraries);
    this.byName = policy === 'flush' ? new Map() : new Map(before.byName);
    for (const source of sources) {
      const outcome = this.add(source, policy === 'replace', false);
      if (outcome.kind === 'loaded') continue;
      this.libraries = before.libraries;
      this.byName = before.byName;
      return outcome.text;
    }
    return null;
  }

  private remove(library: Library): void {
    this.libraries.delete(library.name);
    const { roots } = this.workshop.engine.machine;
    for (const [name, { callback }] of library.functions) {
      this.byName.delete(name);
      roots.splice(roots.indexOf(callback), 1);
    }
  }
}

function refused(text: string): LoadOutcome {
  return { kind: 'refused', text };
}
