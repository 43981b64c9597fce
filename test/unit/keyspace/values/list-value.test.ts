import fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { Deque } from '../../../../src/keyspace/values/deque.js';
import { DEFAULT_ENCODING_LIMITS } from '../../../../src/keyspace/values/encoding-limits.js';
import { ListValue } from '../../../../src/keyspace/values/list-value.js';

const limits = DEFAULT_ENCODING_LIMITS;

function listOf(elements: readonly string[], own = limits): ListValue {
  const list = new ListValue(own);
  for (const element of elements) list.pushTail(element);
  return list;
}

function numbers(count: number): string[] {
  return Array.from({ length: count }, (_, i) => `element ${i}`);
}

function contentsOf(list: ListValue): string[] {
  return list.range(0, list.length - 1);
}

describe('Deque', () => {
  it('behaves as an array does', () => {
    const operation = fc.record({
      kind: fc.constantFrom(
        'pushBack',
        'pushFront',
        'popBack',
        'popFront',
        'insert',
        'remove',
        'set',
        'keep',
      ),
      at: fc.nat(),
      value: fc.nat(),
    });
    fc.assert(
      fc.property(fc.array(operation, { maxLength: 400, size: 'max' }), (operations) => {
        const deque = new Deque<number>();
        const model: number[] = [];
        for (const { kind, at, value } of operations) {
          const index = model.length === 0 ? 0 : at % model.length;
          if (kind === 'pushBack') {
            deque.pushBack(value);
            model.push(value);
          } else if (kind === 'pushFront') {
            deque.pushFront(value);
            model.unshift(value);
          } else if (kind === 'popBack') {
            expect(deque.popBack()).toBe(model.pop());
          } else if (kind === 'popFront') {
            expect(deque.popFront()).toBe(model.shift());
          } else if (kind === 'insert') {
            deque.insert(at % (model.length + 1), value);
            model.splice(at % (model.length + 1), 0, value);
          } else if (model.length > 0 && kind === 'remove') {
            expect(deque.remove(index)).toBe(model.splice(index, 1)[0]);
          } else if (model.length > 0 && kind === 'set') {
            deque.set(index, value);
            model[index] = value;
          } else if (kind === 'keep' && at % 10 === 0) {
            const count = Math.floor((model.length - index) / 2);
            deque.keep(index, count);
            model.splice(index + count);
            model.splice(0, index);
          }
          expect(deque.toArray()).toEqual(model);
        }
      }),
    );
  });
});

describe('ListValue', () => {
  it('behaves as an array does, and a view of it never changes', () => {
    const word = fc.constantFrom('a', 'b', 'c', 'dd', '7');
    const operation = fc.record({
      kind: fc.constantFrom('head', 'tail', 'popHead', 'popTail', 'set', 'insert', 'equal', 'trim', 'freeze'),
      at: fc.nat(),
      element: word,
      count: fc.integer({ min: -3, max: 3 }),
    });
    fc.assert(
      fc.property(
        fc.nat(700),
        fc.array(operation, { maxLength: 120, size: 'max' }),
        (initial, operations) => {
          const model = Array.from({ length: initial }, (_, i) => 'abcd'[i % 4]);
          const list = listOf(model);
          const views: [() => string[], string[]][] = [];
          for (const { kind, at, element, count } of operations) {
            const index = model.length === 0 ? 0 : at % model.length;
            if (kind === 'head') {
              list.pushHead(element);
              model.unshift(element);
            } else if (kind === 'tail') {
              list.pushTail(element);
              model.push(element);
            } else if (kind === 'popHead') {
              expect(list.popHead()).toBe(model.shift());
            } else if (kind === 'popTail') {
              expect(list.popTail()).toBe(model.pop());
            } else if (kind === 'set') {
              expect(list.set(index, element)).toBe(model.length > 0);
              if (model.length > 0) model[index] = element;
            } else if (kind === 'insert') {
              list.insert(index, element);
              model.splice(index, 0, element);
            } else if (kind === 'equal') {
              expect(list.removeEqual(element, count)).toBe(removeEqual(model, element, count));
            } else if (kind === 'trim' && at % 20 === 0) {
              const kept = Math.ceil((model.length - index) * 0.8);
              list.trim(index, kept);
              model.splice(index + kept);
              model.splice(0, index);
            } else if (kind === 'freeze') {
              const view = list.freeze();
              expect(view.length).toBe(model.length);
              views.push([
                () => Array.from({ length: view.pieceCount }, (_, i) => view.piece(i)).flat(),
                [...model],
              ]);
            }
            expect(list.length).toBe(model.length);
            expect(list.at(index)).toBe(model[index]);
          }
          expect(contentsOf(list)).toEqual(model);
          expect(contentsOf(list.copy())).toEqual(model);
          for (const [contents, then] of views) expect(contents()).toEqual(then);
        },
      ),
      { numRuns: 60 },
    );
  });

  it('is walked from any place in both directions, as far as the visitor wants', () => {
    const list = listOf(numbers(1000));
    const forwards: [string, number][] = [];
    list.walk(500, 1, (element, index) => forwards.push([element, index]) < 3);
    expect(forwards).toEqual([
      ['element 500', 500],
      ['element 501', 501],
      ['element 502', 502],
    ]);
    const backwards: number[] = [];
    list.walk(999, -1, (_element, index) => backwards.push(index) > 0);
    expect(backwards).toEqual(Array.from({ length: 1000 }, (_, i) => 999 - i));
  });

  it('is a listpack up to 8 KiB, and one again only at half of that', () => {
    // An element of 98 bytes takes 100 in a listpack, whose header and end take 7.
    const list = listOf([]);
    while (list.length < 81) list.pushTail('x'.repeat(98));
    expect(list.encoding).toBe('listpack');
    list.pushTail('x'.repeat(98));
    expect(list.encoding).toBe('quicklist');
    while (list.length > 41) list.popHead();
    expect(list.encoding).toBe('quicklist');
    list.popHead();
    expect(list.encoding).toBe('listpack');
  });

  it('follows a limit on the number of elements, too', () => {
    const list = listOf(['1', '2', '3', '4'], { ...limits, listMaxListpackSize: 4 });
    expect(list.encoding).toBe('listpack');
    list.pushTail('5');
    expect(list.encoding).toBe('quicklist');
    list.popTail();
    list.popTail();
    expect(list.encoding).toBe('quicklist');
    list.popTail();
    expect(list.encoding).toBe('listpack');
    expect(listOf(['x'.repeat(9000)], { ...limits, listMaxListpackSize: 4 }).encoding).toBe('quicklist');
  });

  it('is chosen by size alone after loading', () => {
    const list = listOf(numbers(1000));
    while (list.length > 400) list.popHead();
    expect(list.encoding).toBe('quicklist');
    list.settleEncoding();
    expect(list.encoding).toBe('listpack');
  });

  it('accounts for the memory of what it holds', () => {
    const list = listOf(numbers(10_000));
    const full = list.memoryBytes;
    expect(full).toBeGreaterThan(10_000 * 20);
    expect(full).toBeLessThan(10_000 * 50);
    while (list.length > 0) list.popTail();
    expect(list.memoryBytes).toBeLessThan(500);
  });
});

function removeEqual(model: string[], element: string, count: number): number {
  let removed = 0;
  const limit = count === 0 ? Infinity : Math.abs(count);
  const places = model.map((other, i) => (other === element ? i : -1)).filter((i) => i !== -1);
  const chosen = count < 0 ? places.slice(-limit) : places.slice(0, limit);
  for (const place of chosen.reverse()) {
    model.splice(place, 1);
    removed++;
  }
  return removed;
}
