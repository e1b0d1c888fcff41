import { randomBytes } from 'node:crypto';
import type { FakeReply } from '../fake-server.ts';

/** The attributes of a version that a caller sets. Times are whole seconds since 1970. */
export interface AzureAttributes {
  readonly enabled?: boolean;
  readonly nbf?: number;
  readonly exp?: number;
}

interface Version {
  readonly id: string;
  readonly value: string;
  attributes: AzureAttributes & { readonly enabled: boolean; readonly created: number; readonly updated: number };
}

const MAX_PAGE = 25;
const MAX_VALUE_BYTES = 25_600;
const RECOVERY = { recoveryLevel: 'Recoverable+Purgeable', recoverableDays: 90 };

/** An error response of Key Vault. */
export function azureError(status: number, code: string, message: string, inner?: string): FakeReply {
  const innererror = inner === undefined ? {} : { innererror: { code: inner } };
  return { status, body: { error: { code, message, ...innererror } } };
}

/** The secrets of one key vault, after the documentation of its REST API. The last version written is the current one. */
export class FakeKeyVault {
  readonly #secrets = new Map<string, Version[]>();
  readonly #deleted = new Map<string, Version[]>();
  #frozenSeconds: number | undefined;

  /** Creates the secret, or a new version of it. Returns the version's id. */
  write(name: string, value: string, attributes: AzureAttributes = {}): string {
    if (Buffer.byteLength(value) > MAX_VALUE_BYTES) throw new Error('the value is longer than Azure accepts');
    const id = randomBytes(16).toString('hex');
    const seconds = this.#nowSeconds();
    const version = { id, value, attributes: { enabled: true, ...attributes, created: seconds, updated: seconds } };
    this.#secrets.set(name, [...(this.#secrets.get(name) ?? []), version]);
    return id;
  }

  /** Changes the attributes of the current version. */
  change(name: string, attributes: AzureAttributes): void {
    const version = this.#secrets.get(name)?.at(-1);
    if (version === undefined) throw new Error(`there is no secret ${name}`);
    version.attributes = { ...version.attributes, ...attributes, updated: this.#nowSeconds() };
  }

  /** Deletes a secret. It can be recovered unless it is purged. */
  delete(name: string, { purge = false }: { readonly purge?: boolean } = {}): void {
    const versions = this.#secrets.get(name);
    this.#secrets.delete(name);
    if (versions !== undefined && !purge) this.#deleted.set(name, versions);
  }

  /** Recovers a deleted secret. */
  recover(name: string): void {
    const versions = this.#deleted.get(name);
    this.#deleted.delete(name);
    if (versions !== undefined) this.#secrets.set(name, versions);
  }

  /** The id of the current version. */
  current(name: string): string {
    return this.#secrets.get(name)?.at(-1)?.id ?? '';
  }

  /** Writes get this time from now on, so that several are in one second. */
  freezeTime(seconds: number | undefined): void {
    this.#frozenSeconds = seconds;
  }

  /** The response to a GET of a path such as `/secrets/NAME`. */
  get(url: URL): FakeReply {
    const [kind = '', name, version] = url.pathname.split('/').filter((part) => part !== '');
    if (kind === 'secrets' && name === undefined) return this.#list(url);
    if (kind === 'secrets' && name !== undefined) return this.#read(url, name, version);
    if (kind === 'deletedsecrets' && name !== undefined) return this.#readDeleted(url, name);
    return azureError(404, 'NotFound', url.pathname);
  }

  #read(url: URL, name: string, id: string | undefined): FakeReply {
    const versions = this.#secrets.get(name) ?? [];
    const version = id === undefined ? versions.at(-1) : versions.find((candidate) => candidate.id === id);
    if (version === undefined) {
      const message = `A secret with (name/id) ${name}${id === undefined ? '' : `/${id}`} was not found in this key vault.`;
      return azureError(404, 'SecretNotFound', message);
    }
    if (!version.attributes.enabled) {
      return azureError(403, 'Forbidden', 'Operation get is not allowed on a disabled secret.', 'SecretDisabled');
    }
    const { value, attributes } = version;
    const body = {
      value,
      id: `${url.origin}/secrets/${name}/${version.id}`,
      attributes: { ...attributes, ...RECOVERY },
    };
    return { status: 200, body };
  }

  #readDeleted(url: URL, name: string): FakeReply {
    const version = this.#deleted.get(name)?.at(-1);
    if (version === undefined) return azureError(404, 'SecretNotFound', `Deleted Secret not found: ${name}`);
    const id = `${url.origin}/secrets/${name}/${version.id}`;
    return {
      status: 200,
      body: { id, recoveryId: `${url.origin}/deletedsecrets/${name}`, attributes: version.attributes },
    };
  }

  #list(url: URL): FakeReply {
    const from = Number(url.searchParams.get('$skiptoken') ?? 0);
    const size = Math.min(Number(url.searchParams.get('maxresults') ?? MAX_PAGE), MAX_PAGE);
    const names = [...this.#secrets.keys()];
    const value = names.slice(from, from + size).map((name) => ({
      id: `${url.origin}/secrets/${name}`,
      attributes: { ...this.#secrets.get(name)?.at(-1)?.attributes, ...RECOVERY },
    }));
    const next = new URL(url);
    next.searchParams.set('$skiptoken', String(from + size));
    return { status: 200, body: { value, nextLink: from + size < names.length ? next.href : null } };
  }

  #nowSeconds(): number {
    return this.#frozenSeconds ?? Math.floor(Date.now() / 1000);
  }
}
