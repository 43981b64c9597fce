/** Methods that every Node Buffer has and @types/node leaves out: encoding without a lookup by name. */
declare global {
  interface Buffer {
    latin1Slice(start?: number, end?: number): string;
    latin1Write(text: string, offset?: number, length?: number): number;
  }
}
export {};
