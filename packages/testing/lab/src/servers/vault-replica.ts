/** The target of a request to KV v2. */
export interface KvLocation {
  readonly kind: 'data' | 'subkeys' | 'metadata';
  readonly mount: string;
  readonly path: string;
  /** The requested version; `undefined` for the current one. */
  readonly version: number | undefined;
  /** The URL of the same request for a given version. */
  at(version: number): string;
}

/** Parses the URL of a read of KV v2; `null` for any other URL. Supports only mounts of one segment. */
export function kvLocationOf(url: string): KvLocation | null {
  const { pathname, searchParams } = new URL(url, 'http://vault');
  const [, mount, kind, path] = /^\/v1\/([^/]+)\/(data|subkeys|metadata)\/(.+)$/.exec(pathname) ?? [];
  if (mount === undefined || path === undefined) return null;
  const version = searchParams.get('version');
  return {
    kind: kind as KvLocation['kind'],
    mount,
    path,
    version: version === null || version === '0' ? undefined : Number(version),
    at: (requested) => {
      searchParams.set('version', String(requested));
      return `${pathname}?${searchParams}`;
    },
  };
}

interface Metadata {
  readonly data?: {
    readonly current_version: number;
    readonly versions: Readonly<Record<string, { readonly created_time: string }>>;
  };
}

/** The newest version at a time, from a metadata response; `null` if there was none. */
export function versionAt(body: Buffer, atMs: number): number | null {
  const { data }: Metadata = JSON.parse(body.toString());
  const made = Object.entries(data?.versions ?? {}).filter(([, { created_time: time }]) => Date.parse(time) <= atMs);
  return made.length === 0 ? null : Math.max(...made.map(([number]) => Number(number)));
}

/** The metadata at the time when that version was the newest. */
export function metadataAt(body: Buffer, version: number): Buffer {
  const answer: Metadata = JSON.parse(body.toString());
  const versions = Object.entries(answer.data?.versions ?? {}).filter(([number]) => Number(number) <= version);
  const data = { ...answer.data, current_version: version, versions: Object.fromEntries(versions) };
  return Buffer.from(JSON.stringify({ ...answer, data }));
}
