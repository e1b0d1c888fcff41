import { quoted } from '@vault-swarm/kernel';

/** A service that wants to read secrets. */
export interface SecretConsumer {
  /** Its name; `undefined` if it is not known. */
  readonly service: string | undefined;
  /** The stack that its label names; `undefined` without such a label. */
  readonly stack: string | undefined;
}

/** The stack of a service, or why it has none. */
export type StackMembership =
  | { readonly kind: 'member'; readonly stack: string }
  | { readonly kind: 'none' }
  /** The label names a stack, but the service's name does not start with that name. */
  | { readonly kind: 'contradiction'; readonly message: string };

/**
 * The stack of a service. Its label and its name must agree, as they do after a deployment of a stack: the service `web`
 * of the stack `shop` is named `shop_web`.
 */
export function stackOf({ service, stack }: SecretConsumer): StackMembership {
  if (stack === undefined || stack === '') return { kind: 'none' };
  if (service?.startsWith(`${stack}_`) === true) return { kind: 'member', stack };
  const name =
    service === undefined ? 'it has no name' : `its name ${quoted(service)} does not start with ${quoted(`${stack}_`)}`;
  return { kind: 'contradiction', message: `its label names the stack ${quoted(stack)}, but ${name}` };
}
