import { expect, test } from 'vitest';
import { html } from './html.ts';

test('escapes what is inserted, in text and in attributes', () => {
  const name = `<img src=x onerror="alert('1')">&`;
  expect(html`<b title="${name}">${name}</b>`.text).toBe(
    '<b title="&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;">' +
      '&lt;img src=x onerror=&quot;alert(&#39;1&#39;)&quot;&gt;&amp;</b>',
  );
});

test('takes HTML of its own kind as it is, lists in their order, and leaves nothing out but null and false', () => {
  const items = ['a', '<'].map((item) => html`<li>${item}</li>`);
  expect(html`<ul>${items}</ul>${null}${false}${0}`.text).toBe('<ul><li>a</li><li>&lt;</li></ul>0');
});

test('shows by their number characters that would hide or turn round a name', () => {
  expect(html`${'a\u202eb\u200bc\u0000d\n'}`.text).toBe('a\\u{202e}b\\u{200b}c\\u{0}d\\u{a}');
});
