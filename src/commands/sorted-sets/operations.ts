/** Union, intersection and difference of sorted sets (and sets, whose members count 1 each). */
import type { SetValue } from '../../keyspace/values/set-value.js';
import { SortedSetValue } from '../../keyspace/values/sorted-set-value.js';
import { isStringValue } from '../../keyspace/values/value.js';
import { isWord } from '../../resp/ascii.js';
import type { Client } from '../../server/client.js';
import { EventClass } from '../../server/notifications.js';
import { doubleArgument, integerArgument, integerInRange } from '../arguments.js';
import { SYNTAX_ERROR, WRONG_TYPE } from '../error-texts.js';
import { notify } from '../lookups.js';
import { writeMember, writeMembersHeader } from './replies.js';

type OperationName = 'union' | 'intersection' | 'difference';
type Aggregate = 'sum' | 'min' | 'max';

/** An operand: what lies at a key, null for nothing, and the factor of its scores. */
interface Operand {
  readonly value: SortedSetValue | SetValue | null;
  weight: number;
}

interface OperationRequest {
  readonly operands: Operand[];
  aggregate: Aggregate;
  withScores: boolean;
  limit: number;
}

/** What the options may be, and how the result is used. */
type Use = 'reply' | 'store' | 'count';

/** ZUNION, ZINTER, ZDIFF. */
export function reply(operation: OperationName): (client: Client, args: string[]) => void {
  return (client, args) => {
    const request = operationRequest(client, args, 1, operation, 'reply');
    if (request === null) return;
    const result = perform(client, operation, request);
    writeMembersHeader(client, result.size, request.withScores);
    result.walk(0, 1, (member, score) => {
      writeMember(client, member, score, request.withScores);
      return true;
    });
  };
}

/** ZUNIONSTORE, ZINTERSTORE, ZDIFFSTORE. */
export function store(operation: OperationName, event: string): (client: Client, args: string[]) => void {
  return (client, args) => {
    const { database } = client;
    const destination = args[1];
    const request = operationRequest(client, args, 2, operation, 'store');
    if (request === null) return;
    const result = perform(client, operation, request);
    if (result.size > 0) {
      database.set(destination, result);
      database.modified(destination);
      notify(client, EventClass.SortedSet, event, destination);
    } else if (database.delete(destination)) {
      database.modified(destination);
      notify(client, EventClass.Generic, 'del', destination);
    }
    client.reply.integer(result.size);
  };
}

export function countIntersection(client: Client, args: string[]): void {
  const request = operationRequest(client, args, 1, 'intersection', 'count');
  if (request === null) return;
  let count = 0;
  forEachCommon(request, () => ++count !== request.limit);
  client.reply.integer(count);
}

/** Reads `numkeys key ...` and the options from argument `from` on; null after an error. */
function operationRequest(
  client: Client,
  args: readonly string[],
  from: number,
  operation: OperationName,
  use: Use,
): OperationRequest | null {
  const keyCount = integerArgument(client, args[from]);
  if (Number.isNaN(keyCount)) return null;
  if (keyCount < 1) {
    client.reply.error(`ERR at least 1 input key is needed for '${client.command?.fullName ?? ''}' command`);
    return null;
  }
  if (keyCount > args.length - from - 1) {
    client.reply.error(SYNTAX_ERROR);
    return null;
  }
  const operands: Operand[] = [];
  for (let i = from + 1; i <= from + keyCount; i++) {
    const value = client.database.read(args[i]);
    if (value !== undefined && (isStringValue(value) || (value.type !== 'zset' && value.type !== 'set'))) {
      client.reply.error(WRONG_TYPE);
      return null;
    }
    operands.push({ value: value ?? null, weight: 1 });
  }
  const request: OperationRequest = { operands, aggregate: 'sum', withScores: false, limit: 0 };
  return readOptions(client, args, from + keyCount + 1, request, operation, use) ? request : null;
}

function readOptions(
  client: Client,
  args: readonly string[],
  from: number,
  request: OperationRequest,
  operation: OperationName,
  use: Use,
): boolean {
  const { operands } = request;
  const mayWeigh = operation !== 'difference' && use !== 'count';
  for (let i = from; i < args.length; i++) {
    const left = args.length - 1 - i;
    if (isWord(args[i], 'weights') && mayWeigh && left >= operands.length) {
      for (const operand of operands) {
        operand.weight = doubleArgument(client, args[++i], 'ERR weight value is not a float');
        if (Number.isNaN(operand.weight)) return false;
      }
    } else if (isWord(args[i], 'aggregate') && mayWeigh && left >= 1 && isAggregate(args[i + 1])) {
      request.aggregate = aggregateOf(args[++i]);
    } else if (isWord(args[i], 'withscores') && use === 'reply') {
      request.withScores = true;
    } else if (isWord(args[i], 'limit') && use === 'count' && left >= 1) {
      request.limit = integerInRange(client, args[++i], 0, Infinity, "ERR LIMIT can't be negative");
      if (Number.isNaN(request.limit)) return false;
    } else {
      client.reply.error(SYNTAX_ERROR);
      return false;
    }
  }
  return true;
}

function isAggregate(word: string): boolean {
  return isWord(word, 'sum') || isWord(word, 'min') || isWord(word, 'max');
}

function aggregateOf(word: string): Aggregate {
  return isWord(word, 'min') ? 'min' : isWord(word, 'max') ? 'max' : 'sum';
}

function perform(client: Client, operation: OperationName, request: OperationRequest): SortedSetValue {
  const scores = new Map<string, number>();
  switch (operation) {
    case 'union':
      unite(request, scores);
      break;
    case 'intersection':
      forEachCommon(request, (member, score) => scores.set(member, score) === scores);
      break;
    case 'difference':
      subtract(request, scores);
      break;
  }
  let longest = 0;
  for (const member of scores.keys()) longest = Math.max(longest, member.length);
  const result = SortedSetValue.expecting(scores.size, longest, client.server.keyspace.limits);
  for (const [member, score] of scores) result.set(member, score);
  return result;
}

function unite({ operands, aggregate }: OperationRequest, scores: Map<string, number>): void {
  for (const operand of bySize(operands)) {
    forEachMember(operand, (member, score) => {
      const weighted = weigh(score, operand.weight);
      const known = scores.get(member);
      scores.set(member, known === undefined ? weighted : combine(aggregate, known, weighted));
      return true;
    });
  }
}

function subtract({ operands }: OperationRequest, scores: Map<string, number>): void {
  const [first, ...others] = operands;
  forEachMember(first, (member, score) => {
    if (others.every((other) => scoreIn(other, member) === undefined)) scores.set(member, score);
    return true;
  });
}

/** Visits the members that all operands have, with their combined scores, while `visit` returns true. */
function forEachCommon(
  { operands, aggregate }: OperationRequest,
  visit: (member: string, score: number) => boolean,
): void {
  const [smallest, ...others] = bySize(operands);
  forEachMember(smallest, (member, score) => {
    let combined = weigh(score, smallest.weight);
    for (const other of others) {
      const otherScore = scoreIn(other, member);
      if (otherScore === undefined) return true;
      combined = combine(aggregate, combined, otherScore * other.weight);
    }
    return visit(member, combined);
  });
}

/** Smallest first; sums of doubles depend on the order, so it is Redis's. */
function bySize(operands: readonly Operand[]): Operand[] {
  return [...operands].sort((a, b) => (a.value?.size ?? 0) - (b.value?.size ?? 0));
}

function forEachMember({ value }: Operand, visit: (member: string, score: number) => boolean): void {
  if (value === null) return;
  if (value.type === 'zset') {
    value.walk(0, 1, visit);
    return;
  }
  for (let position = 0; position < value.size; position++) {
    if (!visit(value.at(position), 1)) return;
  }
}

function scoreIn({ value }: Operand, member: string): number | undefined {
  if (value === null) return undefined;
  if (value.type === 'zset') return value.score(member);
  return value.has(member) ? 1 : undefined;
}

/** Infinity times zero is taken for zero. */
function weigh(score: number, weight: number): number {
  const weighted = score * weight;
  return Number.isNaN(weighted) ? 0 : weighted;
}

function combine(aggregate: Aggregate, a: number, b: number): number {
  switch (aggregate) {
    case 'sum': {
      // Infinities of both signs cancel out.
      const sum = a + b;
      return Number.isNaN(sum) ? 0 : sum;
    }
    case 'min':
      return b < a ? b : a;
    case 'max':
      return b > a ? b : a;
  }
}
