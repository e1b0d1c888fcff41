import { displayMessage, displayText, formatDuration, parseDuration, quoted } from '@vault-swarm/kernel';
import type { ConfigurationWarning, WarningCode } from './configuration-warning.ts';
import { Credential } from './credential.ts';
import type { OwnFile } from './own-file.ts';
import { type ReadFile, UnusableFile, whyUnreadable } from './read-file.ts';
import type { TextForm } from './text-form.ts';

/** One thing that is wrong with the configuration, and what is allowed instead. Never a credential's value. */
export interface ConfigurationProblem {
  readonly variable: string;
  readonly message: string;
}

/** A credential of a file, and what names it, for messages: `VAULT_TOKEN_FILE`. */
export interface NamedCredential {
  readonly variable: string;
  readonly credential: Credential;
}

/** A directory whose files labels can name. It may contain no file of the plugin's own. */
export interface DeliveredDirectory {
  /** The variable that names it. */
  readonly variable: string;
  readonly path: string;
}

/**
 * Environment variables, read with their defaults and limits. What is wrong is collected in {@link problems}, and the
 * default is returned for it, so that one start reports everything that is wrong. An empty variable counts as not
 * given. Does no I/O but to read the files that `…_FILE` variables name.
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

  /** @param options `credentialsOnlyInFiles`: a credential that is given itself, and not as a file, is a problem. */
  constructor(
    variables: Readonly<Record<string, string | undefined>>,
    readFile: ReadFile,
    options: { readonly credentialsOnlyInFiles?: boolean } = {},
  ) {
    this.#variables = variables;
    this.#readFile = readFile;
    this.#credentialsOnlyInFiles = options.credentialsOnlyInFiles ?? false;
  }

  /** All that was found wrong so far, in the order of the reading. */
  get problems(): readonly ConfigurationProblem[] {
    return this.#problems;
  }

  /** All that was found dangerous or without effect so far, in the order of the reading. */
  get warnings(): readonly ConfigurationWarning[] {
    return this.#warnings;
  }

  /** The paths of ours that were named so far. */
  get ownFiles(): readonly OwnFile[] {
    return this.#ownFiles;
  }

  /** The names that were given and that nobody has asked for: they mean nothing. */
  get unread(): readonly string[] {
    return Object.keys(this.#variables).filter((name) => !this.#asked.has(name));
  }

  /** Notes a problem that needs more than one variable to be seen; once, where two readers of a variable see the same. */
  report(variable: string, problem: string): void {
    const message = displayMessage(problem);
    if (this.#problems.some((known) => known.variable === variable && known.message === message)) return;
    this.#problems.push({ variable, message });
  }

  /** Adds a warning; once, if two readers of a variable find the same. */
  warn(code: WarningCode, variable: string, message: string): void {
    const warning = { code, variable: displayText(variable), message: displayMessage(message) };
    const isSame = (known: ConfigurationWarning) =>
      known.variable === warning.variable && known.message === warning.message;
    if (!this.#warnings.some(isSame)) this.#warnings.push(warning);
  }

  /** The credentials that were read from files so far. */
  get credentials(): readonly NamedCredential[] {
    return this.#credentials;
  }

  /** Adds a credential of a file, under a name for messages. */
  addCredential(named: NamedCredential): void {
    this.#credentials.push(named);
  }

  /** Adds a path of ours. */
  addOwnFile(file: OwnFile): void {
    this.#ownFiles.push(file);
  }

  /** The directories that were added so far. */
  get deliveredDirectories(): readonly DeliveredDirectory[] {
    return this.#deliveredDirectories;
  }

  /** Adds a directory whose files labels can name; the plugin refuses one that contains its own files. */
  addDeliveredDirectory(directory: DeliveredDirectory): void {
    this.#deliveredDirectories.push(directory);
  }

  /** Warns of a variable that other programs read and the plugin does not, where it is given. It still counts as unread. */
  warnUnread(name: string, advice: string): void {
    if ((this.#variables[name] ?? '') !== '') this.warn('setting-unread', name, `is not read by the plugin; ${advice}`);
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

  /** A text of a form; reports one that has another. */
  formedText(name: string, form: TextForm): string | undefined {
    const given = this.optional(name);
    if (given !== undefined && !form.accepts(given)) this.#wrong(name, given, form.requirement);
    return given;
  }

  /**
   * A credential, from the variable itself or from the file that `NAME_FILE` names (less one newline at its end).
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
    if (path === undefined) return undefined;
    this.addOwnFile({ variable: fileVariable, path, kind: 'credential' });
    const credential = new Credential(fileVariable, () => this.#readFile(path).replace(/\r?\n$/, ''), form);
    const problem = credential.check();
    if (problem !== null) {
      this.#wrong(fileVariable, path, `names a file that ${problem}`);
      return undefined;
    }
    this.addCredential({ variable: fileVariable, credential });
    return credential;
  }

  /**
   * The path of a file of ours that is read elsewhere, as by an SDK. One that is not there may come later; what is no
   * regular file is reported.
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

  /** What the file has that the variable names, read now; reports one that can't be read. */
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

/** An address without its user and password, and without a query, which may have a token in it. */
function withoutCredentials(address: string): string {
  return address.replace(/[?#].*$/s, '').replace(/^([a-z][a-z0-9+.-]*:\/\/)?.*@/is, '$1…@');
}
