import { existsSync } from 'node:fs';
import { dirname, join, relative } from 'node:path/posix';
import type { MarkdownRenderer } from 'vitepress';

/**
 * Makes links between the documents, as they are in the repository, fit the site: a README is the page of its directory, and a
 * file that is no page (a compose file, an example's code) is recorded in `files`, relative to `root`, to be put beside the pages.
 * Code within a line is shown as it is, also with double braces.
 *
 * @throws where a link leads nowhere, or to a directory without a README.
 */
export function fitLinks(markdown: MarkdownRenderer, root: string, files: Set<string>): void {
  markdown.core.ruler.push('fit-links', ({ tokens, env }) => {
    // Of pages that are renamed, this is the file's own name.
    const page = relative(root, env.path);
    for (const token of tokens.flatMap(({ children }) => children ?? [])) {
      // Double braces in code are no expressions of the site.
      if (token.type === 'code_inline') token.attrSet('v-pre', '');
      const href = token.type === 'link_open' ? token.attrGet('href') : null;
      if (href === null || /^(?:[a-z]+:|#|\/)/.test(href)) continue;
      const [, target = '', anchor = ''] = /^([^#]*)(#.*)?$/.exec(href) ?? [];
      const file = join(dirname(page), decodeURI(target));
      if (file.startsWith('..') || !existsSync(join(root, file))) throw new Error(`${page}: ${href} leads nowhere`);
      if (file.endsWith('.md')) token.attrSet('href', target.replace(/README\.md$/, 'index.md') + anchor);
      else if (/\.[a-z]+$/.test(file)) files.add(file);
      else throw new Error(`${page}: ${href} is a directory; link to its README`);
    }
  });
}
