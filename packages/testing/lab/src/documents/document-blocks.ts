import { readFileSync } from 'node:fs';
import { join, relative, resolve } from 'node:path';

const root = resolve(import.meta.dirname, '../../../../..');

/** A fenced block of a document, with the marker in the comment above it. */
export interface DocumentBlock {
  /** The line of its opening fence, from 1. */
  readonly line: number;
  /** The heading of its section; '' before the first. */
  readonly heading: string;
  /** The language of its fence, such as `sh`; '' if it has none. */
  readonly language: string;
  readonly text: string;
  /** `<!-- run by PATH -->`: the test that runs it, relative to the repository's root. */
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
    const [, key, value = ''] = /^ *<!-- (run by|not run:) (.*?) -->$/.exec(lines[index - 1] ?? '') ?? [];
    blocks.push({
      line: index + 1,
      heading,
      language,
      text: inside.map((text) => `${text.slice(indent.length)}\n`).join(''),
      ...(key === 'run by' ? { runBy: value } : key === undefined ? {} : { notRun: value }),
    });
    index += inside.length + 1;
  }
  return blocks;
}

/** The blocks of a document that one test runs. */
export interface OpenDocument {
  /**
   * The next block of a section that was not taken yet.
   *
   * @throws if the document has no more blocks for this test there.
   */
  take(heading: string, language: string): string;
  /** The places of blocks that were not taken. It must be empty at the end of the test. */
  left(): readonly string[];
}

/**
 * Opens a document for the test that runs its blocks.
 *
 * @param path of the document, relative to the repository's root.
 * @param testFile the path of the test: `import.meta.filename`.
 */
export function openDocument(path: string, testFile: string): OpenDocument {
  const test = relative(root, testFile);
  const blocks = readBlocks(readFileSync(join(root, path), 'utf8')).filter(({ runBy }) => runBy === test);
  const taken = new Set<DocumentBlock>();
  return {
    take: (heading, language) => {
      const block = blocks.find((one) => !taken.has(one) && one.heading === heading && one.language === language);
      if (block === undefined) throw new Error(`${path} has no more ${language} blocks below "${heading}" for ${test}`);
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
