import { readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../../../..');

/** A fenced block of a document, and what the comment right above it says of it. */
export interface DocumentBlock {
  /** The line of its opening fence, from 1. */
  readonly line: number;
  /** The heading that it stands below; '' before the first. */
  readonly heading: string;
  /** What its fence names, as `sh`; '' where it names nothing. */
  readonly language: string;
  readonly text: string;
  /** `<!-- run by PATH -->`: the test that runs it, from the repository's root. */
  readonly runBy?: string;
  /** `<!-- not run: REASON -->`. */
  readonly notRun?: string;
}

/** The fenced blocks of a document's text, in their order. */
export function readBlocks(document: string): readonly DocumentBlock[] {
  const blocks: DocumentBlock[] = [];
  const lines = document.split('\n');
  let heading = '';
  for (let index = 0; index < lines.length; index++) {
    const line = lines[index] ?? '';
    heading = /^#+ (.*)$/.exec(line)?.[1] ?? heading;
    const [fence, indent = '', language = ''] = /^( *)```(\S*)$/.exec(line) ?? [];
    if (fence === undefined) continue;
    const end = lines.indexOf(`${indent}\`\`\``, index + 1);
    const inside = lines.slice(index + 1, end === -1 ? undefined : end);
    const [, key, said = ''] = /^ *<!-- (run by|not run:) (.*?) -->$/.exec(lines[index - 1] ?? '') ?? [];
    blocks.push({
      line: index + 1,
      heading,
      language,
      text: inside.map((text) => `${text.slice(indent.length)}\n`).join(''),
      ...(key === 'run by' ? { runBy: said } : key === undefined ? {} : { notRun: said }),
    });
    index += inside.length + 1;
  }
  return blocks;
}

/** The blocks of a document that name one test as the one that runs them. */
export interface OpenDocument {
  /**
   * The next block below a heading that was not taken yet.
   *
   * @throws where the document has no further one for this test.
   */
  take(heading: string, language: string): string;
  /** Where the blocks are that were not taken: empty at the end of the test, else something that it should run. */
  left(): readonly string[];
}

/**
 * Opens a document for the test that runs its blocks.
 *
 * @param path of the document, from the repository's root.
 * @param testFile the test's own name: `import.meta.filename`.
 */
export function openDocument(path: string, testFile: string): OpenDocument {
  const test = relative(root, testFile);
  const blocks = readBlocks(readFileSync(join(root, path), 'utf8')).filter(({ runBy }) => runBy === test);
  const taken = new Set<DocumentBlock>();
  return {
    take: (heading, language) => {
      const block = blocks.find((one) => !taken.has(one) && one.heading === heading && one.language === language);
      if (block === undefined) throw new Error(`${path} has no further ${language} below "${heading}" for ${test}`);
      taken.add(block);
      return block.text;
    },
    left: () => blocks.filter((block) => !taken.has(block)).map(({ line }) => `${path}:${line}`),
  };
}

/**
 * Commands or settings of a document with a test's own names in the place of the document's.
 *
 * @throws if the text does not have one of the names.
 */
export function fillIn(text: string, names: Readonly<Record<string, string>>): string {
  for (const name of Object.keys(names)) {
    if (!text.includes(name)) throw new Error(`there is no ${JSON.stringify(name)} in:\n${text}`);
  }
  // In one pass: a replacement may itself have one of the names in it.
  const anyName = new RegExp(
    Object.keys(names)
      .map((name) => name.replace(/[\\^$.*+?()[\]{}|]/g, '\\$&'))
      .join('|'),
    'g',
  );
  return text.replaceAll(anyName, (name) => names[name] ?? name);
}
