/** INFO: sections that the parts of the server contribute, in one order. */

/** Collects the lines of one section. Every line ends with CRLF. */
export class InfoWriter {
  private text = '';

  field(name: string, value: string | number | bigint | boolean): void {
    this.text += `${name}:${typeof value === 'boolean' ? (value ? 1 : 0) : value}\r\n`;
  }

  toString(): string {
    return this.text;
  }
}

export interface InfoSection {
  /** As asked for, lower case. */
  readonly name: string;
  /** As printed in the header line. */
  readonly title: string;
  /** Part of the answer to INFO without arguments. */
  readonly isDefault: boolean;
  /** Shown by `everything` and `all` (some are only shown when asked for by name). */
  readonly inAll: boolean;
  readonly write: (info: InfoWriter) => void;
}

/** Places of the sections, for {@link Info.add}: Redis's order. */
export const INFO_ORDER = {
  server: 10,
  clients: 20,
  memory: 30,
  persistence: 40,
  stats: 50,
  replication: 60,
  cpu: 70,
  modules: 80,
  commandstats: 90,
  errorstats: 100,
  latencystats: 110,
  cluster: 120,
  keyspace: 130,
  sentinel: 140,
  debug: 150,
} as const;

export class Info {
  private sections: { readonly order: number; readonly section: InfoSection }[] = [];

  /** Adds a section; `order` places it among the others. A section of the same name is replaced. */
  add(order: number, section: InfoSection): void {
    this.sections = this.sections.filter((other) => other.section.name !== section.name);
    this.sections.push({ order, section });
    this.sections.sort((a, b) => a.order - b.order);
  }

  /** The text for the section names asked for (lower case); none means the default ones. */
  render(names: readonly string[]): string {
    const wanted = new Set(names.length === 0 ? ['default'] : names);
    const texts: string[] = [];
    for (const { section } of this.sections) {
      const selected =
        wanted.has(section.name) ||
        ((wanted.has('all') || wanted.has('everything')) && section.inAll) ||
        (wanted.has('default') && section.isDefault);
      if (!selected) continue;
      const writer = new InfoWriter();
      section.write(writer);
      texts.push(`# ${section.title}\r\n${writer.toString()}`);
    }
    return texts.join('\r\n');
  }
}
