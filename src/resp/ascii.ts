/**
 * Text operations on byte strings (JavaScript strings holding one latin1 byte per character).
 *
 * JavaScript's own `toLowerCase`, `trim`, `Number`, `\s` and `/i` are Unicode-aware and change bytes such as
 * 0xB5, 0xDF or 0xA0, so bytes from a client only ever meet the functions of this file and of numbers.ts.
 */

const UPPER_A = 65;
const UPPER_Z = 90;
const LOWER_A = 97;
const LOWER_Z = 122;

/** Lower-cases A-Z and nothing else. Returns the same string when there is nothing to change. */
export function toLowerAscii(text: string): string {
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    if (code >= UPPER_A && code <= UPPER_Z) return lowerFrom(text, i);
  }
  return text;
}

function lowerFrom(text: string, start: number): string {
  let out = text.slice(0, start);
  for (let i = start; i < text.length; i++) {
    const code = text.charCodeAt(i);
    out += code >= UPPER_A && code <= UPPER_Z ? String.fromCharCode(code + 32) : text[i];
  }
  return out;
}

/** Upper-cases a-z and nothing else. */
export function toUpperAscii(text: string): string {
  let out = '';
  for (let i = 0; i < text.length; i++) {
    const code = text.charCodeAt(i);
    out += code >= LOWER_A && code <= LOWER_Z ? String.fromCharCode(code - 32) : text[i];
  }
  return out;
}

/** Compares with a lower-case ASCII word, ignoring the case of A-Z in `text`. Allocates nothing. */
export function isWord(text: string, lowerCaseWord: string): boolean {
  if (text.length !== lowerCaseWord.length) return false;
  for (let i = 0; i < text.length; i++) {
    let code = text.charCodeAt(i);
    if (code >= UPPER_A && code <= UPPER_Z) code += 32;
    if (code !== lowerCaseWord.charCodeAt(i)) return false;
  }
  return true;
}

/** Orders two byte strings as memcmp does. */
export function compareBytes(a: string, b: string): number {
  return a < b ? -1 : a > b ? 1 : 0;
}

/** Text from outside (files, the embedding API) as bytes: its UTF-8 encoding, one byte per character. */
export function bytesFromText(text: string): string {
  for (let i = 0; i < text.length; i++) {
    if (text.charCodeAt(i) > 0x7f) return Buffer.from(text, 'utf8').latin1Slice();
  }
  return text;
}

/** Bytes as text for people; malformed UTF-8 shows replacement characters. */
export function textFromBytes(bytes: string): string {
  for (let i = 0; i < bytes.length; i++) {
    if (bytes.charCodeAt(i) > 0x7f) return Buffer.from(bytes, 'latin1').toString('utf8');
  }
  return bytes;
}

/**
 * Quotes bytes the way Redis prints them in MONITOR, SLOWLOG and error texts: printable ASCII as it is,
 * the rest as \n, \r, \t, \a, \b or \xHH.
 */
export function quoteBytes(bytes: string): string {
  let out = '"';
  for (let i = 0; i < bytes.length; i++) {
    const code = bytes.charCodeAt(i);
    if (code === 0x5c || code === 0x22) out += '\\' + bytes[i];
    else if (code === 0x0a) out += '\\n';
    else if (code === 0x0d) out += '\\r';
    else if (code === 0x09) out += '\\t';
    else if (code === 0x07) out += '\\a';
    else if (code === 0x08) out += '\\b';
    else if (code >= 0x20 && code < 0x7f) out += bytes[i];
    else out += '\\x' + (code < 16 ? '0' : '') + code.toString(16);
  }
  return out + '"';
}

function isBlank(code: number): boolean {
  return code === 0x20 || (code >= 0x09 && code <= 0x0d);
}

/** What ends a word outside quotes: of the blanks, vertical tab and form feed do not. */
function endsWord(code: number): boolean {
  return code === 0x20 || code === 0x09 || code === 0x0a || code === 0x0d || code === 0;
}

function hexDigit(code: number): number {
  if (code >= 48 && code <= 57) return code - 48;
  if (code >= 97 && code <= 102) return code - 87;
  if (code >= 65 && code <= 70) return code - 55;
  return -1;
}

/**
 * Splits a line into words as Redis's inline commands and configuration files do: blanks separate, double
 * quotes with escapes (\n \r \t \b \a \xHH), single quotes with \' only. Returns null for unbalanced quotes
 * or a closing quote that is not followed by a blank.
 */
export function splitWords(line: string): string[] | null {
  const words: string[] = [];
  let i = 0;
  for (;;) {
    while (i < line.length && (isBlank(line.charCodeAt(i)) || line.charCodeAt(i) === 0)) i++;
    if (i >= line.length) return words;
    let word = '';
    let quote = 0;
    for (;;) {
      const code = i < line.length ? line.charCodeAt(i) : -1;
      if (quote === 0) {
        if (code === -1 || endsWord(code)) break;
        if (code === 0x22 || code === 0x27) quote = code;
        else word += line[i];
        i++;
        continue;
      }
      if (code === -1) return null;
      if (code === quote) {
        const following = i + 1 < line.length ? line.charCodeAt(i + 1) : 0x20;
        if (!isBlank(following)) return null;
        i++;
        quote = 0;
        break;
      }
      if (code !== 0x5c) {
        word += line[i++];
        continue;
      }
      const escaped = i + 1 < line.length ? line.charCodeAt(i + 1) : -1;
      if (quote === 0x27) {
        if (escaped === 0x27) {
          word += "'";
          i += 2;
        } else {
          word += line[i++];
        }
        continue;
      }
      const high = escaped === 0x78 ? hexDigit(line.charCodeAt(i + 2)) : -1;
      const low = high >= 0 ? hexDigit(line.charCodeAt(i + 3)) : -1;
      if (low >= 0) {
        word += String.fromCharCode(high * 16 + low);
        i += 4;
      } else if (escaped === -1) {
        return null;
      } else {
        word += unescape(escaped);
        i += 2;
      }
    }
    words.push(word);
  }
}

function unescape(code: number): string {
  switch (code) {
    case 0x6e:
      return '\n';
    case 0x72:
      return '\r';
    case 0x74:
      return '\t';
    case 0x62:
      return '\b';
    case 0x61:
      return '\x07';
    default:
      return String.fromCharCode(code);
  }
}
