import { signal } from '@preact/signals';

const KEY = 'vault-swarm.signed-in';

/**
 * Whether this browser has signed in. Scripts can't read the session's cookie; this decides only whether the sign-out
 * button is shown.
 */
export const signedIn = signal(localStorage.getItem(KEY) === 'yes');

/** Call it when the session starts or ends. */
export function rememberSignedIn(isSignedIn: boolean): void {
  signedIn.value = isSignedIn;
  if (isSignedIn) localStorage.setItem(KEY, 'yes');
  else localStorage.removeItem(KEY);
}
