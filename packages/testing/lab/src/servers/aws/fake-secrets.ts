import { randomBytes, randomUUID } from 'node:crypto';
import { FakeAwsError } from './fake-error.ts';

/** A value as AWS stores it: text, or bytes as base64. */
export interface FakeValue {
  readonly SecretString?: string | undefined;
  readonly SecretBinary?: string | undefined;
}

interface Version extends FakeValue {
  readonly id: string;
  readonly stages: Set<string>;
  readonly createdSeconds: number;
}

/** One secret with its versions. Times are seconds since 1970 with fractions, as in AWS. */
export interface FakeSecret {
  readonly name: string;
  readonly arn: string;
  readonly createdSeconds: number;
  readonly versions: Version[];
  changedSeconds: number;
  accessedSeconds: number | undefined;
  deletedSeconds: number | undefined;
}

const CURRENT = 'AWSCURRENT';
const PREVIOUS = 'AWSPREVIOUS';
const MAX_BYTES = 65_536;
const DAY_SECONDS = 86_400;

/**
 * The secrets of one account in one region, after AWS's documentation: staging labels move with each new version, and versions
 * without a label can still be read by id.
 */
export class FakeSecrets {
  readonly region: string;
  readonly #secrets = new Map<string, FakeSecret>();

  constructor(region: string) {
    this.region = region;
  }

  /** All secrets by creation time, without those that are marked for deletion. */
  all(): readonly FakeSecret[] {
    return [...this.#secrets.values()].filter(({ deletedSeconds }) => deletedSeconds === undefined);
  }

  /** Finds a secret by name, ARN, or ARN without its last six characters. */
  find(id: string): FakeSecret {
    const found = [...this.#secrets.values()].find(
      ({ name, arn }) => name === id || arn === id || arn.slice(0, -7) === id,
    );
    if (found === undefined) {
      throw new FakeAwsError('ResourceNotFoundException', "Secrets Manager can't find the specified secret.");
    }
    return found;
  }

  /** Creates the secret, or a new current version of it. Returns the version's id. */
  write(name: string, value: FakeValue, versionId: string = randomUUID()): string {
    const known = this.#secrets.get(name);
    const secret = known ?? this.#create(name);
    this.put(secret, value, versionId, [CURRENT]);
    this.#secrets.set(name, secret);
    return versionId;
  }

  /** Adds a version and moves these labels to it. */
  put(secret: FakeSecret, value: FakeValue, versionId: string, stages: readonly string[]): void {
    const { SecretString: text = '', SecretBinary: bytes = '' } = value;
    if (Math.max(Buffer.byteLength(text), Buffer.from(bytes, 'base64').length) > MAX_BYTES) {
      throw new FakeAwsError('ValidationException', 'Member must have length less than or equal to 65536');
    }
    if (secret.versions.some(({ id }) => id === versionId)) {
      throw new FakeAwsError('ResourceExistsException', 'that value is already in use for a version of the secret');
    }
    const version: Version = { ...value, id: versionId, stages: new Set(), createdSeconds: nowSeconds() };
    secret.versions.push(version);
    for (const stage of stages) this.moveStage(secret, stage, versionId);
  }

  /** Moves a label; with `AWSCURRENT`, `AWSPREVIOUS` goes to the version that had it. */
  moveStage(secret: FakeSecret, stage: string, versionId: string): void {
    const to = secret.versions.find(({ id }) => id === versionId);
    if (to === undefined) throw new FakeAwsError('ResourceNotFoundException', "can't find VersionId");
    const from = holder(secret, stage);
    from?.stages.delete(stage);
    to.stages.add(stage);
    if (stage === CURRENT && from !== undefined && from !== to) {
      holder(secret, PREVIOUS)?.stages.delete(PREVIOUS);
      from.stages.add(PREVIOUS);
      to.stages.delete(PREVIOUS);
    }
    secret.changedSeconds = nowSeconds();
  }

  /** Deletes a secret at once, or only marks it for deletion. */
  delete(name: string, { force = true }: { readonly force?: boolean } = {}): void {
    const secret = this.find(name);
    if (force) this.#secrets.delete(secret.name);
    else secret.deletedSeconds = nowSeconds() + 30 * DAY_SECONDS;
  }

  restore(name: string): void {
    this.find(name).deletedSeconds = undefined;
  }

  /** The requested version: by id, else by label, else the current one. */
  version(
    id: string,
    versionId: string | undefined,
    stage: string | undefined,
  ): { secret: FakeSecret; version: Version } {
    const secret = this.find(id);
    if (secret.deletedSeconds !== undefined) {
      throw new FakeAwsError(
        'InvalidRequestException',
        "You can't perform this operation on the secret because it was marked for deletion.",
      );
    }
    const label = stage ?? CURRENT;
    const version =
      versionId === undefined ? holder(secret, label) : secret.versions.find(({ id: own }) => own === versionId);
    if (version === undefined) {
      const what = versionId === undefined ? `staging label: ${label}` : `VersionId: ${versionId}`;
      throw new FakeAwsError(
        'ResourceNotFoundException',
        `Secrets Manager can't find the specified secret value for ${what}`,
      );
    }
    // AWS stores only the day.
    secret.accessedSeconds = Math.floor(nowSeconds() / DAY_SECONDS) * DAY_SECONDS;
    return { secret, version };
  }

  #create(name: string): FakeSecret {
    const suffix = randomBytes(16).toString('base64').replace(/[+/=]/g, '').slice(0, 6);
    const arn = `arn:aws:secretsmanager:${this.region}:123456789012:secret:${name}-${suffix}`;
    const createdSeconds = nowSeconds();
    return {
      ...{ name, arn, createdSeconds, versions: [], changedSeconds: createdSeconds },
      accessedSeconds: undefined,
      deletedSeconds: undefined,
    };
  }
}

/** The labels of each version that has any. */
export function stagesByVersion({ versions }: FakeSecret): Readonly<Record<string, readonly string[]>> {
  return Object.fromEntries(
    versions.filter(({ stages }) => stages.size > 0).map(({ id, stages }) => [id, [...stages]]),
  );
}

function holder({ versions }: FakeSecret, stage: string): Version | undefined {
  return versions.find(({ stages }) => stages.has(stage));
}

function nowSeconds(): number {
  return Date.now() / 1000;
}
