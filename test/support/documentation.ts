/** The commands and programs that a guide shows, so that a test runs exactly what it says. */
import {
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  symlinkSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, resolve } from 'node:path';

export const ROOT = resolve(import.meta.dirname, '../..');

export interface CodeBlock {
  readonly language: string;
  /** What stands in the comment before it: `<!-- example: name -->`; null without one. */
  readonly name: string | null;
  readonly text: string;
}

/** All blocks of code of a page, in order. */
export function codeBlocks(page: string): CodeBlock[] {
  const text = readFileSync(resolve(ROOT, page), 'utf8');
  const blocks = text.matchAll(/(?:^<!-- example: ([^\n]+) -->\n\n)?^ *```(\S*)\n(.*?)^ *```$/gms);
  return [...blocks].map(([, name, language, code]) => ({
    language: language!,
    name: name ?? null,
    text: code!,
  }));
}

/** The blocks of shell commands of a page, in order. */
export function shellBlocks(page: string): string[] {
  return codeBlocks(page)
    .filter(({ language }) => language === 'sh')
    .map(({ text }) => text);
}

/** The JavaScript that a page shows as the example of that name. */
export function exampleOf(page: string, name: string): string {
  const example = codeBlocks(page).find((block) => block.language === 'js' && block.name === name);
  if (example === undefined) throw new Error(`${page} has no example ${name}`);
  return example.text;
}

/** A directory in which programs find the package and the clients, as where they are installed. */
export class GuideProject {
  readonly directory = mkdtempSync(join(tmpdir(), 'vedette-guide-'));

  constructor() {
    const modules = join(this.directory, 'node_modules');
    mkdirSync(modules);
    symlinkSync(ROOT, join(modules, 'vedette'));
    for (const name of readdirSync(join(ROOT, 'node_modules'))) {
      symlinkSync(join(ROOT, 'node_modules', name), join(modules, name));
    }
    this.write('package.json', '{ "type": "module" }\n');
  }

  /** @returns the path */
  write(name: string, text: string): string {
    const path = join(this.directory, name);
    writeFileSync(path, text);
    return path;
  }

  /** What this runner has set for its own children is left out; its executables are found first. */
  environment(further: Readonly<Record<string, string>> = {}): NodeJS.ProcessEnv {
    const { NODE_OPTIONS: _, VITEST: __, NODE_ENV: ___, PATH, ...inherited } = process.env;
    return { ...inherited, PATH: `${join(ROOT, 'bin')}:${PATH}`, ...further };
  }

  remove(): void {
    rmSync(this.directory, { recursive: true, force: true });
  }
}
