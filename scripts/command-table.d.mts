export function withCommandTable(readme: string, commands: ReadonlyMap<string, string>): string;
export function groupsOf(reply: string): Map<string, string>;
