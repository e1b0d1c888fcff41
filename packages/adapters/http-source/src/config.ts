import { displayText, quoted } from '@vault-swarm/kernel';
import {
  Credential,
  type Environment,
  isThisMachine,
  proxyAddress,
  type ReadFile,
  type TextForm,
  VISIBLE_ASCII,
  whyUnreadable,
} from '@vault-swarm/provider';
import { JSON_POINTER } from './json-pointer.ts';
import { type PathTemplate, parseTemplate, templateProblem } from './path-template.ts';
import { patternProblem } from './placeholder-pattern.ts';
import { isRefusedHost } from './refused-address.ts';

/** A part of the path that a label gives: the placeholder `name` has the label `http_name`. */
export interface Placeholder {
  readonly name: string;
  /** The whole value must match it. */
  readonly pattern: RegExp;
  /** The value without a label; `undefined`: the label is required. */
  readonly otherwise: string | undefined;
}

/** A header of every request. The credential is read again for each request. */
export interface HttpHeader {
  readonly name: string;
  /** The text before the credential, or all of it. */
  readonly before: string;
  readonly credential: Credential | undefined;
  /** Whether the credential is sent in base64, as for `Basic`. */
  readonly isBase64: boolean;
  readonly after: string;
}

/** What of a response is the secret. */
export type ValueSelection =
  /** The whole body. */
  | { readonly kind: 'body' }
  | { readonly kind: 'pointer'; readonly pointer: string }
  /** A list of objects, each of which is a field: pointers to the list, and in each object to its name and value. */
  | { readonly kind: 'list'; readonly list: string; readonly name: string; readonly value: string };

/** What tells versions of a secret apart. */
export type RevisionSource =
  | { readonly kind: 'digest' }
  | { readonly kind: 'etag' }
  | { readonly kind: 'pointers'; readonly pointers: readonly string[] };

/** How a change is detected without a read of the value. */
export type ProbeMethod =
  | { readonly kind: 'none' }
  /** `If-None-Match`. */
  | { readonly kind: 'conditional' }
  | { readonly kind: 'head' }
  /** Another path, whose response has the pointers of the revision, and no value. */
  | { readonly kind: 'path'; readonly path: PathTemplate };

/** How the server is verified, and the client certificate. PEM, read again if a file changes. */
export interface HttpTls {
  readonly ca: Credential | undefined;
  readonly certificate: Credential | undefined;
  readonly key: Credential | undefined;
  /** The name in the server's certificate; `undefined`: the host of the address. */
  readonly serverName: string | undefined;
}

/** The configuration of one HTTP source. */
export interface HttpConfig {
  /** The address before the path, without a slash at its end. */
  readonly url: string;
  readonly path: PathTemplate;
  readonly placeholders: readonly Placeholder[];
  readonly headers: readonly HttpHeader[];
  readonly value: ValueSelection;
  readonly revision: RevisionSource;
  readonly probe: ProbeMethod;
  readonly tls: HttpTls;
  readonly proxy: string | undefined;
  /** `undefined`: no limit. */
  readonly maxCallsPerHour: number | undefined;
}

const HEADER_NAME = /^[A-Za-z0-9!#$%&'*+^_`|~-]{1,100}$/;
/** These decide how the response is sent, or belong to the connection. */
const OWN_HEADERS =
  /^(host|connection|content-.*|transfer-encoding|te|trailer|upgrade|expect|keep-alive|if-.*|range)$/i;
/** A literal value of these is probably a credential, which is only allowed in a file. */
const CREDENTIAL_HEADERS = /auth|token|key|secret|passw|cookie|credential|signature/i;
const HEADER_TEXT: TextForm = {
  accepts: (text) => /^[\x20-\x7e]*$/.test(text),
  requirement: 'must be of visible ASCII characters and spaces',
};

/**
 * Reads the nested settings of an instance: `url`, `path`, `placeholders`, `headers`, `value` or `fields`, `revision`,
 * `probe`, `tls`, `proxy` and `max_calls_per_hour`. Problems are reported to `environment`.
 */
export function parseHttpConfig(environment: Environment, readFile: ReadFile): HttpConfig {
  const path = parsePath(environment, 'path', true);
  const revision = parseRevision(environment);
  const probe = parseProbe(environment, revision);
  const templates = probe.kind === 'path' ? [path, probe.path] : [path];
  return {
    url: parseUrl(environment),
    path,
    placeholders: parsePlaceholders(environment, templates),
    headers: parseHeaders(environment),
    value: parseValue(environment),
    revision,
    probe,
    tls: parseTls(environment, readFile),
    proxy: proxyAddress(environment, 'proxy'),
    maxCallsPerHour: environment.has('max_calls_per_hour')
      ? environment.integer('max_calls_per_hour', 1, { min: 1, max: 1_000_000_000 })
      : undefined,
  };
}

function parseUrl(environment: Environment): string {
  if (!environment.has('url')) {
    environment.report('url', 'is missing; set the address of the server, such as https://secrets.example');
    return '';
  }
  const given = environment.url('url', '');
  const url = URL.parse(given);
  if (url === null) return '';
  if (url.search !== '' || url.hash !== '') {
    environment.report('url', 'must have no query and no fragment; put the query into path');
  }
  if (isRefusedHost(url.hostname)) {
    environment.report('url', `${quoted(given)} is a metadata service of a cloud, which is never read`);
  }
  if (url.protocol === 'http:' && !isThisMachine(url.hostname)) {
    const message = `is ${displayText(given)}: secrets cross the network without encryption; use https`;
    environment.warn('plain-http', 'url', message);
  }
  return given.replace(/\/+$/, '');
}

function parsePath(environment: Environment, name: string, isRequired: boolean): PathTemplate {
  const given = environment.optional(name);
  if (given === undefined) {
    if (isRequired) environment.report(name, 'is missing; set it to a path such as /v1/secrets/{name}');
    return parseTemplate('/');
  }
  const problem = templateProblem(given);
  if (problem !== null) environment.report(name, `${quoted(given)} ${problem}`);
  return parseTemplate(problem === null ? given : '/');
}

function parsePlaceholders(environment: Environment, templates: readonly PathTemplate[]): readonly Placeholder[] {
  const used = new Set(templates.flatMap(({ names }) => names));
  const given = environment.namesBelow('placeholders');
  for (const name of used) {
    if (given.includes(name)) continue;
    environment.report(`placeholders.${name}`, `is missing; the path has {${name}}, so say which values are allowed`);
  }
  return given.map((name) => {
    const setting = `placeholders.${name}`;
    if (name === 'field')
      environment.report(setting, 'must have another name: http_field chooses a field of the secret');
    else if (!used.has(name)) environment.report(setting, 'is in no path; remove it, or correct the path');
    const pattern = parsePattern(environment, `${setting}.pattern`);
    const otherwise = environment.optional(`${setting}.default`);
    if (otherwise !== undefined && !pattern.test(otherwise)) {
      environment.report(`${setting}.default`, `${quoted(otherwise)} does not match the pattern`);
    }
    return { name, pattern, otherwise };
  });
}

function parsePattern(environment: Environment, name: string): RegExp {
  const given = environment.optional(name);
  const problem =
    given === undefined
      ? 'is missing; set a regular expression of all allowed values, such as [a-z0-9-]+'
      : patternProblem(given);
  if (given === undefined || problem !== null) {
    environment.report(name, given === undefined ? (problem ?? '') : `${quoted(given)} ${problem}`);
    return /^/u;
  }
  return new RegExp(`^(?:${given})$`, 'u');
}

function parseHeaders(environment: Environment): readonly HttpHeader[] {
  return environment.namesBelow('headers').map((name) => {
    const setting = `headers.${name}`;
    const text = parseHeaderText(environment, setting);
    const isBase64 = environment.boolean(`${setting}.base64`, false);
    const credential = environment.credentialFile(`${setting}.file`, isBase64 ? undefined : VISIBLE_ASCII);
    const before = parseHeaderText(environment, `${setting}.before`);
    const after = parseHeaderText(environment, `${setting}.after`);
    if (!HEADER_NAME.test(name)) environment.report(setting, 'is no name of a header');
    else if (OWN_HEADERS.test(name)) environment.report(setting, 'is a header that is always set; remove it');
    else if (text !== undefined && CREDENTIAL_HEADERS.test(name)) {
      environment.report(
        setting,
        'is a credential, which has no place here; put it into a file, and give its path as file',
      );
    } else if (text === undefined && !environment.has(`${setting}.file`)) {
      environment.report(setting, 'must be a text, or have a file with a credential');
    }
    return { name, before: text ?? before ?? '', credential, isBase64, after: after ?? '' };
  });
}

function parseHeaderText(environment: Environment, name: string): string | undefined {
  return environment.formedText(name, HEADER_TEXT);
}

function parseValue(environment: Environment): ValueSelection {
  const isList = environment.namesBelow('fields').length > 0;
  if (isList && environment.has('value')) environment.report('fields', 'is given, and value too; remove one of them');
  if (isList) {
    const [list, name, value] = ['list', 'name', 'value'].map((part) => {
      const setting = `fields.${part}`;
      if (!environment.has(setting)) environment.report(setting, 'is missing; set a JSON pointer such as /label');
      return parsePointer(environment, setting) ?? '';
    });
    return { kind: 'list', list: list ?? '', name: name ?? '', value: value ?? '' };
  }
  const pointer = parsePointer(environment, 'value');
  return pointer === undefined ? { kind: 'body' } : { kind: 'pointer', pointer: pointer === '/' ? '' : pointer };
}

function parsePointer(environment: Environment, name: string): string | undefined {
  const given = environment.optional(name);
  if (given === undefined) return undefined;
  if (!JSON_POINTER.test(given))
    environment.report(
      name,
      `${quoted(given)} must be a JSON pointer such as /data/value, or "/" for the whole response`,
    );
  return given;
}

function parseRevision(environment: Environment): RevisionSource {
  const entries = environment.namesBelow('revision');
  if (entries.length > 0) {
    const pointers = entries.map((entry) => parsePointer(environment, `revision.${entry}`) ?? '');
    return { kind: 'pointers', pointers };
  }
  const given = environment.text('revision', 'digest');
  if (given === 'digest' || given === 'etag') return { kind: given };
  if (given !== '' && given.startsWith('/'))
    return { kind: 'pointers', pointers: [parsePointer(environment, 'revision') ?? ''] };
  environment.report(
    'revision',
    `${quoted(given)} must be digest, etag, a JSON pointer such as /version, or a list of them`,
  );
  return { kind: 'digest' };
}

function parseProbe(environment: Environment, revision: RevisionSource): ProbeMethod {
  if (environment.namesBelow('probe').length > 0) {
    if (revision.kind !== 'pointers') {
      environment.report('probe.path', 'needs a revision that is a JSON pointer, which is in its response');
    }
    return { kind: 'path', path: parsePath(environment, 'probe.path', true) };
  }
  const method = environment.oneOf(
    'probe',
    ['conditional', 'head', 'none'],
    revision.kind === 'etag' ? 'conditional' : 'none',
  );
  if (method !== 'none' && revision.kind !== 'etag') {
    environment.report('probe', `${quoted(method)} compares ETags; set revision to etag, or remove it`);
  }
  return { kind: method };
}

function parseTls(environment: Environment, readFile: ReadFile): HttpTls {
  const ca = parsePem(environment, readFile, 'tls.ca_file', 'file');
  const certificate = parsePem(environment, readFile, 'tls.cert_file', 'file');
  const key = parsePem(environment, readFile, 'tls.key_file', 'credential');
  for (const [one, other] of [
    ['tls.cert_file', 'tls.key_file'],
    ['tls.key_file', 'tls.cert_file'],
  ] as const) {
    if (environment.has(one) && !environment.has(other)) environment.report(other, `is missing; ${one} needs it`);
  }
  const serverName = environment.optional('tls.server_name');
  if (serverName !== undefined && !/^[a-z0-9_]([a-z0-9_.-]*[a-z0-9_])?$/i.test(serverName)) {
    environment.report('tls.server_name', `${quoted(serverName)} must be the name in the server's certificate`);
  }
  return { ca, certificate, key, serverName };
}

function parsePem(
  environment: Environment,
  readFile: ReadFile,
  name: string,
  kind: 'credential' | 'file',
): Credential | undefined {
  const path = environment.optional(name);
  if (path === undefined) return undefined;
  environment.addOwnFile({ variable: name, path, kind });
  try {
    if (readFile(path).includes('-----BEGIN ')) return new Credential(name, () => readFile(path));
    environment.report(name, `${quoted(path)} names a file that is not PEM`);
  } catch (error) {
    environment.report(name, `${quoted(path)} names a file that ${whyUnreadable(error)}`);
  }
  return undefined;
}
