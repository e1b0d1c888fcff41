/** Text that is HTML already. Only {@link html} makes it, so that everything else is escaped. */
export class Html {
  readonly text: string;

  constructor(text: string) {
    this.text = text;
  }
}

/** What may stand in a page: text and numbers are escaped, `null` and `false` are nothing. */
export type Content = Html | string | number | null | false | readonly Content[];

/** HTML whose inserted parts are escaped, in text and between the quotes of an attribute alike. */
export function html(strings: TemplateStringsArray, ...inserted: readonly Content[]): Html {
  return new Html(strings.reduce((text, part, index) => text + render(inserted[index - 1] ?? null) + part));
}

function render(content: Content): string {
  if (content instanceof Html) return content.text;
  if (typeof content === 'string' || typeof content === 'number') return escapeText(String(content));
  if (content === null || content === false) return '';
  return content.map(render).join('');
}

const ENTITIES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&#39;',
};

// Names come from users. What turns the reading direction round, or is not seen at all, is shown by its number.
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Zl}\p{Zp}]/gu;

function escapeText(text: string): string {
  return text
    .replace(UNPRINTABLE, (character) => `\\u{${(character.codePointAt(0) ?? 0).toString(16)}}`)
    .replace(/[&<>"']/g, (character) => ENTITIES[character] ?? '');
}
