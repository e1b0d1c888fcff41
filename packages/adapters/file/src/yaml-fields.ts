import {
  isLosslessJsonObject,
  type LosslessJson,
  type LosslessJsonObject,
  type ParsedFields,
  parseLosslessJson,
} from '@vault-swarm/provider';
import {
  type Alias,
  type Document,
  isAlias,
  isMap,
  isNode,
  isScalar,
  isSeq,
  Lexer,
  LineCounter,
  type Node,
  parseDocument,
  visit,
  type YAMLError,
} from 'yaml';

/** Aliases of aliases can expand to billions of nodes. No secret has more than this. */
const MAX_NODES = 10_000;
/**
 * More tokens than {@link MAX_NODES} values and comments have. Parsing 1 MiB of brackets takes seconds; counting them
 * is fast.
 */
const MAX_TOKENS = 200_000;
const TOO_LARGE = `it has more than ${MAX_NODES} values`;
const JSON_NUMBER = /^-?(0|[1-9]\d*)(\.\d+)?([eE][-+]?\d+)?$/;

/** A part of the document that can't be a field. The message quotes nothing. */
class NotAField extends Error {}

/**
 * Reads a YAML 1.2 document as fields. Numbers keep their characters; a number that JSON writes differently (`0x1F`,
 * `.5`) becomes a string of these characters. Merge keys (`<<`) are followed. A problem has a line number and a
 * reason, and no content.
 *
 * @param schema `failsafe`: every value is a string, list or mapping, as written.
 */
export function parseYamlFields(text: string, schema: 'core' | 'failsafe' = 'core'): ParsedFields {
  const lines = new LineCounter();
  if (hasTooManyTokens(text)) return { problem: TOO_LARGE };
  try {
    const document = parseDocument(text, {
      lineCounter: lines,
      prettyErrors: false,
      logLevel: 'error',
      schema,
      // The parser's check compares each key with each other key: 10,000 keys block the process for seconds. We check
      // it ourselves.
      uniqueKeys: false,
    });
    const [error] = document.errors;
    if (error !== undefined) return { problem: describe(error, lines) };
    if (!isMap(document.contents)) return { problem: 'it is not a YAML mapping' };
    return { fields: new Reader(document, lines).object(document.contents.items) };
  } catch (error) {
    // Any message of the parser (a stack overflow, for example) may quote the text, which is the secret.
    return { problem: error instanceof NotAField ? error.message : 'it is not readable YAML' };
  }
}

function hasTooManyTokens(text: string): boolean {
  let count = 0;
  for (const _ of new Lexer().lex(text)) if (++count > MAX_TOKENS) return true;
  return false;
}

function describe(error: YAMLError, lines: LineCounter): string {
  const reason = error.code.toLowerCase().replaceAll('_', ' ');
  return notYaml(reason, error.pos[0], lines);
}

function notYaml(reason: string, position: number, lines: LineCounter): string {
  return `it is not YAML: ${reason} in line ${lines.linePos(position).line}`;
}

type Pairs = readonly { readonly key: unknown; readonly value: unknown }[];

class Reader {
  readonly #targets: ReadonlyMap<Alias, Node>;
  readonly #lines: LineCounter;
  #nodes = 0;

  constructor(document: Document.Parsed, lines: LineCounter) {
    this.#targets = targetsIn(document);
    this.#lines = lines;
  }

  object(pairs: Pairs): LosslessJsonObject {
    const object: Record<string, LosslessJson> = Object.create(null);
    let merged: LosslessJson[] = [];
    for (const { key, value } of pairs) {
      if (isMergeKey(key)) {
        merged = [...merged, this.#value(value)].flat() as LosslessJson[];
        continue;
      }
      const name = this.#name(key);
      if (name in object) throw new NotAField(notYaml('duplicate key', startOf(key), this.#lines));
      object[name] = this.#value(value);
    }
    for (const fields of merged) {
      if (!isLosslessJsonObject(fields)) throw new NotAField('a merge key (<<) in it does not refer to a mapping');
      for (const [name, value] of Object.entries(fields)) if (!(name in object)) object[name] = value;
    }
    return object;
  }

  #name(key: unknown): string {
    const node = this.#resolved(key);
    if (isScalar(node)) return typeof node.value === 'string' ? node.value : (node.source ?? '');
    throw new NotAField('a field name in it is a list or a mapping');
  }

  #value(value: unknown): LosslessJson {
    if (++this.#nodes > MAX_NODES) throw new NotAField(TOO_LARGE);
    const node = this.#resolved(value);
    if (isMap(node)) return this.object(node.items);
    if (isSeq(node)) return node.items.map((item) => this.#value(item));
    if (!isScalar(node)) return null;
    if (node.value === null || typeof node.value === 'string' || typeof node.value === 'boolean') return node.value;
    const source = node.source ?? '';
    return typeof node.value === 'number' && JSON_NUMBER.test(source) ? parseLosslessJson(source) : source;
  }

  #resolved(node: unknown): unknown {
    if (!isAlias(node)) return node;
    const target = this.#targets.get(node);
    if (target === undefined) throw new NotAField('an alias in it has no anchor before it');
    return target;
  }
}

/** The target of each alias: the last anchor of its name before it. One traversal of the document finds them all. */
function targetsIn(document: Document.Parsed): ReadonlyMap<Alias, Node> {
  const anchors = new Map<string, Node>();
  const targets = new Map<Alias, Node>();
  visit(document, {
    Node: (_key, node) => {
      const target = isAlias(node) ? anchors.get(node.source) : undefined;
      if (isAlias(node) && target !== undefined) targets.set(node, target);
      else if ('anchor' in node && node.anchor !== undefined) anchors.set(node.anchor, node);
    },
  });
  return targets;
}

/**
 * Whether the key merges the fields of other mappings. A mapping's own fields have priority, then the first merged
 * mapping.
 * @see https://yaml.org/type/merge.html
 */
function isMergeKey(key: unknown): boolean {
  return isScalar(key) && key.type === 'PLAIN' && key.source === '<<';
}

function startOf(node: unknown): number {
  return (isNode(node) ? node.range?.[0] : undefined) ?? 0;
}
