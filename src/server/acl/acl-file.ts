/**
 * The ACL file: one `user <name> <rules>` line per user. It is taken over as a whole or not at all; what is wrong
 * is said for every line, in Redis's words.
 */
import { splitWords } from '../../resp/ascii.js';
import { joinSelectors } from './rule-words.js';
import { ruleProblemText } from './rule-error.js';
import { hasBlanks } from './selector.js';
import { User, type RuleContext } from './user.js';

export type AclFileContents =
  | { readonly kind: 'users'; readonly users: ReadonlyMap<string, User> }
  | { readonly kind: 'errors'; readonly text: string };

const NOTHING_CHANGED =
  'WARNING: ACL errors detected, no change to the previously active ACL rules was performed';

/** Reads the text of an ACL file. `name` is how the file is called in error texts. */
export function readAclFile(text: string, name: string, context: RuleContext): AclFileContents {
  const users = new Map<string, User>();
  let errors = '';
  text.split('\n').forEach((rawLine, index) => {
    const line = rawLine.replace(/^[ \t\r\n]+|[ \t\r\n]+$/g, '');
    if (line === '' || line.startsWith('#')) return;
    errors += readLine(line, `${name}:${index + 1}`, index + 1, users, context);
  });
  if (errors === '') return { kind: 'users', users };
  return { kind: 'errors', text: errors + NOTHING_CHANGED };
}

/** The text of an ACL file with these users. */
export function writeAclFile(users: Iterable<User>): string {
  let text = '';
  for (const user of users) text += `user ${user.name} ${user.describe()}\n`;
  return text;
}

/** Adds the user of one line; returns what is wrong with it, empty when nothing is. */
function readLine(
  line: string,
  place: string,
  lineNumber: number,
  users: Map<string, User>,
  context: RuleContext,
): string {
  const words = splitWords(line);
  if (words === null) return `${place}: unbalanced quotes in acl line. `;
  const [keyword, username, ...rest] = words;
  if (keyword !== 'user' || username === undefined) {
    return `${place} should start with user keyword followed by the username. `;
  }
  if (hasBlanks(username)) return `${place}: username '${username}' contains invalid characters. `;
  if (users.has(username)) return `WARNING: Duplicate user '${username}' found on line ${lineNumber}. `;
  const user = User.create(username, context);
  users.set(username, user);
  const joined = joinSelectors(rest);
  if (joined.kind === 'unmatched') return `${place}: Unmatched parenthesis in selector definition.`;
  let errors = '';
  for (const rule of joined.rules) {
    const problem = user.apply(rule, context);
    if (problem === null) continue;
    const offender = problem === 'unknown-command' ? `Error in applying operation '${rule}': ` : '';
    errors += `${place}: ${offender}${ruleProblemText(problem)}. `;
  }
  return errors;
}
