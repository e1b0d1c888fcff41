import type { FakeReply } from '../fake-server.ts';

type State = 'ENABLED' | 'DISABLED' | 'DESTROYED';

interface Version {
  readonly number: number;
  readonly createTime: string;
  readonly data: Buffer;
  state: State;
}

interface Secret {
  readonly versions: Version[];
  readonly aliases: Map<string, number>;
}

const MAX_BYTES = 65_536;

/** An error response of Google. `reason` is that of its `ErrorInfo`. */
export function googleError(status: number, code: string, message: string, reason?: string): FakeReply {
  const details = reason === undefined ? [] : [{ '@type': 'type.googleapis.com/google.rpc.ErrorInfo', reason }];
  return { status, body: { error: { code: status, message, status: code, details } } };
}

/** The secrets of all projects, by full name, after the documentation of Secret Manager's REST API. */
export class FakeSecretManager {
  readonly #secrets = new Map<string, Secret>();
  #nanos = 0;
  #isDamaging = false;

  /** Creates the secret, or adds a version to it. Returns the version's number. */
  write(name: string, data: string | Uint8Array): number {
    const bytes = Buffer.from(data);
    if (bytes.length > MAX_BYTES) throw new Error('the payload is larger than Google accepts');
    const secret: Secret = this.#secrets.get(name) ?? { versions: [], aliases: new Map() };
    this.#secrets.set(name, secret);
    const number = secret.versions.length + 1;
    secret.versions.push({ number, createTime: this.#now(), data: bytes, state: 'ENABLED' });
    return number;
  }

  delete(name: string): void {
    this.#secrets.delete(name);
  }

  /** Enables, disables or destroys a version. */
  change(name: string, number: number, state: State): void {
    const version = this.#secrets.get(name)?.versions[number - 1];
    if (version === undefined) throw new Error(`there is no version ${number} of ${name}`);
    version.state = state;
  }

  /** Sends damaged values with the checksums of the right ones, or no longer. */
  damage(isDamaging: boolean): void {
    this.#isDamaging = isDamaging;
  }

  /** Gives a version another name, which can be moved. */
  alias(name: string, alias: string, number: number): void {
    this.#secrets.get(name)?.aliases.set(alias, number);
  }

  /** The number of the latest version. */
  latest(name: string): number {
    return this.#secrets.get(name)?.versions.length ?? 0;
  }

  /** The response to a GET of a path below `/v1/`: `…/versions/V`, `…/versions/V:access`, or `…/versions`. */
  get(path: string, query: URLSearchParams): FakeReply {
    const [, name = '', id, access] = /^(.+\/secrets\/[^/]+)\/versions(?:\/([^/:]+)(:access)?)?$/.exec(path) ?? [];
    const secret = this.#secrets.get(name);
    if (secret === undefined) {
      return googleError(404, 'NOT_FOUND', `Secret [${name}] not found or has no versions.`);
    }
    if (id === undefined) return this.#list(name, secret, query);
    const number = id === 'latest' ? secret.versions.length : /^\d+$/.test(id) ? Number(id) : secret.aliases.get(id);
    const version = secret.versions[(number ?? 0) - 1];
    if (version === undefined) return googleError(404, 'NOT_FOUND', `Secret Version [${path}] not found.`);
    if (access === undefined) return { status: 200, body: described(name, version) };
    if (version.state !== 'ENABLED') {
      const message = `Secret Version [${path}] is in ${version.state} state.`;
      return googleError(400, 'FAILED_PRECONDITION', message);
    }
    const data = this.#isDamaging ? Buffer.from(version.data).reverse() : version.data;
    const payload = { data: data.toString('base64'), dataCrc32c: String(crc32c(version.data)) };
    return { status: 200, body: { name: `${numbered(name)}/versions/${version.number}`, payload } };
  }

  #list(name: string, { versions }: Secret, query: URLSearchParams): FakeReply {
    const state = /^state:(\w+)$/.exec(query.get('filter') ?? '')?.[1];
    const found = versions.filter((version) => state === undefined || version.state === state).reverse();
    const size = Number(query.get('pageSize') ?? 100);
    const listed = found.slice(0, size).map((version) => described(name, version));
    return { status: 200, body: { ...(listed.length === 0 ? {} : { versions: listed }), totalSize: found.length } };
  }

  /** Each version has another time, as with Google's nanoseconds. */
  #now(): string {
    this.#nanos = (this.#nanos + 1) % 1_000_000;
    return new Date().toISOString().replace('Z', `${String(this.#nanos).padStart(6, '0')}Z`);
  }
}

function described(name: string, { number, createTime, state }: Version): object {
  return { name: `${numbered(name)}/versions/${number}`, createTime, state, etag: `"${number}"` };
}

/** Google answers with the number of a project. */
function numbered(name: string): string {
  return name.replace(/^projects\/[^/]+/, 'projects/123456789012');
}

function crc32c(bytes: Uint8Array): number {
  let remainder = 0xffffffff;
  for (const byte of bytes) {
    remainder ^= byte;
    for (let bit = 0; bit < 8; bit++) remainder = (remainder >>> 1) ^ ((remainder & 1) === 1 ? 0x82f63b78 : 0);
  }
  return ~remainder >>> 0;
}
