/**
 * Builds values piece by piece as their bytes arrive. A piece (an element, a node) is read whole or not at all: a
 * step reads everything it needs before it changes anything, because it may be interrupted by UNDERFLOW and
 * run again. Stock's checks hold: no duplicates, no NaN scores, pairs complete.
 */

import { HashValue } from '../../keyspace/values/hash-value.js';
import { ListValue } from '../../keyspace/values/list-value.js';
import { SetValue } from '../../keyspace/values/set-value.js';
import { SortedSetValue } from '../../keyspace/values/sorted-set-value.js';
import type { EncodingLimits, Value } from '../../keyspace/values/value.js';
import { parseDouble } from '../../resp/numbers.js';
import { corrupt, unsupported } from './errors.js';
import { ListContainer, ValueTypeCode } from './format.js';
import type { RdbInput } from './input.js';
import { readIntset, readListpack, readZiplist, readZipmap, type PackedElement } from './packed-encodings.js';
import { StreamBuilder } from './stream-builder.js';

export interface ValueBuilder {
  /** Reads the next piece; true when the value is complete. */
  step(input: RdbInput): boolean;
  /** The finished value; null for a collection without elements. */
  value(): Value | null;
}

/** A builder for a type byte. Throws MalformedPart for types that do not exist or cannot be held. */
export function builderFor(type: ValueTypeCode, limits: EncodingLimits): ValueBuilder {
  switch (type) {
    case ValueTypeCode.String:
      return new StringBuilder();
    case ValueTypeCode.List:
      return new ListBuilder(limits, (list, input) => list.pushTail(input.string()));
    case ValueTypeCode.ListQuicklist:
      return new ListBuilder(limits, (list, input) =>
        pushAll(list, readZiplist(input.blob(), 'Quicklist ziplist')),
      );
    case ValueTypeCode.ListQuicklist2:
      return new ListBuilder(limits, readQuicklistNode);
    case ValueTypeCode.ListZiplist:
      return new BlobBuilder((blob) => listOf(readZiplist(blob, 'List ziplist'), limits));
    case ValueTypeCode.Set:
      return new SetBuilder(limits);
    case ValueTypeCode.SetIntset:
      return new BlobBuilder((blob) => setOf(readIntset(blob), 'Intset', new SetValue(limits)));
    case ValueTypeCode.SetListpack:
      return new BlobBuilder((blob) =>
        setOf(readListpack(blob, 'Set listpack'), 'Set listpack', SetValue.expecting('', 0, limits)),
      );
    case ValueTypeCode.SortedSet:
      return new SortedSetBuilder(limits, readOldScore);
    case ValueTypeCode.SortedSet2:
      return new SortedSetBuilder(limits, (input) => input.double());
    case ValueTypeCode.SortedSetZiplist:
      return new BlobBuilder((blob) =>
        sortedSetOf(readZiplist(blob, 'Zset ziplist'), 'Zset ziplist', limits),
      );
    case ValueTypeCode.SortedSetListpack:
      return new BlobBuilder((blob) =>
        sortedSetOf(readListpack(blob, 'Zset listpack'), 'Zset listpack', limits),
      );
    case ValueTypeCode.Hash:
      return new HashBuilder(limits, 'none');
    case ValueTypeCode.HashMetadataPreRelease:
      return new HashBuilder(limits, 'field times');
    case ValueTypeCode.HashMetadata:
      return new HashBuilder(limits, 'field times after the first');
    case ValueTypeCode.HashZipmap:
      return new BlobBuilder((blob) => hashOf(readZipmap(blob), 'Zipmap', 2, limits));
    case ValueTypeCode.HashZiplist:
      return new BlobBuilder((blob) => hashOf(readZiplist(blob, 'Hash ziplist'), 'Hash ziplist', 2, limits));
    case ValueTypeCode.HashListpack:
      return new BlobBuilder((blob) =>
        hashOf(readListpack(blob, 'Hash listpack'), 'Hash listpack', 2, limits),
      );
    case ValueTypeCode.HashListpackExPreRelease:
      return new BlobBuilder((blob) =>
        hashOf(readListpack(blob, 'Hash listpack'), 'Hash listpack', 3, limits),
      );
    case ValueTypeCode.HashListpackEx:
      return new BlobBuilder(
        (blob) => hashOf(readListpack(blob, 'Hash listpack'), 'Hash listpack', 3, limits),
        8,
      );
    case ValueTypeCode.Stream:
      return new StreamBuilder(limits, 1);
    case ValueTypeCode.Stream2:
      return new StreamBuilder(limits, 2);
    case ValueTypeCode.Stream3:
      return new StreamBuilder(limits, 3);
    case ValueTypeCode.ModulePreRelease:
      return unsupported('The value belongs to a module of a Redis pre-release');
    case ValueTypeCode.Module:
      return unsupported('The value belongs to a module');
    default:
      return corrupt(`Unknown RDB encoding type ${String(type)}`);
  }
}

class StringBuilder implements ValueBuilder {
  private result: Value = '';

  step(input: RdbInput): boolean {
    this.result = input.stringValue();
    return true;
  }

  value(): Value {
    return this.result;
  }
}

/** A value that is one string with a packed form inside, after some bytes that need not be kept. */
class BlobBuilder implements ValueBuilder {
  private result: Value | null = null;

  constructor(
    private readonly decode: (blob: Buffer) => Value | null,
    private readonly skippedBytes = 0,
  ) {}

  step(input: RdbInput): boolean {
    input.skip(this.skippedBytes);
    this.result = this.decode(input.blob());
    return true;
  }

  value(): Value | null {
    return this.result;
  }
}

/** A count and as many pieces. */
abstract class CountedBuilder implements ValueBuilder {
  private remaining = -1;

  step(input: RdbInput): boolean {
    if (this.remaining === -1) {
      this.remaining = this.begin(input);
    } else {
      this.readPiece(input);
      this.remaining--;
    }
    return this.remaining === 0;
  }

  abstract value(): Value | null;
  protected abstract readPiece(input: RdbInput): void;

  /** Reads what comes before the pieces and returns their number. */
  protected begin(input: RdbInput): number {
    return input.lengthOf();
  }
}

class ListBuilder extends CountedBuilder {
  private readonly list: ListValue;

  constructor(
    limits: EncodingLimits,
    private readonly read: (list: ListValue, input: RdbInput) => void,
  ) {
    super();
    this.list = new ListValue(limits);
  }

  protected readPiece(input: RdbInput): void {
    this.read(this.list, input);
  }

  value(): Value | null {
    this.list.settleEncoding();
    return this.list.length === 0 ? null : this.list;
  }
}

class SetBuilder extends CountedBuilder {
  private readonly set: SetValue;

  constructor(limits: EncodingLimits) {
    super();
    this.set = new SetValue(limits);
  }

  protected readPiece(input: RdbInput): void {
    if (!this.set.add(input.string())) corrupt('Duplicate set members detected');
  }

  value(): Value | null {
    return this.set.size === 0 ? null : this.set;
  }
}

class SortedSetBuilder extends CountedBuilder {
  private readonly set: SortedSetValue;

  constructor(
    limits: EncodingLimits,
    private readonly readScore: (input: RdbInput) => number,
  ) {
    super();
    this.set = new SortedSetValue(limits);
  }

  protected readPiece(input: RdbInput): void {
    const member = input.string();
    if (!addScored(this.set, member, this.readScore(input))) corrupt('Duplicate zset fields detected');
  }

  value(): Value | null {
    return this.set.size === 0 ? null : this.set;
  }
}

/** Where a hash with expiring fields stores its times. */
type FieldTimes = 'none' | 'field times' | 'field times after the first';

class HashBuilder extends CountedBuilder {
  private readonly hash: HashValue;

  constructor(
    limits: EncodingLimits,
    private readonly times: FieldTimes,
  ) {
    super();
    this.hash = new HashValue(limits);
  }

  protected override begin(input: RdbInput): number {
    if (this.times === 'field times after the first') input.skip(8);
    return input.lengthOf();
  }

  protected readPiece(input: RdbInput): void {
    const time = this.times === 'none' ? 0 : input.lengthOf();
    const field = input.string();
    const value = input.string();
    if (!addField(this.hash, field, value, time)) corrupt('Duplicate hash fields detected');
  }

  value(): Value | null {
    return this.hash.size === 0 ? null : this.hash;
  }
}

function readQuicklistNode(list: ListValue, input: RdbInput): void {
  const container = input.lengthOf();
  if ((container as ListContainer) === ListContainer.Plain) {
    const element = input.string();
    if (element === '') corrupt('Quicklist integrity check failed.');
    list.pushTail(element);
  } else if ((container as ListContainer) === ListContainer.Packed) {
    pushAll(list, readListpack(input.blob(), 'Quicklist listpack'));
  } else {
    corrupt('Quicklist integrity check failed.');
  }
}

function pushAll(list: ListValue, elements: readonly PackedElement[]): void {
  for (const element of elements) list.pushTail(String(element));
}

function listOf(elements: readonly PackedElement[], limits: EncodingLimits): ListValue | null {
  const list = new ListValue(limits);
  pushAll(list, elements);
  list.settleEncoding();
  return list.length === 0 ? null : list;
}

function setOf(members: readonly PackedElement[], name: string, set: SetValue): SetValue | null {
  for (const member of members) if (!set.add(String(member))) duplicateIn(name);
  return set.size === 0 ? null : set;
}

function sortedSetOf(
  elements: readonly PackedElement[],
  name: string,
  limits: EncodingLimits,
): SortedSetValue | null {
  if (elements.length % 2 !== 0) corrupt('Zset with a member without a score');
  const set = new SortedSetValue(limits);
  for (let i = 0; i < elements.length; i += 2) {
    const score = elements[i + 1];
    const member = String(elements[i]);
    if (!addScored(set, member, typeof score === 'string' ? parseDouble(score) : Number(score))) {
      duplicateIn(name);
    }
  }
  return set.size === 0 ? null : set;
}

/** False when the member is there already. */
function addScored(set: SortedSetValue, member: string, score: number): boolean {
  if (Number.isNaN(score)) corrupt('Zset with NAN score detected');
  return set.set(member, score) === 'added';
}

/** @param stride 2 for field and value, 3 when each is followed by its time. */
function hashOf(
  elements: readonly PackedElement[],
  name: string,
  stride: 2 | 3,
  limits: EncodingLimits,
): HashValue | null {
  if (elements.length % stride !== 0) corrupt('Hash with a field without a value');
  const hash = new HashValue(limits);
  for (let i = 0; i < elements.length; i += stride) {
    const time = stride === 3 ? Number(elements[i + 2]) : 0;
    if (!addField(hash, String(elements[i]), String(elements[i + 1]), time)) duplicateIn(name);
  }
  return hash.size === 0 ? null : hash;
}

/**
 * Fields with an expiry of their own came with Redis 7.4. This server has none, and a field that outlives its time
 * is wrong data, so such a hash is refused rather than loaded without the times. False when the field is there already.
 */
function addField(hash: HashValue, field: string, value: string, time: number): boolean {
  if (time !== 0) unsupported('A hash has a field that expires (Redis 7.4), which this server cannot hold');
  return hash.set(field, value);
}

/** A packed form is only whole if nothing is in it twice; the words are those that stock logs. */
function duplicateIn(name: string): never {
  const form = name.slice(name.lastIndexOf(' ') + 1).toLowerCase();
  corrupt(`${name} integrity check failed: ${form} with dup elements`);
}

function readOldScore(input: RdbInput): number {
  const length = input.byte();
  switch (length) {
    case 253:
      return NaN;
    case 254:
      return Infinity;
    case 255:
      return -Infinity;
    default:
      return parseDouble(input.rawText(length));
  }
}
