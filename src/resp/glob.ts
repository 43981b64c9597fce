/**
 * Redis's glob patterns over bytes: `*`, `?`, `[a-z]`, `[^a]`, backslash escapes.
 *
 * A match takes at most pattern length x text length steps: after a `*`, only the last one is ever gone back to.
 * Two accidents of Redis's matcher are left out: that nothing but an empty pattern matches an empty text, and that
 * ranges take bytes above 0x7F for negative numbers where C's characters are signed.
 */

/** A pattern that gets past more asterisks than this matches nothing: Redis's protection against abusive ones. */
const MAX_ASTERISKS = 1000;

/** Whether the whole text matches the pattern; `ignoreCase` folds A-Z. */
export function matchesGlob(pattern: string, text: string, ignoreCase = false): boolean {
  let p = 0;
  let t = 0;
  let starAt = -1;
  let starText = 0;
  let asterisks = 0;
  while (t < text.length) {
    const step =
      p < pattern.length && pattern.charCodeAt(p) !== 42
        ? matchOne(pattern, p, text.charCodeAt(t), ignoreCase)
        : -1;
    if (step >= 0) {
      p = step;
      t++;
    } else if (p < pattern.length && pattern.charCodeAt(p) === 42) {
      if (pattern.charCodeAt(p - 1) !== 42 && ++asterisks > MAX_ASTERISKS) return false;
      starAt = p++;
      starText = t;
    } else if (starAt >= 0) {
      p = starAt + 1;
      t = ++starText;
    } else {
      return false;
    }
  }
  while (p < pattern.length && pattern.charCodeAt(p) === 42) p++;
  return p === pattern.length;
}

/** Matches one byte against the pattern element at `p`; returns the position after the element, or -1. */
function matchOne(pattern: string, p: number, byte: number, ignoreCase: boolean): number {
  const code = pattern.charCodeAt(p);
  if (code === 63) return p + 1;
  if (code === 91) return matchClass(pattern, p + 1, byte, ignoreCase);
  if (code === 92 && p + 1 < pattern.length) {
    return sameByte(pattern.charCodeAt(p + 1), byte, ignoreCase) ? p + 2 : -1;
  }
  return sameByte(code, byte, ignoreCase) ? p + 1 : -1;
}

function matchClass(pattern: string, start: number, byte: number, ignoreCase: boolean): number {
  let p = start;
  const negated = pattern.charCodeAt(p) === 94;
  if (negated) p++;
  let matched = false;
  const wanted = fold(byte, ignoreCase);
  for (; p < pattern.length && pattern.charCodeAt(p) !== 93; p++) {
    if (pattern.charCodeAt(p) === 92 && p + 1 < pattern.length) {
      p++;
      if (pattern.charCodeAt(p) === byte) matched = true;
    } else if (pattern.charCodeAt(p + 1) === 45 && p + 2 < pattern.length) {
      const from = pattern.charCodeAt(p);
      const to = pattern.charCodeAt(p + 2);
      const low = fold(Math.min(from, to), ignoreCase);
      const high = fold(Math.max(from, to), ignoreCase);
      if (wanted >= low && wanted <= high) matched = true;
      p += 2;
    } else if (fold(pattern.charCodeAt(p), ignoreCase) === wanted) {
      matched = true;
    }
  }
  const after = p < pattern.length ? p + 1 : p;
  return matched !== negated ? after : -1;
}

function sameByte(a: number, b: number, ignoreCase: boolean): boolean {
  return a === b || (ignoreCase && fold(a, true) === fold(b, true));
}

function fold(code: number, ignoreCase: boolean): number {
  return ignoreCase && code >= 65 && code <= 90 ? code + 32 : code;
}
