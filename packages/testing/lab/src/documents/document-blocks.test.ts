import { expect, test } from 'vitest';
import { fillIn, readBlocks } from './document-blocks.ts';

const document = `# A guide

<!-- run by apps/x.test.ts -->
\`\`\`sh
# a comment, no heading
first
\`\`\`

## Part

1. In a list:

   <!-- not run: it needs a printer -->
   \`\`\`yaml
   a:
     b: 1
   \`\`\`

<!-- run by apps/x.test.ts -->

\`\`\`
output
\`\`\`
`;

test('a block has the heading above it and the marker directly above its fence, if there are any', () => {
  expect(readBlocks(document)).toEqual([
    {
      line: 4,
      heading: 'A guide',
      language: 'sh',
      text: '# a comment, no heading\nfirst\n',
      runBy: 'apps/x.test.ts',
    },
    { line: 14, heading: 'Part', language: 'yaml', text: 'a:\n  b: 1\n', notRun: 'it needs a printer' },
    { line: 21, heading: 'Part', language: '', text: 'output\n' },
  ]);
});

test('every occurrence of a name is replaced, and a missing name is an error', () => {
  expect(fillIn('a b a', { a: 'x' })).toBe('x b x');
  expect(fillIn('node /tmp/m.js', { node: '/tmp/node', '/tmp': '/other' })).toBe('/tmp/node /other/m.js');
  expect(() => fillIn('a b a', { c: 'x' })).toThrow('there is no "c" in:\na b a');
});
