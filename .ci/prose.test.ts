import { expect, test } from 'vitest';
import { checkProse, MAX_WORDS } from './prose.ts';

const messages = (document: string) => checkProse(document).map(({ line, message }) => `${line}: ${message}`);
const words = (count: number) => Array.from({ length: count }, (_, index) => `word${index}`).join(' ');

test('a sentence with too many words is found, at the line of its paragraph', () => {
  const [found] = messages(`# Title\n\nA short one.\n${words(MAX_WORDS + 1)}.\n`);
  expect(found).toMatch(/^3: a sentence of 26 words: "word0 word1 word2 word3 word4 word5 …"; make two$/);
  expect(messages(`${words(MAX_WORDS)}. ${words(MAX_WORDS)}: ${words(MAX_WORDS)}`)).toEqual([]);
});

test('cells of a table and items of a list are texts of their own', () => {
  expect(messages(`| ${words(20)} | ${words(20)} |\n\n- ${words(20)}\n- ${words(20)}\n`)).toEqual([]);
  expect(messages(`| a | ${words(26)} |\n- ${words(26)}\n`)).toHaveLength(2);
});

test('code, comments and the targets of links do not count', () => {
  const code = `\`\`\`sh\n${words(40)}\n\`\`\`\n<!-- ${words(40)} -->\n\`${words(40)}\` [a](https://host.example/${words(1)})`;
  expect(messages(code)).toEqual([]);
});

test('doubled words and words that say nothing are found', () => {
  expect(messages('Read the the page.')).toEqual(['1: "the the"']);
  expect(messages('In order to read it, simply open it.')).toEqual([
    '1: "In order to"; write: to',
    '1: "simply"; write: nothing',
  ]);
});
