import { styleText } from 'node:util';
import { table } from './table.ts';
import { visible } from './visible.ts';
import { hanging, wrap } from './wrap.ts';

/** How much a line matters. */
export type Tone = 'plain' | 'bad' | 'warn' | 'good' | 'faint' | 'strong';

const STYLES = { bad: 'red', warn: 'yellow', good: 'green', faint: 'dim', strong: 'bold' } as const;

/** What is shown to people: lines that fit the terminal, with nothing in them that a terminal obeys but our colours. */
export class Paper {
  readonly #width: number;
  readonly #colours: boolean;
  readonly #lines: string[] = [];

  /** @param width columns of the terminal. */
  constructor({ width, colours }: { readonly width: number; readonly colours: boolean }) {
    // Narrower than this nothing can be read, however it is broken.
    this.#width = Math.max(30, width);
    this.#colours = colours;
  }

  /** A sentence. */
  say(text: string, tone: Tone = 'plain'): void {
    this.#add(wrap(visible(text), this.#width), tone);
  }

  /** A sentence below `mark`, such as a name or a number. */
  item(mark: string, text: string, tone: Tone = 'plain'): void {
    this.#add(hanging(visible(mark), visible(text), this.#width), tone);
  }

  table(headings: readonly string[], rows: readonly (readonly string[])[]): void {
    const [head = '', ...rest] = table(
      headings.map(visible),
      rows.map((row) => row.map(visible)),
      this.#width,
    );
    this.#add([head], 'strong');
    this.#add(rest, 'plain');
  }

  /** An empty line, unless there is nothing above it. */
  gap(): void {
    if (this.#lines.length > 0 && this.#lines.at(-1) !== '') this.#lines.push('');
  }

  /** All of it. */
  text(): string {
    return this.#lines.map((line) => `${line}\n`).join('');
  }

  #add(lines: readonly string[], tone: Tone): void {
    for (const line of lines) {
      this.#lines.push(
        tone === 'plain' || !this.#colours ? line : styleText(STYLES[tone], line, { validateStream: false }),
      );
    }
  }
}
