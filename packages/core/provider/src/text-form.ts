/** How a text must be so that it can be sent where it belongs. */
export interface TextForm {
  accepts(text: string): boolean;
  /** What {@link TextForm.accepts} wants, as a continuation of the setting's name. */
  readonly requirement: string;
}

/** A text of a header, or one that machines make, such as a token or an id. */
export const VISIBLE_ASCII: TextForm = {
  accepts: (text) => /^[\x21-\x7e]+$/.test(text),
  requirement: 'must be of visible ASCII characters, without spaces or line breaks',
};

/** A text of a body, such as a name or a password. */
export const ONE_LINE: TextForm = {
  // U+FFFD is what reading makes of bytes that are not UTF-8, and U+FEFF a mark that editors leave at the start of a file.
  accepts: (text) => text.isWellFormed() && !/[\p{Cc}\u2028\u2029\ufeff\ufffd]/u.test(text),
  requirement: 'must be UTF-8 text without line breaks, other control characters and a byte order mark',
};
