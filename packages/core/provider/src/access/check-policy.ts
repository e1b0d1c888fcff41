import { displayNames, displayText } from '@vault-swarm/kernel';
import type { SecretRef } from '../secret-ref.ts';
import type { AccessPolicy, AccessRule } from './access-policy.ts';
import { grants, isFor } from './decide-access.ts';
import { canStartWith, covers } from './path-pattern.ts';
import { type SecretConsumer, stackOf } from './stack-membership.ts';

/** A rule without effect, and why. */
export interface IneffectiveRule {
  /** The number of the rule; the first is 1. */
  readonly rule: number;
  readonly reason: string;
}

/** The rules that have no effect in any cluster. */
export function unreachableRules(policy: AccessPolicy): readonly IneffectiveRule[] {
  return policy.rules.flatMap((rule, index) => {
    const reason = contradiction(rule) ?? unusableGrant(policy, rule) ?? repetition(policy, index);
    return reason === null ? [] : [{ rule: index + 1, reason }];
  });
}

/** The rules that have no effect in this cluster now. */
export function unusedRules(
  policy: AccessPolicy,
  uses: readonly { readonly consumer: SecretConsumer; readonly refs: readonly SecretRef[] }[],
): readonly IneffectiveRule[] {
  return policy.rules.flatMap((rule, index) => {
    const own = uses.filter(({ consumer }) => isFor(rule, consumer, stackOf(consumer)));
    if (own.length === 0) return [{ rule: index + 1, reason: 'is for no service that uses secrets of the plugin' }];
    const isUsed = rule.grant.size === 0 || own.some(({ refs }) => refs.some((ref) => grants(rule, ref)));
    return isUsed ? [] : [{ rule: index + 1, reason: 'grants no secret that its services use' }];
  });
}

/** The names of a stack's services start with the stack's. */
function contradiction({ stacks, services }: AccessRule): string | null {
  if (stacks === null || services === null) return null;
  const isPossible = stacks.some((stack) => services.some((pattern) => canStartWith(pattern, `${stack}_`)));
  if (isPossible) return null;
  return `is for no service: no service of the stacks ${displayNames(stacks)} has a name such as ${displayNames(services)}`;
}

function unusableGrant({ stacksOfProvider }: AccessPolicy, { stacks, grant }: AccessRule): string | null {
  for (const provider of grant.keys()) {
    const allowed = stacksOfProvider.get(provider);
    if (allowed === undefined || stacks === null || stacks.some((stack) => allowed.includes(stack))) continue;
    const name = displayText(provider);
    return `grants ${name} to the stacks ${displayNames(stacks)}, but ${name} is only for ${displayNames(allowed)}`;
  }
  return null;
}

function repetition({ rules }: AccessPolicy, index: number): string | null {
  const rule = rules[index];
  const other = rules.findIndex((wider, position) => {
    if (rule === undefined || position === index || !coversRule(wider, rule)) return false;
    // Of two equal rules, the second is without effect.
    return position < index || !coversRule(rule, wider);
  });
  return other < 0 ? null : `grants nothing that rule ${other + 1} does not grant to the same services`;
}

function coversRule(wide: AccessRule, narrow: AccessRule): boolean {
  const hasStacks = wide.stacks === null || narrow.stacks?.every((stack) => wide.stacks?.includes(stack)) === true;
  const hasServices = wide.services === null || (narrow.services !== null && coversAll(wide.services, narrow.services));
  const hasVersions = wide.versions === 'any' || narrow.versions === 'latest';
  const hasGrants = [...narrow.grant].every(([provider, paths]) => coversAll(wide.grant.get(provider) ?? [], paths));
  return hasStacks && hasServices && hasVersions && hasGrants;
}

function coversAll(wide: readonly string[], narrow: readonly string[]): boolean {
  return narrow.every((pattern) => wide.some((other) => covers(other, pattern)));
}
