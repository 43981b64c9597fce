/** The words of a user's declaration, with selectors that were split at their blanks put together again. */

export type JoinedRules =
  | { readonly kind: 'rules'; readonly rules: readonly string[] }
  /** `opening` is the word that opened the parenthesis. */
  | { readonly kind: 'unmatched'; readonly opening: string };

/** `(+get`, `~key)` becomes `(+get ~key)`. Whether what is inside makes sense is the selector's business. */
export function joinSelectors(words: readonly string[]): JoinedRules {
  const rules: string[] = [];
  let open: string | null = null;
  let opening = '';
  for (const word of words) {
    if (open === null && word.startsWith('(') && !word.endsWith(')')) {
      open = word;
      opening = word;
    } else if (open === null) {
      rules.push(word);
    } else {
      open += ` ${word}`;
      if (!word.endsWith(')')) continue;
      rules.push(open);
      open = null;
    }
  }
  return open === null ? { kind: 'rules', rules } : { kind: 'unmatched', opening };
}
