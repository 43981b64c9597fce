/** What a network does to what passes between two parties. A partition, a slow member, lost replies are such rules. */

/** Whose connection: a process by its name, or the side on which a client stands. */
export type Party = string;

/** Who is none of the processes: the programs under test. */
export const CLIENTS: Party = 'clients';

export interface LinkRule {
  /** Nothing passes; it is delivered when this ends. */
  isCut(from: Party, to: Party): boolean;
  /** For each piece, in milliseconds; pieces stay in order. */
  delayMs(from: Party, to: Party): number;
  /** What a party answers on connections that others opened to it is lost for good. */
  losesReplies?(of: Party): boolean;
}

export const OPEN_LINKS: LinkRule = { isCut: () => false, delayMs: () => 0 };
