/** The form that a text must have so that it can be sent. */
export interface TextForm {
  accepts(text: string): boolean;
  /** What {@link TextForm.accepts} requires, as a continuation of the setting's name. */
  readonly requirement: string;
}

/** A text for a header, or a generated text such as a token or an id. */
export const VISIBLE_ASCII: TextForm = {
  accepts: (text) => /^[\x21-\x7e]+$/.test(text),
  requirement: 'must be of visible ASCII characters, without spaces or line breaks',
};

/** A text for a body, such as a name or a password. */
export const ONE_LINE: TextForm = {
  // Decoding turns bytes that are not UTF-8 into U+FFFD. U+FEFF is the mark that some editors write at the start of a
  // file.
  accepts: (text) => text.isWellFormed() && !/[\p{Cc}\u2028\u2029\ufeff\ufffd]/u.test(text),
  requirement: 'must be UTF-8 text without line breaks, other control characters and a byte order mark',
};
