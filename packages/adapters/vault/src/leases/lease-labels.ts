import { parseDuration, quoted } from '@vault-swarm/kernel';
import {
  isLosslessJsonObject,
  type Labels,
  type LeaseTerms,
  type LosslessJson,
  ProviderError,
  parseLosslessJson,
  stringifyLosslessJson,
} from '@vault-swarm/provider';

/** The names of the labels of secrets whose path issues credentials. */
export interface LeaseLabelNames {
  readonly lease: string;
  readonly params: string;
  readonly settle: string;
}

const MAX_SETTLE_MS = 5 * 60_000;

/**
 * Reads `vault_lease`, `vault_params` and `vault_settle`. Returns undefined if none is set.
 * @throws {ProviderError} `INVALID_REF`, with the label.
 */
export function leaseTerms(labels: Labels, names: LeaseLabelNames): LeaseTerms | undefined {
  const lease = labels[names.lease];
  if (lease === undefined) {
    const other = [names.params, names.settle].find((name) => labels[name] !== undefined);
    if (other === undefined) return undefined;
    throw invalid(`label "${other}" has a meaning only with "${names.lease}" = "service"; add that label`);
  }
  if (lease !== 'service') throw invalid(`label "${names.lease}" = ${quoted(lease)} must be service`);
  return {
    params: paramsOf(labels[names.params], names.params),
    settleMs: settleOf(labels[names.settle], names.settle),
  };
}

function paramsOf(given: string | undefined, name: string): string | null {
  if (given === undefined) return null;
  let params: LosslessJson | undefined;
  try {
    params = parseLosslessJson(given);
  } catch {
    // The reason quotes the text.
  }
  if (!isLosslessJsonObject(params)) {
    throw invalid(`label "${name}" = ${quoted(given)} must be a JSON object, such as {"common_name":"web.example"}`);
  }
  return stringifyLosslessJson(sorted(params));
}

/** The same with sorted keys, so that equal parameters are equal text. */
function sorted(value: LosslessJson): LosslessJson {
  if (Array.isArray(value)) return (value as readonly LosslessJson[]).map(sorted);
  if (!isLosslessJsonObject(value)) return value;
  const entries = Object.entries(value).sort(([a], [b]) => (a < b ? -1 : 1));
  return Object.fromEntries(entries.map(([name, part]) => [name, sorted(part)]));
}

function settleOf(given: string | undefined, name: string): number {
  if (given === undefined) return 0;
  const settleMs = parseDuration(given);
  if (settleMs === null || settleMs > MAX_SETTLE_MS) {
    throw invalid(`label "${name}" = ${quoted(given)} must be a duration such as 10s, at most 5m`);
  }
  return settleMs;
}

function invalid(reason: string): ProviderError {
  return new ProviderError('INVALID_REF', reason);
}
