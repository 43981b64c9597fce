/** What `ps` shows of this process: `proc-title-template`, filled in and kept up to date. */

import type { ServerConfig } from '../config/server-config.js';
import { expandTitleTemplate } from '../config/title-template.js';
import type { HostProcess } from '../platform/host-process.js';
import { textFromBytes } from '../resp/ascii.js';
import type { Service } from './service.js';

type Host = Pick<HostProcess, 'programName' | 'setTitle'>;

/** Sets the title, now and whenever what it shows changes. */
export function keepTitle(host: Host, config: ServerConfig, runningMode: Service['runningMode']): void {
  if (!config.values['set-proc-title']) return;
  const update = (): void => {
    const title = titleOf(host.programName, config, runningMode);
    if (title !== null) host.setTitle(textFromBytes(title));
  };
  update();
  for (const name of ['proc-title-template', 'port', 'bind'] as const) config.onChange(name, update);
}

function titleOf(
  programName: string,
  { values, filePath }: ServerConfig,
  runningMode: Service['runningMode'],
): string | null {
  return expandTitleTemplate(values['proc-title-template'], (variable) => {
    switch (variable) {
      case 'title':
        return programName;
      case 'listen-addr':
        return values.port === 0
          ? `unixsocket:${values.unixsocket}`
          : `${values.bind[0] ?? '*'}:${values.port}`;
      case 'server-mode':
        return runningMode === 'standalone' ? '' : `[${runningMode}]`;
      case 'config-file':
        return filePath ?? '-';
      case 'port':
      case 'tls-port':
        return String(values[variable]);
      case 'unixsocket':
        return values.unixsocket;
    }
  });
}
