/** What a script returned, as the reply to its client. */
import type { ReplySink, ProtocolVersion } from '../resp/reply-sink.js';
import { toInt64 } from './lua/library/format.js';
import { formatGeneral } from './lua/numbers.js';
import { LuaTable } from './lua/table.js';
import type { LuaValue } from './lua/value.js';

/** Tables nested deeper than this are answered with an error in their place. */
const MAX_DEPTH = 1000;

/** @param scriptProtocol what the script asked for with redis.setresp: booleans are written differently */
export function writeResult(
  reply: ReplySink,
  value: LuaValue,
  scriptProtocol: ProtocolVersion,
  depth = 0,
): void {
  switch (typeof value) {
    case 'string':
      reply.bulk(value);
      return;
    case 'boolean':
      if (scriptProtocol === 3) reply.boolean(value);
      else if (value) reply.integer(1);
      else reply.nullBulk();
      return;
    case 'number':
      writeInteger(reply, value);
      return;
    default:
      if (value instanceof LuaTable) writeTable(reply, value, scriptProtocol, depth);
      else reply.nullBulk();
  }
}

function writeInteger(reply: ReplySink, value: number): void {
  const whole = Math.trunc(value);
  if (Number.isSafeInteger(whole)) reply.integer(whole === 0 ? 0 : whole);
  else reply.bigInteger(toInt64(value));
}

function writeTable(reply: ReplySink, table: LuaTable, scriptProtocol: ProtocolVersion, depth: number): void {
  if (depth > MAX_DEPTH) {
    reply.error('ERR reached lua stack limit');
    return;
  }
  const error = table.getString('err');
  if (typeof error === 'string') {
    reply.error(withoutDash(error));
    return;
  }
  const status = table.getString('ok');
  if (typeof status === 'string') {
    reply.simple(status.replace(/[\r\n]/g, ' '));
    return;
  }
  const double = table.getString('double');
  if (typeof double === 'number') {
    reply.double(double);
    return;
  }
  const map = table.getString('map');
  if (map instanceof LuaTable) {
    reply.mapHeader(map.entryCount);
    map.forEach((key, element) => {
      writeResult(reply, key, scriptProtocol, depth + 1);
      writeResult(reply, element, scriptProtocol, depth + 1);
    });
    return;
  }
  const set = table.getString('set');
  if (set instanceof LuaTable) {
    reply.setHeader(set.entryCount);
    set.forEach((key) => writeResult(reply, key, scriptProtocol, depth + 1));
    return;
  }
  const bigNumber = table.getString('big_number');
  if (typeof bigNumber === 'string') {
    reply.bigNumber(bigNumber.replace(/[\r\n]/g, ' '));
    return;
  }
  if (!writeVerbatim(reply, table.getString('verbatim_string'))) {
    writeArray(reply, table, scriptProtocol, depth);
  }
}

function writeVerbatim(reply: ReplySink, verbatim: LuaValue): boolean {
  if (!(verbatim instanceof LuaTable)) return false;
  const format = verbatim.getString('format');
  const text = verbatim.getString('string');
  if (typeof format !== 'string' || typeof text !== 'string') return false;
  reply.verbatim(format.slice(0, 3).padEnd(3), text);
  return true;
}

/** Elements up to the first nil. */
function writeArray(reply: ReplySink, table: LuaTable, scriptProtocol: ProtocolVersion, depth: number): void {
  const elements: LuaValue[] = [];
  for (let i = 1; ; i++) {
    const element = table.get(i);
    if (element === undefined) break;
    elements.push(element);
  }
  reply.arrayHeader(elements.length);
  for (const element of elements) writeResult(reply, element, scriptProtocol, depth + 1);
}

/** Scripts may write the dash that the wire has. */
function withoutDash(text: string): string {
  return text.startsWith('-') ? text.slice(1) : text;
}

/** An argument of redis.call as bytes: numbers as Redis writes them; undefined: neither string nor number. */
export function argumentBytes(value: LuaValue): string | undefined {
  if (typeof value === 'string') return value;
  if (typeof value !== 'number') return undefined;
  const isWhole = Number.isInteger(value) && Math.abs(value) < 2 ** 63;
  return isWhole ? BigInt(value).toString() : formatGeneral(value, 17);
}
