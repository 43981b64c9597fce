/** Directives about who may do what. */

import type { DirectiveTable } from '../directive.js';
import { SAFE_MAX, choice, integer, optionalText, text } from '../value-types.js';

const whoMay = (): ReturnType<typeof choice<'no' | 'yes' | 'local'>> =>
  choice(['no', 'yes', 'local'], 'no', { immutable: true });

export const securityDirectives = {
  requirepass: optionalText({ sensitive: true }),
  aclfile: text({ immutable: true, effect: 'pending' }),
  'acl-pubsub-default': choice(['allchannels', 'resetchannels'], 'resetchannels'),
  'acllog-max-len': integer({ default: 128, min: 0, max: SAFE_MAX }),
  'enable-protected-configs': whoMay(),
  'enable-debug-command': whoMay(),
  'enable-module-command': whoMay(),
} satisfies DirectiveTable;
