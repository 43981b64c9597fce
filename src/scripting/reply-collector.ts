/**
 * The reply of a command that a script calls, as Lua values: what the handler writes becomes strings, numbers and
 * tables right away, without RESP in between. Which shape depends on the protocol the script asked for.
 */
import { OutputBuffer, type ChunkPool } from '../resp/output-buffer.js';
import { formatDouble } from '../resp/numbers.js';
import type { Heap } from './lua/heap.js';
import { LuaTable } from './lua/table.js';
import type { LuaValue } from './lua/value.js';

/** A container whose elements are still to come. */
interface Container {
  readonly table: LuaTable;
  readonly kind: 'array' | 'map' | 'set' | 'attribute';
  /** Elements that are missing; a map's keys and values count each. */
  missing: number;
  /** The key whose value comes next. */
  key: LuaValue;
  hasKey: boolean;
  /** What the container is wrapped in when it is complete. */
  readonly result: LuaTable;
}

export class ReplyCollector extends OutputBuffer {
  private value: LuaValue = undefined;
  private containers: Container[] = [];

  constructor(
    pool: ChunkPool,
    private readonly heap: Heap,
  ) {
    super(pool);
  }

  /** The reply; the collector is empty then. */
  takeValue(): LuaValue {
    const { value } = this;
    this.value = undefined;
    this.containers.length = 0;
    return value;
  }

  override ok(): void {
    this.simple('OK');
  }

  override simple(text: string): void {
    this.put(this.wrapped('ok', text));
  }

  override error(text: string): void {
    this.errorCount++;
    this.lastError = text;
    const table = this.wrapped('err', text.replace(/[\r\n]/g, ' '));
    table.set('ignore_error_stats_update', true);
    this.put(table);
  }

  override integer(value: number): void {
    this.put(value);
  }

  override bigInteger(value: bigint): void {
    this.put(Number(value));
  }

  override bulk(bytes: string): void {
    this.heap.madeBytes += bytes.length;
    this.put(bytes);
  }

  override bulkBuffer(bytes: Buffer): void {
    this.bulk(bytes.latin1Slice());
  }

  override bulkInteger(value: number): void {
    this.put(String(value));
  }

  override nullBulk(): void {
    this.put(this.protocol === 2 ? false : undefined);
  }

  override nullArray(): void {
    this.nullBulk();
  }

  override boolean(value: boolean): void {
    if (this.protocol === 2) this.put(value ? 1 : 0);
    else this.put(value);
  }

  override double(value: number): void {
    this.put(this.protocol === 2 ? formatDouble(value) : this.wrapped('double', value));
  }

  override bigNumber(digits: string): void {
    this.put(this.protocol === 2 ? digits : this.wrapped('big_number', digits));
  }

  override verbatim(format: string, text: string): void {
    if (this.protocol === 2) {
      this.put(text);
      return;
    }
    const table = this.wrapped('string', text);
    table.set('format', format);
    this.put(this.wrapped('verbatim_string', table));
  }

  override arrayHeader(count: number): void {
    const table = new LuaTable(this.heap);
    this.open('array', table, table, count);
  }

  override mapHeader(pairCount: number): void {
    if (this.protocol === 2) {
      this.arrayHeader(pairCount * 2);
      return;
    }
    const table = new LuaTable(this.heap);
    this.open('map', table, this.wrapped('map', table), pairCount * 2);
  }

  override setHeader(count: number): void {
    if (this.protocol === 2) {
      this.arrayHeader(count);
      return;
    }
    const table = new LuaTable(this.heap);
    this.open('set', table, this.wrapped('set', table), count);
  }

  override pushHeader(count: number): void {
    this.arrayHeader(count);
  }

  /** Attributes are read over. */
  override attributeHeader(pairCount: number): void {
    const table = new LuaTable(this.heap);
    this.open('attribute', table, table, pairCount * 2);
  }

  /** RESP that a handler wrote by itself: one double or one null. */
  override raw(bytes: string): void {
    if (bytes.startsWith(',')) this.put(this.wrapped('double', Number(bytes.slice(1, -2))));
    else this.nullBulk();
  }

  override append(bytes: Buffer): void {
    this.raw(bytes.latin1Slice());
  }

  override clear(): void {
    this.takeValue();
  }

  private wrapped(name: string, value: LuaValue): LuaTable {
    const table = new LuaTable(this.heap);
    table.set(name, value);
    return table;
  }

  private open(kind: Container['kind'], table: LuaTable, result: LuaTable, missing: number): void {
    if (missing > 0) {
      this.containers.push({ table, kind, missing, key: undefined, hasKey: false, result });
    } else if (kind !== 'attribute') this.put(result);
  }

  /** A complete element: it goes into the innermost container, or is the reply. */
  private put(element: LuaValue): void {
    const { containers } = this;
    const container = containers[containers.length - 1];
    if (container === undefined) {
      this.value = element;
      return;
    }
    const { table, kind } = container;
    container.missing--;
    if (kind === 'array') this.putAt(table, container, element);
    else if (kind === 'set') {
      if (element !== undefined) table.set(element, true);
    } else if (container.hasKey) {
      if (container.key !== undefined) table.set(container.key, element);
      container.hasKey = false;
    } else {
      container.key = element;
      container.hasKey = true;
    }
    if (container.missing > 0) return;
    containers.pop();
    if (kind !== 'attribute') this.put(container.result);
  }

  /** Nil elements leave their place empty. */
  private putAt(table: LuaTable, container: Container, element: LuaValue): void {
    const position = typeof container.key === 'number' ? container.key + 1 : 1;
    container.key = position;
    if (element !== undefined) table.set(position, element);
  }
}
