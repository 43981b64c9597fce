/**
 * What MIGRATE's arguments say.
 *
 *     MIGRATE host port key|"" db timeout [COPY] [REPLACE] [AUTH password | AUTH2 user password] [KEYS key ...]
 */
import { parseInteger } from '../commands/arguments.js';
import { NOT_AN_INTEGER, SYNTAX_ERROR } from '../commands/error-texts.js';
import { isWord } from '../resp/ascii.js';

const DEFAULT_TIMEOUT_MS = 1000;
const KEY_POSITION = 3;
const FIRST_OPTION = 6;

/** The arguments of AUTH. */
export type Credentials = readonly [password: string] | readonly [user: string, password: string];

export interface MigrateRequest {
  readonly host: string;
  readonly port: number;
  readonly databaseIndex: number;
  /** How long the target may show no sign of life. */
  readonly timeoutMs: number;
  /** The keys stay here. */
  readonly copies: boolean;
  /** What the target has under these names is replaced. */
  readonly replaces: boolean;
  readonly credentials: Credentials | null;
  /** Of arguments that nobody may see. */
  readonly secretPositions: readonly number[];
  readonly keys: readonly string[];
}

interface Options {
  copies: boolean;
  replaces: boolean;
  credentials: Credentials | null;
  /** Positions of what nobody may see. */
  readonly secrets: number[];
  /** The keys are the arguments from here on... */
  firstKey: number;
  /** ...up to here, this one not included. */
  keysEnd: number;
}

/** Reads the arguments; the error text to refuse them with when they are wrong. */
export function parseRequest(args: readonly string[]): MigrateRequest | string {
  const options = parseOptions(args);
  if (typeof options === 'string') return options;
  const timeoutMs = parseInteger(args[5]);
  const databaseIndex = parseInteger(args[4]);
  if (Number.isNaN(timeoutMs) || Number.isNaN(databaseIndex)) return NOT_AN_INTEGER;
  const { copies, replaces, credentials, secrets, firstKey, keysEnd } = options;
  return {
    host: args[1],
    // What is no port is one that nothing listens on: as in stock the connection fails.
    port: parseInteger(args[2]) || 0,
    databaseIndex,
    timeoutMs: timeoutMs <= 0 ? DEFAULT_TIMEOUT_MS : timeoutMs,
    copies,
    replaces,
    credentials,
    secretPositions: secrets,
    keys: args.slice(firstKey, keysEnd),
  };
}

/** Positions of the keys; null when the arguments are wrong. */
export function keyPositions(args: readonly string[]): number[] | null {
  const options = parseOptions(args);
  if (typeof options === 'string') return null;
  const positions: number[] = [];
  for (let position = options.firstKey; position < options.keysEnd; position++) positions.push(position);
  return positions;
}

/** Positions of passwords and user names, which others may not see; also of arguments that are wrong. */
export function secretPositions(args: readonly string[]): number[] {
  const options = parseOptions(args);
  return typeof options === 'string' ? [] : options.secrets;
}

function parseOptions(args: readonly string[]): Options | string {
  const options: Options = {
    copies: false,
    replaces: false,
    credentials: null,
    secrets: [],
    firstKey: KEY_POSITION,
    keysEnd: KEY_POSITION + 1,
  };
  for (let i = FIRST_OPTION; i < args.length; i++) {
    const more = args.length - i - 1;
    if (isWord(args[i], 'copy')) {
      options.copies = true;
    } else if (isWord(args[i], 'replace')) {
      options.replaces = true;
    } else if (isWord(args[i], 'auth')) {
      if (more < 1) return SYNTAX_ERROR;
      options.credentials = [args[++i]];
      options.secrets.push(i);
    } else if (isWord(args[i], 'auth2')) {
      if (more < 2) return SYNTAX_ERROR;
      options.credentials = [args[i + 1], args[i + 2]];
      options.secrets.push(i + 1, i + 2);
      i += 2;
    } else if (isWord(args[i], 'keys')) {
      if (args[KEY_POSITION] !== '') {
        return 'ERR When using MIGRATE KEYS option, the key argument must be set to the empty string';
      }
      options.firstKey = i + 1;
      options.keysEnd = args.length;
      return options;
    } else {
      return SYNTAX_ERROR;
    }
  }
  return options;
}
