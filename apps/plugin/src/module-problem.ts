import type { ProviderModule } from '@vault-swarm/provider';

/** Prefixes of labels that belong to all kinds, such as `secret_reuse`. */
const SHARED_PREFIXES = ['provider', 'rotate', 'encoding', 'secret', 'kms'];

/**
 * Returns why a plugin can't be made of these kinds of provider; `null` if it can. A problem is a mistake of the
 * program, not of an operator.
 */
export function moduleProblem(modules: readonly ProviderModule[]): string | null {
  if (modules.length === 0) return 'there is no kind of provider; pass at least one module to runPlugin';
  for (const [index, module] of modules.entries()) {
    const { kind } = module;
    if (!/^[a-z][a-z0-9]*$/.test(kind)) return `the kind of provider "${kind}" must have only a–z and 0–9`;
    if (SHARED_PREFIXES.includes(kind))
      return `a kind of provider can't be named ${kind}, because labels of all kinds start with it`;
    if (modules.findIndex((other) => other.kind === kind) < index) return `two kinds of provider are named ${kind}`;
    const label = module.labels().names.find((name) => !name.startsWith(`${kind}_`));
    if (label !== undefined) return `the label ${label} of the kind ${kind} must start with ${kind}_`;
    const { settings, credentials } = module.variables;
    if (module.nestedSettings !== undefined && settings.length + credentials.length > 0)
      return `the kind ${kind} has nested settings, so it can't have variables`;
    const variable = [...settings, ...credentials].find((name) => !/^[A-Z][A-Z0-9_]*$/.test(name));
    if (variable !== undefined) return `the variable ${variable} of the kind ${kind} must have only A–Z, 0–9 and _`;
  }
  return null;
}
