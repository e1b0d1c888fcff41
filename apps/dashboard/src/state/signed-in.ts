import { signal } from '@preact/signals';

const KEY = 'vault-swarm.signed-in';

/**
 * Whether this browser has signed in. The session's cookie is out of a script's reach; this only decides whether the
 * button that signs out is of use.
 */
export const signedIn = signal(localStorage.getItem(KEY) === 'yes');

/** The session has started, or ended. */
export function rememberSignedIn(isSignedIn: boolean): void {
  signedIn.value = isSignedIn;
  if (isSignedIn) localStorage.setItem(KEY, 'yes');
  else localStorage.removeItem(KEY);
}
