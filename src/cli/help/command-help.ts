/** Help on commands: texts for `help`, hints for a line that is being typed, and what it may become. */
import { VEDETTE_VERSION } from '../../config/version.js';
import { isWord, splitWords, toLowerAscii } from '../../resp/ascii.js';
import { sortedByName, type CommandDocs } from './command-docs.js';
import { argumentHint } from './hint.js';

export const GENERAL_HELP = `vedette-cli ${VEDETTE_VERSION}
To get help about Redis commands type:
      "help @<group>" to get a list of commands in <group>
      "help <command>" for help on <command>
      "help <tab>" to get a list of possible help topics
      "quit" to exit

To set vedette-cli preferences:
      ":set hints" enable online hints
      ":set nohints" disable online hints
Set your preferences in ~/.redisclirc
`;

export class CommandHelp {
  private readonly commands: readonly CommandDocs[];
  private readonly groups: readonly string[];

  constructor(commands: readonly CommandDocs[]) {
    this.commands = sortedByName(commands);
    this.groups = [...new Set(commands.map(({ group }) => `@${group}`))].sort();
  }

  /** On commands that begin with these words, or on a `@group`. */
  text(words: readonly string[]): string {
    const [first = ''] = words;
    const isGroup = first.startsWith('@');
    const wanted = this.commands.filter((command) =>
      isGroup
        ? isWord(first.slice(1), toLowerAscii(command.group))
        : words.length <= command.words.length && beginsWith(command.words, words),
    );
    return `${wanted.map((command) => describe(command, !isGroup)).join('')}\r\n`;
  }

  /** What may follow the line; null when it begins with no command. */
  hint(line: string): string | null {
    const words = splitWords(line);
    if (words === null) return null;
    // The last word is not known before there is a space behind it.
    const known = /[ \t\n\v\f\r]$/.test(line) ? words : words.slice(0, -1);
    const command = this.commands
      .filter((candidate) => beginsWith(known, candidate.words))
      .reduce<CommandDocs | null>(
        (longest, next) => (next.words.length > (longest?.words.length ?? 0) ? next : longest),
        null,
      );
    if (command === null) return null;
    return command.args === null ? '' : argumentHint(command.args, known.slice(command.words.length));
  }

  /** Whole lines that this one may become. */
  completions(line: string): string[] {
    const asksForHelp = toLowerAscii(line).startsWith('help ');
    const helpStart = asksForHelp ? /^.{5}[ \t]*/.exec(line)![0] : '';
    const begun = toLowerAscii(line.slice(helpStart.length));
    const topics = this.commands.map(({ name }) => name);
    // A `@` sorts before every letter.
    if (asksForHelp) topics.unshift(...this.groups);
    return topics.filter((topic) => toLowerAscii(topic).startsWith(begun)).map((topic) => helpStart + topic);
  }
}

function beginsWith(words: readonly string[], start: readonly string[]): boolean {
  return start.length <= words.length && start.every((word, i) => isWord(words[i]!, toLowerAscii(word)));
}

function describe({ name, args, summary, since, group }: CommandDocs, tellsGroup: boolean): string {
  const lines = [
    `\r\n  \x1b[1m${name}\x1b[0m \x1b[90m${argumentHint(args ?? [], [])}\x1b[0m`,
    `  \x1b[33msummary:\x1b[0m ${summary}`,
    `  \x1b[33msince:\x1b[0m ${since}`,
    ...(tellsGroup ? [`  \x1b[33mgroup:\x1b[0m ${group}`] : []),
  ];
  return lines.map((line) => `${line}\r\n`).join('');
}
