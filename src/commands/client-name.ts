/** What clients may call themselves and their library. */

/** Names appear in CLIENT LIST between blanks, so they are printable and without blanks. The error, or null. */
export function nameProblem(what: string, name: string): string | null {
  for (let i = 0; i < name.length; i++) {
    const code = name.charCodeAt(i);
    if (code < 0x21 || code > 0x7e) {
      return `ERR ${what} cannot contain spaces, newlines or special characters.`;
    }
  }
  return null;
}
