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

   <!-- not run: it needs a moon -->
   \`\`\`yaml
   a:
     b: 1
   \`\`\`

<!-- run by apps/x.test.ts -->

\`\`\`
output
\`\`\`
`;

test('a block has the heading above it and the marker right above its fence, and neither where there is none', () => {
  expect(readBlocks(document)).toEqual([
    {
      line: 4,
      heading: 'A guide',
      language: 'sh',
      text: '# a comment, no heading\nfirst\n',
      runBy: 'apps/x.test.ts',
    },
    { line: 14, heading: 'Part', language: 'yaml', text: 'a:\n  b: 1\n', notRun: 'it needs a moon' },
    { line: 21, heading: 'Part', language: '', text: 'output\n' },
  ]);
});

test('every place of a name is filled in, and a name that is not there is an error', () => {
  expect(fillIn('a b a', { a: 'x' })).toBe('x b x');
  expect(fillIn('node /tmp/m.js', { node: '/tmp/node', '/tmp': '/other' })).toBe('/tmp/node /other/m.js');
  expect(() => fillIn('a b a', { c: 'x' })).toThrow('there is no "c" in:\na b a');
});
