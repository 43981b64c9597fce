/** Directives about who may do what. */

import type { Directive, DirectiveTable, Effect } from '../directive.js';
import { SAFE_MAX, choice, integer, optionalText, text } from '../value-types.js';

const whoMay = (effect: Effect = 'full'): Directive<'no' | 'yes' | 'local'> =>
  choice(['no', 'yes', 'local'], 'no', { immutable: true, effect });

export const securityDirectives = {
  requirepass: optionalText({ sensitive: true }),
  aclfile: text({ immutable: true }),
  'acl-pubsub-default': choice(['allchannels', 'resetchannels'], 'resetchannels'),
  'acllog-max-len': integer({ default: 128, min: 0, max: SAFE_MAX }),
  'enable-protected-configs': whoMay(),
  'enable-debug-command': whoMay(),
  'enable-module-command': whoMay('none'),
} satisfies DirectiveTable;
