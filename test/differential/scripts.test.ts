/**
 * Scripts against a stock redis-server 7.0: generated ones over conversions, operators and errors, and a list of those
 * whose exact replies libraries rely on. What 7.2 has changed is left out where it is generated.
 */
import { afterAll, beforeAll, describe, expect, test } from 'vitest';
import { ErrorReply } from '../support/resp.js';
import { hasStockServer, OUR_SERVER, RunningServer, STOCK_SERVER } from '../support/running-server.js';

const SEED = 20_240_607;
const GENERATED = 400;

let servers: RunningServer[];

describe.skipIf(!hasStockServer)('ours and a stock server', () => {
  beforeAll(async () => {
    servers = await Promise.all([OUR_SERVER, STOCK_SERVER].map((program) => RunningServer.start(program)));
  });

  afterAll(async () => {
    await Promise.all((servers ?? []).map((server) => server.stop()));
  });

  /** Both replies to a script, as they are in RESP. */
  async function both(source: string, ...args: string[]): Promise<[ours: unknown, stock: unknown]> {
    const replies = await Promise.all(
      servers.map(async (server) => {
        const client = await server.connect();
        const reply = await client.call('eval', source, ...(args.length === 0 ? ['0'] : args));
        client.close();
        return reply;
      }),
    );
    return [replies[0], replies[1]];
  }

  test(`give the same for ${GENERATED} generated expressions`, async () => {
    const generator = new ExpressionGenerator(SEED);
    for (let i = 0; i < GENERATED; i++) {
      const source = `local a, b, t, s = 7, -2.5, {1, 2, {x = 'y'}, n = 4}, 'abc' return ${generator.expression(3)}`;
      const [ours, stock] = await both(source);
      expect(withoutNames(ours), source).toEqual(withoutNames(stock));
    }
  });

  test.each([
    'return {1.9, -1.9, "x", true, false, {ok = "fine"}, {err = "ERR no"}, nil, 1}',
    'return {double = 3.5}',
    'return 2^53, 2^63',
    'return tostring(2^63) .. tostring(-1e15) .. tostring(1e14) .. 0.1 .. 1/3',
    'return redis.call("nosuch")',
    'return redis.call("get")',
    'return redis.call({})',
    'return redis.call()',
    'return redis.pcall("incr", "a", "b", "c")',
    'redis.call("set", "k", 1.5) return redis.call("get", "k")',
    'redis.call("set", "k", 1e15) return redis.call("get", "k")',
    'return redis.error_reply("MY error")',
    'return redis.error_reply("word")',
    'return redis.status_reply("FINE")',
    'return redis.sha1hex("abc")',
    'error({err = "MY err"})',
    'error("text")',
    'local function f() error("deep", 2) end\n f()',
    'return {pcall(function() error({code = 1}) end)}',
    'return {pcall(redis.call, "get")}',
    'x = 1',
    'return x',
    'return cjson.encode({1, {a = "\\1\\"/"}, cjson.null, 0.1, 1e300})',
    'return cjson.decode("{\\"a\\": [1, 2.5, \\"\\\\u00e9\\"]}").a',
    'return cjson.decode("[1 2]")',
    'return cjson.decode("nope")',
    'return cmsgpack.pack({1, -1, 300, -300, 70000, 1.5, 0.1, "x", {a = 1}, true})',
    'return {cmsgpack.unpack("\\147\\1\\161x\\192")}',
    'return struct.pack(">Ihb!8dx", 1, -2, 3, 1.5)',
    'return {struct.unpack("<i4hz", "")}',
    'return {bit.band(0xffffffff, 255.5), bit.tohex(-1), bit.rol(1, 33)}',
    'return string.format("%5.1f|%-6s|%06d|%x|%c|%q|%g|%i", 3.14159, "ab", -42, 255, 65, "a\\nb", 1e20, 7.9)',
    'return {("a,b,,c"):find(",", 1, true), ("key=val"):match("(%w+)=(%w+)"), ("abc"):gsub("%w", "%0%0", 2)}',
    'return {string.byte("abc", -2, -1), ("x"):rep(3), ("abc"):reverse(), #"a\\0b"}',
    'return {tonumber("0x1f"), tonumber(" 5 "), tonumber("5x"), tonumber("11", 2), tonumber("1e1")}',
    'return table.concat({1, 2.5, "x"}, "-")',
    'return {select("#", nil, nil), select(-1, 1, 2, 3)}',
    'return {math.floor(-1.5), math.fmod(-7, 3), math.max(1, 3, 2), math.modf(2.5)}',
    'return unpack({1, 2, 3})',
    'return',
  ])('answer the same: %s', async (source) => {
    const [ours, stock] = await both(source);
    expect(ours).toEqual(stock);
  });

  test.each([
    'return 1 +',
    'if true then',
    'if true then\n\nelse',
    'for i = 1 do end',
    'local 1 = 2',
    'return "open',
    'return [[open',
    'x = }',
    'f(\n)\n(g)()',
    'goto done',
    'return 3..4',
    'break',
    '#!lua',
    '#!lua flags=unknown\nreturn 1',
    '#!python\nreturn 1',
  ])('refuse the same source: %s', async (source) => {
    const [ours, stock] = await both(source);
    expect(ours).toEqual(stock);
  });
});

/** Stock's guess at the name of a value that `and` or `or` chose depends on how it folded the constants. */
function withoutNames(reply: unknown): unknown {
  if (!(reply instanceof ErrorReply)) return reply;
  return reply.text.replace(/(?:local|field) '[^']*' \(a (\w+) value\)/, 'a $1 value');
}

/** Expressions over a few variables, most of which make sense and many of which fail. */
class ExpressionGenerator {
  constructor(private state: number) {}

  expression(depth: number): string {
    if (depth === 0)
      return this.pick([
        'a',
        'b',
        's',
        't',
        '1',
        '0.5',
        '"10"',
        '"x"',
        'nil',
        'true',
        't[1]',
        't.n',
        't[3].x',
        't.missing',
      ]);
    const inner = (): string => this.expression(depth - 1);
    switch (this.integer(12)) {
      case 0:
      case 1:
      case 2:
        return `(${inner()} ${this.pick(['+', '-', '*', '/', '%'])} ${inner()})`;
      case 3:
        return `(${inner()} .. ${inner()})`;
      case 4:
        return `(${inner()} ${this.pick(['==', '~=', '<', '<=', '>', '>='])} ${inner()})`;
      case 5:
        return `(${inner()} ${this.pick(['and', 'or'])} ${inner()})`;
      case 6:
        return `{${inner()}, ${inner()}}`;
      case 7:
        return `#${inner()}`;
      case 8:
        return `tostring(${this.pick(['a', 'b', 's', 'nil', 'true', '1e100', '-0.1'])})`;
      case 9:
        return `not ${inner()}`;
      case 10:
        return `type(${inner()})`;
      default:
        return `(${inner()})[${this.pick(['1', '"x"', '3'])}]`;
    }
  }

  private pick<T>(choices: readonly T[]): T {
    return choices[this.integer(choices.length)]!;
  }

  private integer(bound: number): number {
    this.state = (Math.imul(this.state, 1_103_515_245) + 12_345) & 0x7fffffff;
    return (this.state >>> 8) % bound;
  }
}
