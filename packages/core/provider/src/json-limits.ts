/**
 * Limits for JSON before it is parsed. Eight megabytes of brackets or short fields block the process for seconds.
 * Counting them takes a hundredth of that time.
 */
export interface JsonLimits {
  /** The maximum nesting of lists and objects. */
  readonly maxDepth: number;
  /** The maximum number of all values, with those in lists and objects. */
  readonly maxValues: number;
}

/**
 * The limits for a provider's answer. By default Vault accepts values of at most 500 levels (`max_json_depth` of its
 * listener), and its answer adds some more.
 */
const PROVIDER_JSON_LIMITS: JsonLimits = { maxDepth: 600, maxValues: 50_000 };

/** JSON that is not parsed, because that would take too long. */
export class TooMuchJson extends Error {
  override readonly name = 'TooMuchJson';
  /** Continues "it …". */
  readonly reason: string;

  constructor(reason: string) {
    super(`it ${reason}`);
    this.reason = reason;
  }
}

const QUOTE = 0x22;
const COMMA = 0x2c;
const BACKSLASH = 0x5c;
const OPENING_BRACKET = 0x5b;
const CLOSING_BRACKET = 0x5d;
const OPENING_BRACE = 0x7b;
const CLOSING_BRACE = 0x7d;

/** Counts the values of JSON before it is parsed, as text or as UTF-8 in parts. It does not check that the text is JSON. */
export class JsonLimiter {
  readonly #limits: JsonLimits;
  #depth = 0;
  #values = 1;
  #isInString = false;
  #isEscaped = false;

  constructor(limits: JsonLimits = PROVIDER_JSON_LIMITS) {
    this.#limits = limits;
  }

  /** @throws {TooMuchJson} if the input so far exceeds a limit. */
  add(part: string | Uint8Array): void {
    const { length } = part;
    const isText = typeof part === 'string';
    for (let at = 0; at < length; at++) this.#take(isText ? part.charCodeAt(at) : (part[at] ?? 0));
  }

  #take(character: number): void {
    if (this.#isEscaped) this.#isEscaped = false;
    else if (this.#isInString) {
      if (character === QUOTE) this.#isInString = false;
      else if (character === BACKSLASH) this.#isEscaped = true;
    } else if (character === QUOTE) this.#isInString = true;
    else if (character === COMMA) this.#count();
    else if (character === OPENING_BRACKET || character === OPENING_BRACE) {
      if (++this.#depth > this.#limits.maxDepth) {
        throw new TooMuchJson(`has more than ${this.#limits.maxDepth} levels of lists and objects`);
      }
      this.#count();
    } else if (character === CLOSING_BRACKET || character === CLOSING_BRACE) this.#depth -= 1;
  }

  #count(): void {
    if (++this.#values > this.#limits.maxValues) {
      throw new TooMuchJson(`has more than ${this.#limits.maxValues} values`);
    }
  }
}

/** Throws {@link TooMuchJson} if the text exceeds a limit. */
export function limitJson(text: string | Uint8Array, limits?: JsonLimits): void {
  new JsonLimiter(limits).add(text);
}
