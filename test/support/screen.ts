/**
 * What a terminal shows: a screen that takes the bytes a program writes and knows as much of the control sequences as line
 * editors use. It has as many rows as are written to, so nothing scrolls away. It throws at what it does not know: two
 * programs must not look alike because neither was understood.
 */

const BLANK = ' ';
/** Sequences that are not whole yet are kept until their rest comes. */
const SEQUENCE_START = /^\x1b(\[[0-9;?]*)?$/;
const CONTROL_SEQUENCE = /^\x1b\[(\??)([0-9;]*)([A-Za-z])/;

export class Screen {
  private readonly rows: string[][] = [[]];
  private row = 0;
  private column = 0;
  private saved = { row: 0, column: 0 };
  private unread = '';
  /** How often the cursor went down to another row; never less than before, whatever is erased. */
  lineFeeds = 0;

  constructor(private readonly columns: number) {}

  /** Everything that is shown, without blanks at the ends of rows and without empty rows below. */
  get text(): string {
    return this.rows.map(textOf).join('\n').trimEnd();
  }

  /** The row of the cursor, up to the cursor. */
  get beforeCursor(): string {
    const row = this.rows[this.row] ?? [];
    return Array.from({ length: this.column }, (_, column) => row[column] ?? BLANK).join('');
  }

  /** The row of the cursor, from the cursor on, without blanks at its end. */
  get behindCursor(): string {
    const row = this.rows[this.row] ?? [];
    return textOf(row).slice(this.column);
  }

  write(text: string): void {
    this.unread += text;
    while (this.unread !== '' && !SEQUENCE_START.test(this.unread)) {
      const taken = this.unread.startsWith('\x1b') ? this.obey() : this.show(this.unread[0]!);
      this.unread = this.unread.slice(taken);
    }
  }

  private show(character: string): number {
    switch (character) {
      case '\r':
        this.column = 0;
        return 1;
      case '\n':
        this.feedLine();
        return 1;
      case '\b':
        this.column = Math.max(0, this.column - 1);
        return 1;
      case '\x07':
        return 1;
    }
    if (character < ' ') throw new Error(`the screen does not know ${JSON.stringify(character)}`);
    // The cursor waits behind the last column until there is something to show in the next row.
    if (this.column === this.columns) {
      this.column = 0;
      this.feedLine();
    }
    const row = this.cells(this.row);
    while (row.length < this.column) row.push(BLANK);
    row[this.column++] = character;
    return 1;
  }

  private feedLine(): void {
    this.row++;
    this.lineFeeds++;
    this.cells(this.row);
  }

  private obey(): number {
    if (this.unread.startsWith('\x1b7')) {
      this.saved = { row: this.row, column: this.column };
      return 2;
    }
    if (this.unread.startsWith('\x1b8')) {
      ({ row: this.row, column: this.column } = this.saved);
      return 2;
    }
    const match = CONTROL_SEQUENCE.exec(this.unread);
    if (match === null) throw new Error(`the screen does not know ${JSON.stringify(this.unread)}`);
    const [whole, , parameters, kind] = match as unknown as [string, string, string, string];
    this.control(kind, parameters === '' ? null : Number(parameters.split(';')[0]), whole);
    return whole.length;
  }

  private control(kind: string, parameter: number | null, whole: string): void {
    const distance = Math.max(1, parameter ?? 1);
    switch (kind) {
      case 'A':
        this.row = Math.max(0, this.row - distance);
        return;
      case 'B':
        this.row += distance;
        return;
      case 'C':
        this.column = Math.min(this.columns - 1, this.column + distance);
        return;
      case 'D':
        this.column = Math.max(0, this.column - distance);
        return;
      case 'G':
        this.column = distance - 1;
        return;
      case 'H':
        this.row = 0;
        this.column = 0;
        return;
      case 'J':
        if (parameter === 2) this.rows.length = 0;
        else this.rows.length = Math.min(this.rows.length, this.row + 1);
        if (parameter !== 2) this.cells(this.row).length = Math.min(this.cells(this.row).length, this.column);
        return;
      case 'K':
        this.cells(this.row).length = Math.min(this.cells(this.row).length, this.column);
        return;
      // Colours, and modes such as that of pasting: nothing to see.
      case 'm':
      case 'h':
      case 'l':
        return;
      default:
        throw new Error(`the screen does not know ${JSON.stringify(whole)}`);
    }
  }

  private cells(row: number): string[] {
    while (this.rows.length <= row) this.rows.push([]);
    return this.rows[row]!;
  }
}

function textOf(row: readonly string[]): string {
  return Array.from(row, (cell) => cell ?? BLANK)
    .join('')
    .trimEnd();
}
