import { displayNames, displayText } from '@vault-swarm/kernel';
import { canonicalPath, type SecretRef } from '../secret-ref.ts';
import type { AccessPolicy, AccessRule } from './access-policy.ts';
import { matches } from './path-pattern.ts';
import { type SecretConsumer, type StackMembership, stackOf } from './stack-membership.ts';

/** Whether a service may read a ref. */
export type AccessDecision =
  /** `rule` is the index of the first rule that grants it; `null` if the default does. */
  | { readonly kind: 'granted'; readonly rule: number | null }
  /** `reason` follows "it may not read the secret": what is granted, and by which rule. Never a value. */
  | { readonly kind: 'denied'; readonly reason: string };

/**
 * Decides whether a service may read a ref. A pure function.
 *
 * 1. A provider that names stacks is only for services of these stacks.
 * 2. A rule is for a service if its stacks and its services are. The service may read what any of its rules grants, and
 *    nothing else.
 * 3. The default decides about services that no rule is for. A service whose label and name contradict each other about
 *    its stack is never allowed by the default, if a rule is for a stack.
 */
export function decideAccess(policy: AccessPolicy, consumer: SecretConsumer, ref: SecretRef): AccessDecision {
  const membership = stackOf(consumer);
  const stacks = policy.stacksOfProvider.get(ref.provider);
  if (stacks !== undefined && !isMember(membership, stacks)) {
    const provider = displayText(ref.provider);
    return denied(`the provider ${provider} is only for the stacks ${displayNames(stacks)}`, membership);
  }
  const rules = [...policy.rules.entries()].filter(([, rule]) => isFor(rule, consumer, membership));
  const granting = rules.filter(([, rule]) => grants(rule, ref));
  const first = granting.find(([, rule]) => rule.versions === 'any' || ref.pin === undefined);
  if (first !== undefined) return { kind: 'granted', rule: first[0] };
  const [unpinned] = granting;
  if (unpinned !== undefined) {
    return denied(`rule ${unpinned[0] + 1} grants it without a pinned version; remove the version from its labels`);
  }
  if (rules.length > 0) return denied(rules.map(describeGrants).join('; '));
  const isDoubtful = membership.kind === 'contradiction' && policy.rules.some((rule) => rule.stacks !== null);
  if (policy.default === 'allow' && !isDoubtful) return { kind: 'granted', rule: null };
  return denied(
    policy.default === 'allow' ? 'no rule is for it' : 'no rule is for it, and the default is deny',
    membership,
  );
}

/** The contradiction explains why a service is in no stack. */
function denied(reason: string, membership?: StackMembership): AccessDecision {
  const doubt = membership?.kind === 'contradiction' ? `; ${membership.message}` : '';
  return { kind: 'denied', reason: `${reason}${doubt}` };
}

/** Whether a rule is for a service. */
export function isFor(
  { stacks, services }: AccessRule,
  { service }: SecretConsumer,
  membership: StackMembership,
): boolean {
  if (stacks !== null && !isMember(membership, stacks)) return false;
  return services === null || (service !== undefined && services.some((pattern) => matches(pattern, service)));
}

/** Whether a rule grants a path, in any version. */
export function grants({ grant }: AccessRule, ref: SecretRef): boolean {
  const path = canonicalPath(ref);
  return (grant.get(ref.provider) ?? []).some((pattern) => matches(pattern, path));
}

function isMember(membership: StackMembership, stacks: readonly string[]): boolean {
  return membership.kind === 'member' && stacks.includes(membership.stack);
}

/** `rule 2 grants vault secret/shop/**`. */
function describeGrants([index, { grant }]: [number, AccessRule]): string {
  const granted = [...grant].map(([provider, paths]) => `${displayText(provider)} ${displayNames(paths)}`);
  return `rule ${index + 1} grants ${granted.length === 0 ? 'nothing' : granted.join(' and ')}`;
}
