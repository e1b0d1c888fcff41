import { displayMessage, displayText, formatDuration, parseDuration, quoted } from '@vault-swarm/kernel';
import type { ConfigurationWarning } from './configuration-warning.ts';
import { Credential } from './credential.ts';
import type { OwnFile } from './own-file.ts';
import { type ReadFile, UnusableFile, whyUnreadable } from './read-file.ts';
import type { TextForm } from './text-form.ts';

/** One error in the configuration, and what is allowed instead. Never contains a credential. */
export interface ConfigurationProblem {
  readonly variable: string;
  readonly message: string;
}

/** A credential from a file, and the variable that names the file, for messages: `VAULT_TOKEN_FILE`. */
export interface NamedCredential {
  readonly variable: string;
  readonly credential: Credential;
}

/** A directory whose files labels can name. It must not contain files of the plugin itself. */
export interface DeliveredDirectory {
  /** The variable that names it. */
  readonly variable: string;
  readonly path: string;
}

/** What is shown of a path. Other text may be the credential itself, given by mistake in place of the path of its file. */
const PATH = /^\.{0,2}\//;
const NOT_A_PATH =
  'must be the path of a file, such as /run/secrets/NAME; what is given does not start with "/", and is not shown, ' +
  'since it may be the credential itself';

/**
 * Reads environment variables with their defaults and limits. An invalid value adds an entry to {@link problems}, and
 * the default is returned. So one start reports all errors. An empty variable counts as missing. The only I/O is to
 * read the files that `…_FILE` variables name.
 */
export class Environment {
  readonly #variables: Readonly<Record<string, string | undefined>>;
  readonly #readFile: ReadFile;
  readonly #problems: ConfigurationProblem[] = [];
  readonly #warnings: ConfigurationWarning[] = [];
  readonly #ownFiles: OwnFile[] = [];
  readonly #deliveredDirectories: DeliveredDirectory[] = [];
  readonly #credentials: NamedCredential[] = [];
  readonly #asked = new Set<string>();
  readonly #credentialsOnlyInFiles: boolean;

  /** @param options `credentialsOnlyInFiles`: a credential that is given directly, not as a file, is a problem. */
  constructor(
    variables: Readonly<Record<string, string | undefined>>,
    readFile: ReadFile,
    options: { readonly credentialsOnlyInFiles?: boolean } = {},
  ) {
    this.#variables = variables;
    this.#readFile = readFile;
    this.#credentialsOnlyInFiles = options.credentialsOnlyInFiles ?? false;
  }

  /** All problems so far, in the order in which they were found. */
  get problems(): readonly ConfigurationProblem[] {
    return this.#problems;
  }

  /** All warnings so far, in the order in which they were found. */
  get warnings(): readonly ConfigurationWarning[] {
    return this.#warnings;
  }

  /** The plugin's own paths that were named so far. */
  get ownFiles(): readonly OwnFile[] {
    return this.#ownFiles;
  }

  /** The names of given variables that nothing has read, so they have no effect. */
  get unread(): readonly string[] {
    return Object.keys(this.#variables).filter((name) => !this.#asked.has(name));
  }

  /** Adds a problem that depends on more than one variable. A problem that two readers of a variable find is added once. */
  report(variable: string, problem: string): void {
    const isQuoted = /^(["']).*\1$/s.test(this.#variables[variable] ?? '');
    const message = displayMessage(isQuoted ? `${problem}; remove the quotes around it` : problem);
    if (this.#problems.some((known) => known.variable === variable && known.message === message)) return;
    this.#problems.push({ variable, message });
  }

  /** Adds a warning. A warning that two readers of a variable find is added once. */
  warn(code: string, variable: string, message: string): void {
    const warning = { code, variable: displayText(variable), message: displayMessage(message) };
    const isSame = (known: ConfigurationWarning) =>
      known.variable === warning.variable && known.message === warning.message;
    if (!this.#warnings.some(isSame)) this.#warnings.push(warning);
  }

  /** The credentials from files that were read so far. */
  get credentials(): readonly NamedCredential[] {
    return this.#credentials;
  }

  /** Adds a credential from a file, with the variable for messages. */
  addCredential(named: NamedCredential): void {
    this.#credentials.push(named);
  }

  /** Adds one of the plugin's own paths. */
  addOwnFile(file: OwnFile): void {
    this.#ownFiles.push(file);
  }

  /** The directories that were added so far. */
  get deliveredDirectories(): readonly DeliveredDirectory[] {
    return this.#deliveredDirectories;
  }

  /** Adds a directory whose files labels can name. The plugin rejects a directory that contains its own files. */
  addDeliveredDirectory(directory: DeliveredDirectory): void {
    this.#deliveredDirectories.push(directory);
  }

  /** Warns if a variable is given that other programs read but the plugin does not. It still counts as unread. */
  warnUnread(name: string, advice: string): void {
    if ((this.#variables[name] ?? '') !== '') this.warn('setting-unread', name, `is not read by the plugin; ${advice}`);
  }

  /** The given names directly below a nested setting: the keys of a mapping, or the numbers of a list's entries. */
  namesBelow(name: string): readonly string[] {
    const prefix = `${name}.`;
    const below = Object.keys(this.#variables).filter((given) => given.startsWith(prefix));
    return [...new Set(below.map((given) => given.slice(prefix.length).split('.', 1)[0] ?? ''))];
  }

  /** Whether the variable was given. */
  has(name: string): boolean {
    return this.optional(name) !== undefined;
  }

  optional(name: string): string | undefined {
    this.#asked.add(name);
    const value = this.#variables[name];
    return value === '' ? undefined : value;
  }

  text(name: string, otherwise: string): string {
    return this.optional(name) ?? otherwise;
  }

  boolean(name: string, otherwise: boolean): boolean {
    return this.oneOf(name, ['true', 'false'], otherwise ? 'true' : 'false') === 'true';
  }

  oneOf<T extends string>(name: string, allowed: readonly T[], otherwise: T): T {
    const given = this.optional(name);
    if (given === undefined) return otherwise;
    const found = allowed.find((candidate) => candidate === given);
    if (found === undefined) this.#wrong(name, given, `must be one of ${allowed.join(', ')}`);
    return found ?? otherwise;
  }

  integer(name: string, otherwise: number, limits: { readonly min: number; readonly max: number }): number {
    const given = this.optional(name);
    if (given === undefined) return otherwise;
    const value = /^-?\d{1,15}$/.test(given) ? Number(given) : Number.NaN;
    if (value >= limits.min && value <= limits.max) return value;
    this.#wrong(name, given, `must be a whole number from ${limits.min} to ${limits.max}`);
    return otherwise;
  }

  /** Milliseconds. */
  durationMs(name: string, otherwiseMs: number, limits: { readonly minMs: number; readonly maxMs?: number }): number {
    const given = this.optional(name);
    if (given === undefined) return otherwiseMs;
    const value = parseDuration(given);
    const maxMs = limits.maxMs ?? Number.POSITIVE_INFINITY;
    if (value !== null && value >= limits.minMs && value <= maxMs) return value;
    const most = limits.maxMs === undefined ? '' : ` and at most ${formatDuration(limits.maxMs)}`;
    this.#wrong(
      name,
      given,
      `must be a duration such as 500ms, 10s or 1m30s, at least ${formatDuration(limits.minMs)}${most}`,
    );
    return otherwiseMs;
  }

  /** An `http:` or `https:` address, as given. */
  url(name: string, otherwise: string): string {
    const given = this.optional(name);
    if (given === undefined) return otherwise;
    if (/^https?:\/\/[^\s/@]+(\/\S*)?$/.test(given)) return given;
    const allowed = 'must be an address such as https://vault.example:8200, without a user or password in it';
    this.#wrong(name, withoutCredentials(given), allowed);
    return otherwise;
  }

  /** A text that must have a certain form. Another form is reported. */
  formedText(name: string, form: TextForm): string | undefined {
    const given = this.optional(name);
    if (given !== undefined && !form.accepts(given)) this.#wrong(name, given, form.requirement);
    return given;
  }

  /**
   * A credential from the variable itself, or from the file that `NAME_FILE` names (without one newline at its end).
   *
   * @param form which texts can be sent; others are reported.
   */
  credential(name: string, form?: TextForm): Credential | undefined {
    const given = this.optional(name);
    const fileVariable = `${name}_FILE`;
    const path = this.optional(fileVariable);
    if (given !== undefined && path !== undefined) {
      this.report(name, `is given, and ${fileVariable} too; remove one of them`);
      return undefined;
    }
    if (given !== undefined) return this.#givenCredential(name, given, form);
    return this.credentialFile(fileVariable, form);
  }

  /** The credential in the file that the variable names, without one newline at its end. `form`: as in `credential`. */
  credentialFile(variable: string, form?: TextForm): Credential | undefined {
    const path = this.optional(variable);
    if (path === undefined) return undefined;
    this.addOwnFile({ variable, path, kind: 'credential' });
    const credential = new Credential(variable, () => this.#readFile(path).replace(/\r?\n$/, ''), form);
    const problem = credential.check();
    if (problem !== null) {
      if (PATH.test(path)) this.#wrong(variable, path, `names a file that ${problem}`);
      else this.report(variable, NOT_A_PATH);
      return undefined;
    }
    this.addCredential({ variable, credential });
    return credential;
  }

  /**
   * The path of one of the plugin's own files that other code reads, such as an SDK. A missing file may appear later. A
   * path to something that is not a regular file is reported.
   */
  ownPath(name: string, kind: 'credential' | 'file'): string | undefined {
    const path = this.optional(name);
    if (path === undefined) return undefined;
    this.addOwnFile({ variable: name, path, kind });
    try {
      this.#readFile(path);
    } catch (error) {
      if (error instanceof UnusableFile) this.#wrong(name, path, `names a file that ${error.reason}`);
    }
    return path;
  }

  /** The content of the file that the variable names, read now. A file that can't be read is reported. */
  fileText(name: string): string | undefined {
    const path = this.optional(name);
    if (path === undefined) return undefined;
    try {
      return this.#readFile(path);
    } catch (error) {
      this.#wrong(name, path, `names a file that ${whyUnreadable(error)}`);
      return undefined;
    }
  }

  #givenCredential(name: string, given: string, form: TextForm | undefined): Credential | undefined {
    if (this.#credentialsOnlyInFiles) {
      const advice = `put it into a file, and give its path as ${name}_FILE`;
      this.report(name, `is a credential, which has no place here; ${advice}`);
      return undefined;
    }
    if (form?.accepts(given) === false) {
      this.report(name, form.requirement);
      return undefined;
    }
    return new Credential(name, () => given);
  }

  #wrong(variable: string, given: string, allowed: string): void {
    this.report(variable, `${quoted(given)} ${allowed}`);
  }
}

/** An address without user and password, and without a query, because the query may contain a token. */
function withoutCredentials(address: string): string {
  return address.replace(/[?#].*$/s, '').replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/is, '$1…@');
}
